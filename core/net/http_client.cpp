#include "net/http_client.hpp"

#include <unordered_map>

#include "base/event_loop.hpp"
#include "base/lifetime.hpp"
#include "base/random.hpp"
#include "net/curl_multi.hpp"
#include "net/curl_transfer.hpp"

namespace patchbay::net {
namespace {

using base::Code;
using base::Result;
using base::Status;

class CurlHttpClient final : public HttpClient {
 public:
  CurlHttpClient(base::EventLoop& loop, HttpClientOptions options)
      : loop_(loop),
        options_(std::move(options)),
        multi_(CurlMulti::make(loop.context(),
                               [this](CURL* easy, CURLcode code) { transfer_ended(easy, code); })) {
    curl_multi_setopt(multi_->handle(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    curl_multi_setopt(multi_->handle(), CURLMOPT_MAX_TOTAL_CONNECTIONS, options_.max_connections);
    curl_multi_setopt(multi_->handle(), CURLMOPT_MAX_HOST_CONNECTIONS,
                      options_.max_connections_per_host);
    curl_multi_setopt(multi_->handle(), CURLMOPT_MAXCONNECTS, options_.max_connections);
  }

  ~CurlHttpClient() override {
    multi_->close();
    for (auto& [id, operation] : operations_) {
      loop_.cancel(operation.deadline);
      if (operation.added) {
        multi_->remove(operation.transfer->easy());
      }
    }
  }

  Operation start(HttpRequest request, Done done) override {
    const Operation id = next_operation_++;
    auto made = CurlTransfer::make(std::move(request), options_, "patchbay-" + random_.token(32));
    Running& operation = operations_[id];  // its address is stable
    operation.id = id;
    operation.done = std::move(done);
    if (!made.ok()) {
      HttpResult result;
      result.status = made.status();
      finish(id, std::move(result));
      return id;
    }
    operation.transfer = std::move(made).value();
    curl_easy_setopt(operation.transfer->easy(), CURLOPT_PRIVATE, &operation);
    operation.deadline = loop_.run_after(operation.transfer->timeout(), [this, id] {
      end(id, Status(Code::kTimeout, "the request was not finished within its time"));
    });
    if (multi_->inside()) {
      later([this, id] { add(id); });  // asked for from inside a sink
    } else {
      add(id);
    }
    return id;
  }

  bool cancel(Operation id) override {
    const auto found = operations_.find(id);
    if (found == operations_.end() || found->second.completing) {
      return false;
    }
    Status why(Code::kCancelled, "the request was cancelled");
    if (multi_->inside()) {
      found->second.transfer->abort(why.with_context(found->second.transfer->origin().str()));
      later([this, id, why] { end(id, why); });
    } else {
      end(id, why);
    }
    return true;
  }

  void resume(Operation id) override {
    if (multi_->inside()) {
      later([this, id] { resume(id); });  // asked for from inside a sink
      return;
    }
    const auto found = operations_.find(id);
    if (found == operations_.end() || found->second.completing ||
        !found->second.transfer->paused()) {
      return;
    }
    CurlTransfer& transfer = *found->second.transfer;
    if (multi_->within([&transfer] { return transfer.resume(); }) ==
        CurlTransfer::Resumed::kFailed) {
      end(id, Status(Code::kIo, "its sink failed"));  // what it said was kept before
    }
  }

 private:
  struct Running {
    Operation id = 0;
    std::unique_ptr<CurlTransfer> transfer;  // none once completing
    Done done;
    base::TimerId deadline = 0;
    bool added = false;       // libcurl has it
    bool completing = false;  // its completion is posted
  };

  // Runs `task` on the loop unless the client is gone by then.
  template <class Function>
  void later(Function task) {
    loop_.post(lifetime_.guard(std::move(task)));
  }

  void add(Operation id) {
    const auto found = operations_.find(id);
    if (found == operations_.end() || found->second.completing) {
      return;
    }
    Running& operation = found->second;
    operation.added = multi_->add(operation.transfer->easy());
    if (!operation.added) {
      end(id, Status(Code::kIo, "libcurl did not take the request"));
    }
  }

  void transfer_ended(CURL* easy, CURLcode code) {
    Running* operation = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &operation);
    multi_->remove(easy);
    operation->added = false;
    if (operation->transfer->complete(code) == CurlTransfer::Next::kRedirected) {
      curl_easy_setopt(easy, CURLOPT_PRIVATE, operation);
      add(operation->id);
      return;
    }
    finish(operation->id, operation->transfer->take_result());
  }

  // Ends an operation that libcurl has not ended.
  void end(Operation id, const Status& why) {
    const auto found = operations_.find(id);
    if (found == operations_.end() || found->second.completing) {
      return;
    }
    Running& operation = found->second;
    operation.transfer->abort(why.with_context(operation.transfer->origin().str()));
    if (operation.added) {
      multi_->remove(operation.transfer->easy());
      operation.added = false;
    }
    finish(id, operation.transfer->take_result());
  }

  void finish(Operation id, HttpResult result) {
    Running& operation = operations_[id];
    operation.completing = true;
    operation.transfer.reset();
    loop_.cancel(operation.deadline);
    later([this, id, result = std::move(result)]() mutable {
      const Done done = std::move(operations_[id].done);
      operations_.erase(id);
      done(std::move(result));
    });
  }

  base::EventLoop& loop_;
  const HttpClientOptions options_;
  base::Random random_{base::system_seed()};
  std::unordered_map<Operation, Running> operations_;
  Operation next_operation_ = 1;
  std::shared_ptr<CurlMulti> multi_;  // shared with the handlers that Asio holds
  base::Lifetime lifetime_;
};

// libcurl is thread-safe here, and never cleaned up: others in the process may use it.
CURLcode start_libcurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  return code;
}

}  // namespace

Result<std::unique_ptr<HttpClient>> make_http_client(base::EventLoop& loop,
                                                     HttpClientOptions options) {
  if (start_libcurl() != CURLE_OK) {
    return Status(Code::kIo, "libcurl cannot be initialised on this machine");
  }
  if (options.max_connections < 1 || options.max_connections_per_host < 1) {
    return Status(Code::kInvalidArgument, "the HTTP client needs at least one connection");
  }
  return std::unique_ptr<HttpClient>(std::make_unique<CurlHttpClient>(loop, std::move(options)));
}

}  // namespace patchbay::net
