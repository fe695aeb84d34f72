// A delivery as the ABI has it, with all that it points to.
#pragma once

#include <cstdint>
#include <vector>

#include <patchbay/adapter.h>

#include "base/unique_fd.hpp"
#include "delivery/channel_port.hpp"

namespace patchbay::adapters {

class OutboundImage {
 public:
  // deadline_ms: monotonic. The files' descriptors are duplicated: an adapter that is late with its
  // completion must not read whatever the number stands for by then.
  OutboundImage(delivery::DeliveryRequest request, std::int64_t deadline_ms);
  OutboundImage(const OutboundImage&) = delete;
  OutboundImage& operator=(const OutboundImage&) = delete;

  // Valid as long as this object; the descriptors too.
  [[nodiscard]] const pbay_delivery& abi() const { return delivery_; }
  [[nodiscard]] const delivery::DeliveryRequest& request() const { return request_; }

 private:
  void fill_files();
  void fill_options();
  void fill_parts();
  void fill_target();

  delivery::DeliveryRequest request_;
  std::vector<base::UniqueFd> descriptors_;
  std::vector<pbay_outbound_file> files_;
  std::vector<pbay_option> options_;
  std::vector<pbay_str> remote_ids_;
  std::vector<pbay_str> target_ids_;
  pbay_chat chat_{};
  pbay_delivery delivery_{};
};

[[nodiscard]] delivery::AttemptOutcome outcome_of(const pbay_result& result);

}  // namespace patchbay::adapters
