#include "adapters/kv_extension.hpp"

#include <utility>

#include <patchbay/ext/kv.h>

#include "adapters/abi_text.hpp"
#include "adapters/instance.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "store/central_database.hpp"
#include "store/repositories.hpp"

namespace patchbay::adapters {
namespace {

using base::Code;
using base::Result;
using base::Status;

class KvDetail final : public Detail {
 public:
  explicit KvDetail(std::string value)
      : value_(std::move(value)), abi_{sizeof(pbay_kv_value), 0, adapters::abi(value_)} {}
  [[nodiscard]] DetailKind kind() const override { return DetailKind::kKvValue; }
  [[nodiscard]] const void* abi() const override { return &abi_; }
  [[nodiscard]] std::size_t bytes() const override { return value_.size(); }

 private:
  std::string value_;
  pbay_kv_value abi_;
};

// A little over the limits: enough to be refused, not more.
std::string bounded_key(pbay_str key) {
  return std::string(view(key).substr(0, limits::kKvKeyBytes + 1));
}
std::string bounded_value(pbay_str value) {
  return std::string(view(value).substr(0, limits::kKvValueBytes + 1));
}

Status check_key(const std::string& key) {
  if (key.empty() || !base::is_valid_utf8(key)) {
    return {Code::kInvalidArgument, "a key is 1 to 200 bytes of UTF-8"};
  }
  if (key.size() > limits::kKvKeyBytes) {
    return {Code::kTooLarge, "a key is at most " + std::to_string(limits::kKvKeyBytes) + " bytes"};
  }
  return {};
}

void get_value(const pbay_host* host, pbay_op op, pbay_str key) PBAY_NOEXCEPT {
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->post([op, key = bounded_key(key)](Instance& instance) { instance.kv().get(op, key); });
  }
}

void put_value(const pbay_host* host, pbay_op op, pbay_str key, pbay_str value) PBAY_NOEXCEPT {
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->post([op, key = bounded_key(key), value = bounded_value(value)](Instance& instance) {
      instance.kv().put(op, key, value);
    });
  }
}

void compare_and_set_value(const pbay_host* host, pbay_op op, pbay_str key,
                           const pbay_str* expected, pbay_str value) PBAY_NOEXCEPT {
  if (Bridge* bridge = Bridge::of(host)) {
    std::optional<std::string> old;
    if (expected != nullptr) {
      old = bounded_value(*expected);
    }
    bridge->post([op, key = bounded_key(key), old, value = bounded_value(value)](
                     Instance& instance) { instance.kv().compare_and_set(op, key, old, value); });
  }
}

void remove_value(const pbay_host* host, pbay_op op, pbay_str key) PBAY_NOEXCEPT {
  if (Bridge* bridge = Bridge::of(host)) {
    bridge->post(
        [op, key = bounded_key(key)](Instance& instance) { instance.kv().remove(op, key); });
  }
}

}  // namespace

void KvExtension::run(
    pbay_op op, const char* what,
    std::function<Result<Value>(store::InstanceKvRepository&, const base::InstanceName&)> work) {
  if (!owner_.begin(op, what)) {
    return;
  }
  // The database may answer after the instance has ended.
  auto bridge = owner_.bridge().shared_from_this();
  owner_.services().database->transact<Value>(
      [name = owner_.bridge().name(), work = std::move(work)](store::Repositories& repositories) {
        return work(repositories.kv, name);
      },
      [bridge, op](Result<Value> result) {
        if (bridge->instance() == nullptr) {
          return;
        }
        ExtensionOwner& owner = *bridge->instance();
        if (!result.ok()) {
          owner.complete(op, completion_of(result.status()));
        } else if (result->has_value()) {
          owner.complete(op, {.detail = std::make_unique<KvDetail>(std::move(**result))});
        } else {
          owner.complete(op, {});
        }
      });
}

void KvExtension::get(pbay_op op, std::string key) {
  run(op, "kv.get",
      [key = std::move(key)](store::InstanceKvRepository& kv,
                             const base::InstanceName& name) -> Result<Value> {
        PATCHBAY_TRY(check_key(key));
        PATCHBAY_ASSIGN(Value value, kv.get(name, key));
        if (!value) {
          return Status(Code::kNotFound, "there is no such key");
        }
        return value;
      });
}

void KvExtension::put(pbay_op op, std::string key, std::string value) {
  run(op, "kv.put",
      [key = std::move(key), value = std::move(value)](
          store::InstanceKvRepository& kv, const base::InstanceName& name) -> Result<Value> {
        PATCHBAY_TRY(check_key(key));
        PATCHBAY_TRY(kv.put(name, key, value));
        return Value();
      });
}

void KvExtension::compare_and_set(pbay_op op, std::string key, std::optional<std::string> expected,
                                  std::string value) {
  run(op, "kv.compare_and_set",
      [key = std::move(key), expected = std::move(expected), value = std::move(value)](
          store::InstanceKvRepository& kv, const base::InstanceName& name) -> Result<Value> {
        PATCHBAY_TRY(check_key(key));
        PATCHBAY_ASSIGN(const Value old, kv.get(name, key));
        if (old != expected) {
          return Status(Code::kAlreadyExists, "the key has another value");
        }
        PATCHBAY_TRY(kv.put(name, key, value));
        return Value();
      });
}

void KvExtension::remove(pbay_op op, std::string key) {
  run(op, "kv.remove",
      [key = std::move(key)](store::InstanceKvRepository& kv,
                             const base::InstanceName& name) -> Result<Value> {
        PATCHBAY_TRY(check_key(key));
        PATCHBAY_TRY(kv.remove(name, key));
        return Value();
      });
}

const void* kv_table() {
  static constexpr pbay_kv kTable = {sizeof(pbay_kv),       0,           get_value, put_value,
                                     compare_and_set_value, remove_value};
  return &kTable;
}

}  // namespace patchbay::adapters
