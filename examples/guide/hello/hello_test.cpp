#include <gtest/gtest.h>

#include <patchbay/testkit/fake_host.hpp>

TEST(Hello, SaysWhatItIsTold) {
  patchbay::testkit::FakeHost host(&patchbay_adapter_v1, "{}");
  host.start();
  patchbay::sdk::Delivery delivery;
  delivery.chat = patchbay::sdk::Chat(patchbay::sdk::ChatKind::kDirect, "ada");
  delivery.text = "hello";
  const pbay_op op = host.deliver(delivery);
  EXPECT_TRUE(host.result(op)->ok());
  EXPECT_EQ(host.log().back().text, "to ada: hello");
}
