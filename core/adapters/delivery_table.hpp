// The deliveries that an instance has been given: each ends exactly once, with the adapter's answer
// or with what is proven when none comes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include <patchbay/adapter.h>

#include "adapters/http_extension.hpp"
#include "adapters/outbound_image.hpp"
#include "base/executor.hpp"
#include "base/unique_function.hpp"
#include "delivery/channel_port.hpp"

namespace patchbay::adapters {

// [core thread]
class DeliveryTable final : public DeliveryEvidence {
 public:
  using Done = base::UniqueFunction<void(delivery::AttemptOutcome)>;

  // overdue: the deadline of an operation has come; ask the adapter to stop, and cancel its
  // requests. sends: how often the instance has sent anything on a listener, a WebSocket or a
  // stream, which may carry a delivery.
  DeliveryTable(base::Loop& loop, const std::string& instance,
                base::UniqueFunction<void(pbay_op)> overdue,
                base::UniqueFunction<std::uint64_t()> sends,
                base::UniqueFunction<bool()> network_is_ours);
  ~DeliveryTable() override;
  DeliveryTable(const DeliveryTable&) = delete;
  DeliveryTable& operator=(const DeliveryTable&) = delete;

  // The image is shared with the call that is posted to the adapter.
  void add(pbay_op op, std::shared_ptr<const OutboundImage> image, base::MonotonicTime deadline,
           Done done);

  enum class Completed { kTaken, kTooLate, kForeign };
  Completed complete(pbay_op op, delivery::AttemptOutcome outcome);

  // The delivery under way, or also one whose outcome was given already; null for others.
  [[nodiscard]] const delivery::DeliveryRequest* request(pbay_op op) const;
  [[nodiscard]] bool is_under_way(pbay_op op) const;
  // The part of a delivery under way that is to be reported next.
  [[nodiscard]] std::uint32_t next_part(pbay_op op) const { return entries_.at(op).next_part; }
  // Part `part` is the next one (again). Nothing for a delivery that has ended.
  void expect_part(pbay_op op, std::uint32_t part);
  // Whether any waits for its outcome.
  [[nodiscard]] bool is_any_under_way() const;

  // The adapter will not answer any more: every delivery ends with what is proven.
  void end_all(const std::string& why);

  // DeliveryEvidence
  bool request_begins(pbay_op delivery_op) override;
  void request_ended(pbay_op delivery_op, net::SentState sent) override;
  void untagged_request() override { ++untagged_requests_; }

  [[nodiscard]] std::uint64_t delivered() const { return delivered_; }
  [[nodiscard]] std::uint64_t failed() const { return failed_; }
  [[nodiscard]] std::uint64_t unknown() const { return unknown_; }

 private:
  struct Entry {
    std::shared_ptr<const OutboundImage> image;
    Done done;  // empty: the outcome was given, the adapter's answer is still to come
    base::TimerId timer = 0;
    std::size_t requests_under_way = 0;
    bool left = false;  // something of it may have reached the platform
    std::uint32_t next_part = 0;
    std::uint64_t untagged_before = 0;
    std::uint64_t sends_before = 0;
    std::string over;  // not empty: why it ends without an answer, as soon as no request runs
  };
  void forget_oldest_late();
  void end_without_answer(Entry& entry, const std::string& why);
  void end_if_quiet(Entry& entry);
  void give(Entry& entry, delivery::AttemptOutcome outcome);

  base::Loop& loop_;
  std::string instance_;
  base::UniqueFunction<void(pbay_op)> overdue_;
  base::UniqueFunction<std::uint64_t()> sends_;
  base::UniqueFunction<bool()> network_is_ours_;
  std::map<pbay_op, Entry> entries_;
  std::uint64_t untagged_requests_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t unknown_ = 0;
};

}  // namespace patchbay::adapters
