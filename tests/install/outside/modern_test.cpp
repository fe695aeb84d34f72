#include <gtest/gtest.h>

#include <patchbay/testkit/fake_host.hpp>

TEST(Modern, Sends) {
  patchbay::testkit::FakeHost host(&patchbay_adapter_v1, "{}");
  host.http().expect("POST", "https://a.example.org/send").answer(200, "m1");
  host.start();
  patchbay::sdk::Delivery delivery;
  delivery.chat = patchbay::sdk::Chat(patchbay::sdk::ChatKind::kDirect, "7");
  const pbay_op op = host.deliver(delivery);
  ASSERT_NE(host.result(op), nullptr);
  EXPECT_TRUE(host.result(op)->ok());
}
