#include "adapters/staging_extension.hpp"

#include <utility>

#include <patchbay/ext/staging.h>

#include "adapters/abi_text.hpp"
#include "adapters/instance.hpp"
#include "attachments/staging.hpp"

namespace patchbay::adapters {
namespace {

using base::Code;
using base::Result;
using base::Status;
using Names = std::vector<std::string>;

std::uint64_t open_handle(const pbay_host* host, std::int64_t expected_size) PBAY_NOEXCEPT {
  std::uint64_t out = 0;
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->gate().with([&](const AdapterHostServices& services) {
      const auto handle = services.staging.begin(bridge->name().str(), expected_size);
      if (handle.ok()) {
        out = *handle;
        bridge->staging.add(out);
      }
    });
  }
  return out;
}

// On the caller's thread: it is what streams, and so it is what waits for the disk.
std::int32_t write_handle(const pbay_host* host, std::uint64_t handle,
                          pbay_str bytes) PBAY_NOEXCEPT {
  Bridge* bridge = Bridge::of(host);
  if (bridge == nullptr) {
    return PBAY_E_RETRY;
  }
  if (!bridge->staging.has(handle)) {
    return PBAY_E_CONTRACT;
  }
  std::int32_t out = PBAY_E_RETRY;
  bridge->gate().with([&](const AdapterHostServices& services) {
    out = code_of(services.staging.write(handle, view(bytes)));
  });
  return out;
}

void commit_handle(const pbay_host* host, pbay_op op, std::uint64_t handle) PBAY_NOEXCEPT {
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->post([op, handle](Instance& instance) { instance.staging().commit(op, handle); });
  }
}

void abort_handle(const pbay_host* host, std::uint64_t handle) PBAY_NOEXCEPT {
  Bridge* bridge = Bridge::of(host);
  if (bridge != nullptr && bridge->staging.remove(handle)) {
    bridge->gate().with(
        [handle](const AdapterHostServices& services) { services.staging.abort(handle); });
  }
}

Result<std::string> keep_one(attachments::StagingArea& staging, const std::string& owner,
                             std::uint64_t handle) {
  if (handle == 0) {
    return std::string();
  }
  PATCHBAY_ASSIGN(attachments::StagedFile file, staging.adopt(owner, handle));
  return std::move(file).keep();
}

Result<Names> keep_all(attachments::StagingArea& staging, const std::string& owner,
                       const std::vector<std::uint64_t>& handles) {
  Names out;
  for (const std::uint64_t handle : handles) {
    auto name = keep_one(staging, owner, handle);
    if (name.ok()) {
      out.push_back(std::move(*name));
      continue;
    }
    for (const std::string& kept : out) {
      // Owned and let go: that removes the file.
      static_cast<void>(kept.empty() ? Status() : staging.reopen(kept).status());
    }
    for (const std::uint64_t rest : handles) {
      staging.abort(rest);
    }
    return name.status();
  }
  return out;
}

}  // namespace

Result<std::uint64_t> StagingExtension::open_for_fetch() {
  PATCHBAY_ASSIGN(const std::uint64_t handle,
                  owner_.services().staging.begin(owner_.bridge().name().str(), -1));
  owner_.bridge().staging.add(handle);
  return handle;
}

void StagingExtension::commit(pbay_op op, std::uint64_t handle) {
  if (!owner_.begin(op, "staging.commit")) {
    return;
  }
  if (!owner_.bridge().staging.has(handle)) {
    owner_.violation("staging.commit() of a handle that is not open");
    owner_.complete(op, {.code = PBAY_E_CONTRACT, .text = "no such staging handle"});
    return;
  }
  owner_.services().storage.post([bridge = owner_.bridge().shared_from_this(), op, handle] {
    Result<std::uint64_t> result(Status(Code::kCancelled, "the host is shutting down"));
    bridge->gate().with(
        [&](const AdapterHostServices& services) { result = services.staging.commit(handle); });
    bridge->post_from_host([op, result = std::move(result)](Instance& instance) {
      ExtensionOwner& owner = instance;
      owner.complete(op,
                     result.ok() ? Completion{.value = *result} : completion_of(result.status()));
    });
  });
}

void StagingExtension::keep(std::vector<std::uint64_t> handles,
                            base::UniqueFunction<void(Result<Names>)> done) {
  for (const std::uint64_t handle : handles) {
    if (handle != 0 && !owner_.bridge().staging.remove(handle)) {
      abort(handles);
      done(Status(Code::kInvalidArgument, "a file has a staging handle that is not one"));
      return;
    }
  }
  owner_.services().storage.post([bridge = owner_.bridge().shared_from_this(),
                                  done = std::move(done), handles = std::move(handles)]() mutable {
    // Retryable: what is permanent is passed over by the adapter.
    Result<Names> result(Status(Code::kUnavailable, "the host is shutting down"));
    bridge->gate().with([&](const AdapterHostServices& services) {
      result = keep_all(services.staging, bridge->name().str(), handles);
    });
    bridge->post_from_host([result = std::move(result), done = std::move(done)](
                               Instance& /*instance*/) mutable { done(std::move(result)); });
  });
}

void StagingExtension::abort(const std::vector<std::uint64_t>& handles) {
  for (const std::uint64_t handle : handles) {
    if (handle != 0 && owner_.bridge().staging.remove(handle)) {
      owner_.services().staging.abort(handle);
    }
  }
}

void StagingExtension::shut_down() {
  owner_.services().staging.abort_all(owner_.bridge().name().str());
}

const void* staging_table() {
  static constexpr pbay_staging kTable = {
      sizeof(pbay_staging), 0, open_handle, write_handle, commit_handle, abort_handle};
  return &kTable;
}

}  // namespace patchbay::adapters
