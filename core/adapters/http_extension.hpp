// "patchbay.http/1": requests on the host's client, to the hosts that the instance may contact.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include <patchbay/adapter.h>

#include "adapters/completion.hpp"
#include "adapters/extension_owner.hpp"
#include "adapters/host_rules.hpp"
#include "adapters/staging_writer.hpp"
#include "base/status.hpp"
#include "base/unique_fd.hpp"
#include "net/http_client.hpp"

namespace patchbay::adapters {

// A pbay_http_request as values, its descriptors duplicated: they stay open whatever the adapter
// does with its own.
struct HttpRequestCopy {
  base::Status problem;
  net::HttpRequest request;
  std::vector<base::UniqueFd> descriptors;
  pbay_op delivery_op = 0;
  std::uint64_t response_staging = 0;
};

// Of a request that was refused: no byte of it left.
[[nodiscard]] Completion http_refusal(const base::Status& why);

// What deliveries learn about requests made for them. [core thread]
class DeliveryEvidence {
 public:
  virtual ~DeliveryEvidence() = default;
  // False: the delivery is over, nothing may leave for it.
  [[nodiscard]] virtual bool request_begins(pbay_op delivery_op) = 0;
  virtual void request_ended(pbay_op delivery_op, net::SentState sent) = 0;
  // A request that names no delivery, and may have been made for any.
  virtual void untagged_request() = 0;
};

// At most limits::kHttpRequestsPerInstance are at work; further ones wait their turn, within their
// time, so that one instance cannot take the connections of all. [core thread]
class HttpExtension {
 public:
  HttpExtension(ExtensionOwner& owner, DeliveryEvidence& evidence,
                std::shared_ptr<const HostRules> rules);

  void request(pbay_op op, HttpRequestCopy copy);
  void cancel(pbay_op op);
  // Cancels what runs for a delivery; its verdicts come to the evidence.
  void cancel_for(pbay_op delivery_op);
  // Cancels everything; no completions are given.
  void shut_down();
  // A piece of what `op` brings into staging was written, or could not be.
  void written(pbay_op op);

  [[nodiscard]] std::uint64_t requests() const { return requests_; }

 private:
  struct Running {
    net::HttpClient::Operation operation = 0;  // 0: it waits, or waited and never got its turn
    std::optional<HttpRequestCopy> waiting;    // for its turn
    base::MonotonicTime due;                   // when that is over for it
    base::TimerId timer = 0;                   // then
    pbay_op delivery_op = 0;
    std::shared_ptr<StagingWriter> writer;  // null: the answer stays in memory
    std::optional<net::HttpResult> result;  // it waits for the writer
  };
  [[nodiscard]] base::Status admit(HttpRequestCopy& copy);
  void start(pbay_op op, Running& running, HttpRequestCopy copied);
  void start_next();
  void wait(pbay_op op, Running& running, HttpRequestCopy copied);
  void stop_waiting(pbay_op op, const base::Status& why);
  void cancel(pbay_op op, const Running& running);
  // The client is done with it.
  void answered(pbay_op op, net::HttpResult result);
  void ended(pbay_op op, net::HttpResult result);
  void finish(pbay_op op, Running finished);

  ExtensionOwner& owner_;
  DeliveryEvidence& evidence_;
  std::shared_ptr<const HostRules> rules_;  // shared with requests, which may outlive this
  std::unordered_map<pbay_op, Running> running_;
  std::deque<pbay_op> waiting_;  // for their turn
  std::size_t at_work_ = 0;
  std::uint64_t requests_ = 0;
};

[[nodiscard]] const void* http_table();

}  // namespace patchbay::adapters
