#include "adapters/outbound_image.hpp"

#include <gtest/gtest.h>
#include <utility>

#include "adapters/abi_text.hpp"

namespace patchbay::adapters {
namespace {

TEST(OutboundImage, NamesAllPartsOfTheTargetTheFirstOneTwice) {
  delivery::DeliveryRequest request;
  request.operation = delivery::Operation::kEdit;
  request.target_ids = {"m1", "m2"};
  const OutboundImage image(std::move(request), 0);
  const pbay_delivery& abi = image.abi();
  EXPECT_EQ(view(abi.target_id), "m1");
  ASSERT_EQ(abi.target_id_count, 2U);
  EXPECT_EQ(view(*element(abi.target_ids, abi.target_id_stride, 0)), "m1");
  EXPECT_EQ(view(*element(abi.target_ids, abi.target_id_stride, 1)), "m2");
}

TEST(OutboundImage, AMessageHasNoTarget) {
  const OutboundImage image(delivery::DeliveryRequest{}, 0);
  EXPECT_EQ(view(image.abi().target_id), "");
  EXPECT_EQ(image.abi().target_id_count, 0U);
}

}  // namespace
}  // namespace patchbay::adapters
