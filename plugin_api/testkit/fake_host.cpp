#include "patchbay/testkit/fake_host.hpp"

#include <algorithm>
#include <cstring>
#include <dlfcn.h>
#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

#include "failure.hpp"
#include "fake_host_impl.hpp"
#include "patchbay/ext/lookup_sent.h"
#include "patchbay/ext/typing.h"
#include "process_state.hpp"

namespace patchbay::testkit {
namespace {

constexpr std::int64_t kDeliveryMs = 5 * 60 * 1000;
constexpr std::int64_t kFetchMs = 10 * 60 * 1000;
constexpr int kMostStopSteps = 100'000;
constexpr std::size_t kCanary = 64;
constexpr unsigned char kCanaryByte = 0x5A;

// A struct that the adapter fills, with bytes behind it that it must leave alone.
template <class T>
class Filled {
 public:
  Filled() {
    std::memset(bytes_, kCanaryByte, sizeof(bytes_));
    std::memset(bytes_, 0, sizeof(T));
    get()->struct_size = sizeof(T);
  }
  [[nodiscard]] T* get() noexcept { return static_cast<T*>(static_cast<void*>(bytes_)); }
  [[nodiscard]] bool overrun() const noexcept {
    return std::any_of(bytes_ + sizeof(T), bytes_ + sizeof(bytes_),
                       [](unsigned char byte) { return byte != kCanaryByte; });
  }

 private:
  alignas(std::max_align_t) unsigned char bytes_[sizeof(T) + kCanary];
};

std::vector<pbay_str> lend(LentMemory& lent, const std::vector<std::string>& texts) {
  std::vector<pbay_str> out;
  out.reserve(texts.size());
  for (const std::string& text : texts) {
    out.push_back(lent.text(text));
  }
  return out;
}

// A host names at least target_id.
std::vector<std::string> target_ids_of(const sdk::Delivery& delivery) {
  const bool is_named = !delivery.target_ids.empty() || delivery.target_id.empty();
  return is_named ? delivery.target_ids : std::vector<std::string>{delivery.target_id};
}

pbay_chat lend(LentMemory& lent, const sdk::Chat& chat) {
  auto out = sdk::make_abi<pbay_chat>();
  out.kind = static_cast<std::uint32_t>(chat.kind);
  out.id = lent.text(chat.id);
  out.thread_id = lent.text(chat.thread_id);
  return out;
}

const pbay_delivery* lend(LentMemory& lent, const sdk::Delivery& delivery) {
  auto out = sdk::make_abi<pbay_delivery>();
  out.operation = static_cast<std::uint32_t>(delivery.kind);
  out.flags = (delivery.silent ? PBAY_DELIVER_SILENT : 0U) |
              (delivery.no_preview ? PBAY_DELIVER_NO_PREVIEW : 0U) |
              (delivery.reaction_removed ? PBAY_DELIVER_REACTION_REMOVED : 0U);
  out.attempt = delivery.attempt;
  out.chat = lent.object(lend(lent, delivery.chat));
  out.text = lent.text(delivery.text);
  std::vector<pbay_outbound_file> files;
  for (const sdk::OutboundFile& file : delivery.files) {
    auto& abi = files.emplace_back(sdk::make_abi<pbay_outbound_file>());
    abi.fd = file.fd;
    abi.size = file.size;
    abi.kind = static_cast<std::uint32_t>(file.kind);
    abi.name = lent.text(file.name);
    abi.mime = lent.text(file.mime);
    abi.caption = lent.text(file.caption);
  }
  out.files = lent.array(files, out.file_stride);
  out.file_count = static_cast<std::uint32_t>(files.size());
  out.target_id = lent.text(delivery.target_id);
  out.reply_to_id = lent.text(delivery.reply_to_id);
  out.emoji = lent.text(delivery.emoji);
  out.question_id = lent.text(delivery.question_id);
  out.title = lent.text(delivery.title);
  std::vector<pbay_option> options;
  for (const sdk::Option& option : delivery.options) {
    auto& abi = options.emplace_back(sdk::make_abi<pbay_option>());
    abi.label = lent.text(option.label);
    abi.value = lent.text(option.value);
    abi.url = lent.text(option.url);
  }
  out.options = lent.array(options, out.option_stride);
  out.option_count = static_cast<std::uint32_t>(options.size());
  out.idempotency_key = lent.text(delivery.idempotency_key);
  out.parts_done = delivery.parts_done;
  out.resume_cursor = lent.text(delivery.resume_cursor);
  const std::vector<pbay_str> remote_ids = lend(lent, delivery.remote_ids);
  out.remote_ids = lent.array(remote_ids, out.remote_id_stride);
  out.remote_id_count = static_cast<std::uint32_t>(remote_ids.size());
  out.deadline_ms = delivery.deadline_ms;
  out.extra_json = lent.text(delivery.extra_json);
  const std::vector<pbay_str> target_ids = lend(lent, target_ids_of(delivery));
  out.target_ids = lent.array(target_ids, out.target_id_stride);
  out.target_id_count = static_cast<std::uint32_t>(target_ids.size());
  return lent.object(out);
}

// Empty: the settings do not say it.
std::string instance_of(std::string_view settings_json) {
  const auto settings = nlohmann::json::parse(settings_json, nullptr, false);
  const auto found = settings.find("instance");
  return found != settings.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

FakeHost::Impl::Impl(FakeHostOptions wanted) : options_(std::move(wanted)) {
  fill_host_table();
  connect_peers();
}

FakeHost::FakeHost(pbay_entry_v1 entry, std::string_view settings_json, FakeHostOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {
  impl_->instance_ = instance_of(settings_json);
  const pbay_module* module = nullptr;
  if (entry != nullptr) {
    impl_->call(PBAY_ENTRY_SYMBOL, [&] { module = entry(PBAY_ABI_MINOR); });
  }
  if (module == nullptr || module->magic != PBAY_MAGIC || module->abi_draft != PBAY_ABI_DRAFT) {
    impl_->breach(Rule::kModule, "the entry gave no module of this ABI");
    return;
  }
  if (!sdk::is_instance_name(sdk::view(module->channel)) || module->version.size == 0) {
    impl_->breach(Rule::kModule,
                  "the module's channel is not [a-z0-9][a-z0-9-]{0,31}, or it has no version");
  }
  Filled<pbay_adapter> filled;
  {
    LentMemory lent;
    const pbay_str settings = lent.text(settings_json);
    std::int32_t code = PBAY_E_BUG;
    impl_->creating_ = true;
    impl_->call("create", [&] { code = module->create(&impl_->host_, settings, filled.get()); });
    impl_->creating_ = false;
    impl_->check_quiet_create();
    impl_->created_ = code == PBAY_OK;
    if (code != PBAY_OK && code != PBAY_E_INVALID) {
      impl_->breach(Rule::kCreate, "create() returned " + std::to_string(code));
    }
  }
  if (filled.overrun()) {
    impl_->breach(Rule::kStructSize, "create() wrote past out->struct_size");
  }
  impl_->adapter_ = *filled.get();
  const pbay_adapter& made = impl_->adapter_;
  const bool whole = made.start != nullptr && made.stop != nullptr && made.destroy != nullptr &&
                     made.deliver != nullptr && made.on_complete != nullptr &&
                     made.cancel != nullptr && made.capabilities != nullptr;
  if (impl_->created_ && !whole) {
    impl_->breach(Rule::kCreate, "create() left a function out that every adapter has");
    impl_->created_ = false;
  }
  if (!impl_->created_ && impl_->log_.empty()) {
    impl_->breach(Rule::kCreate, "create() refused without a log line that says why");
  }
}

FakeHost::~FakeHost() {
  if (impl_->created_) {
    if (impl_->started_ && !impl_->stop_asked_) {
      stop();
    }
    impl_->call("destroy", [&] { impl_->adapter_.destroy(impl_->adapter_.self); });
  }
  impl_->check_between_calls();
  if (const std::string unmet = impl_->http_.unmet(); !unmet.empty()) {
    impl_->breach(Rule::kScript, "expected requests that never came:" + unmet);
  }
  for (const Peers* peers : {&impl_->websockets_, &impl_->streams_, &impl_->processes_}) {
    if (const std::string unmet = peers->unmet(); !unmet.empty()) {
      impl_->breach(Rule::kScript, "expected connections that were never opened:" + unmet);
    }
  }
  for (auto& [op, operation] : impl_->operations_) {
    impl_->close_lent(std::exchange(operation.descriptors, {}));
  }
  for (const auto& [descriptor, entry] : impl_->opened_) {
    impl_->breach(Rule::kDescriptors, "descriptor " + std::to_string(descriptor) + " (" +
                                          describe_descriptor(descriptor) + "), opened in " +
                                          entry + "(), is still open after destroy()");
  }
  for (const int descriptor : impl_->descriptors_) {
    ::close(descriptor);
  }
}

pbay_entry_v1 FakeHost::load(const std::string& path) {
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  void* symbol = library != nullptr ? ::dlsym(library, PBAY_ENTRY_SYMBOL) : nullptr;
  if (symbol == nullptr) {
    const char* why = ::dlerror();
    report_failure("cannot load " + path + ": " + (why != nullptr ? why : "no such symbol"));
    return nullptr;
  }
  pbay_entry_v1 entry = nullptr;
  std::memcpy(&entry, &symbol, sizeof(entry));
  return entry;
}

bool FakeHost::created() const noexcept { return impl_->created_; }
bool FakeHost::stopped() const noexcept { return impl_->stopped_; }

void FakeHost::start() {
  impl_->started_ = true;
  impl_->call("start", [this] { impl_->adapter_.start(impl_->adapter_.self); });
  impl_->run_ready();
}

void FakeHost::stop(std::chrono::milliseconds deadline) {
  impl_->stop_asked_ = true;
  impl_->release(impl_->held_submits_, impl_->hold_submits_);
  impl_->release(impl_->held_parts_, impl_->hold_parts_);
  impl_->call("stop", [&] { impl_->adapter_.stop(impl_->adapter_.self, deadline.count()); });
  impl_->run_ready();
  const std::int64_t end_ms = impl_->now_ms_ + deadline.count();
  for (int steps = 0; !impl_->stopped_ && steps < kMostStopSteps; ++steps) {
    if (!impl_->run_next_timer(end_ms)) {
      break;
    }
  }
  if (!impl_->stopped_) {
    impl_->breach(Rule::kStop, "it did not call stopped() within the deadline");
  }
}

void FakeHost::run_ready() { impl_->run_ready(); }
void FakeHost::advance(std::chrono::milliseconds time) {
  impl_->run_until(impl_->now_ms_ + time.count());
}
std::int64_t FakeHost::monotonic_ms() const noexcept { return impl_->now_ms_; }
std::int64_t FakeHost::wall_ms() const noexcept { return impl_->options_.wall_ms + impl_->now_ms_; }

void FakeHost::call(const std::function<void(void* self)>& body) {
  impl_->call("call", [&] { body(impl_->adapter_.self); });
  impl_->run_ready();
}

pbay_op FakeHost::new_op(std::string what, std::chrono::milliseconds allowed) {
  return impl_->ask(std::move(what), allowed.count());
}

pbay_op FakeHost::deliver_only(sdk::Delivery delivery) {
  if (delivery.idempotency_key.empty()) {
    delivery.idempotency_key = "delivery-" + std::to_string(++impl_->deliveries_);
  }
  if (delivery.deadline_ms == 0) {
    delivery.deadline_ms = impl_->now_ms_ + kDeliveryMs;
  }
  const pbay_op op =
      impl_->ask("delivery", std::max<std::int64_t>(1, delivery.deadline_ms - impl_->now_ms_));
  Impl::Operation& operation = impl_->operations_[op];
  operation.is_delivery = true;
  operation.next_part = delivery.parts_done;
  for (const sdk::OutboundFile& file : delivery.files) {
    if (impl_->descriptors_.erase(file.fd) != 0) {
      operation.descriptors.push_back(file.fd);
    }
  }
  LentMemory lent;
  const pbay_delivery* given = lend(lent, delivery);
  impl_->call("deliver", [&] { impl_->adapter_.deliver(impl_->adapter_.self, op, given); });
  return op;
}

pbay_op FakeHost::deliver(sdk::Delivery delivery) {
  const pbay_op op = deliver_only(std::move(delivery));
  impl_->run_ready();
  return op;
}

sdk::OutboundFile FakeHost::file(std::string_view bytes, std::string name, std::string mime,
                                 sdk::FileKind kind) {
  sdk::OutboundFile out;
  out.fd = ::memfd_create("patchbay-testkit", MFD_CLOEXEC);
  std::size_t done = 0;
  while (out.fd >= 0 && done < bytes.size()) {
    const auto count = ::write(out.fd, bytes.data() + done, bytes.size() - done);
    if (count <= 0) {
      break;
    }
    done += static_cast<std::size_t>(count);
  }
  if (out.fd < 0 || done < bytes.size()) {
    report_failure("test kit: cannot make a file in memory");
  }
  impl_->descriptors_.insert(out.fd);
  out.size = static_cast<std::int64_t>(bytes.size());
  out.kind = kind;
  out.name = std::move(name);
  out.mime = std::move(mime);
  return out;
}

const sdk::Result* FakeHost::result(pbay_op op) const {
  const auto found = impl_->operations_.find(op);
  return found != impl_->operations_.end() && found->second.done ? &found->second.result : nullptr;
}

void FakeHost::cancel(pbay_op op) {
  impl_->call("cancel", [&] { impl_->adapter_.cancel(impl_->adapter_.self, op); });
  impl_->run_ready();
}

FakeHost::Fetched FakeHost::fetch(std::string_view reference) {
  Fetched out;
  if (impl_->adapter_.fetch == nullptr) {
    impl_->breach(Rule::kScript, "it has no fetch()");
    return out;
  }
  out.op = impl_->ask("fetch", kFetchMs);
  out.staging = ++impl_->last_handle_;
  impl_->operations_[out.op].staging = out.staging;
  impl_->staged_[out.staging];
  {
    LentMemory lent;
    const pbay_str given = lent.text(reference);
    impl_->call("fetch",
                [&] { impl_->adapter_.fetch(impl_->adapter_.self, out.op, given, out.staging); });
  }
  impl_->run_ready();
  return out;
}

pbay_caps FakeHost::capabilities(const sdk::Chat& chat) {
  Filled<pbay_caps> filled;
  {
    LentMemory lent;
    const pbay_chat* given = lent.object(lend(lent, chat));
    impl_->call("capabilities",
                [&] { impl_->adapter_.capabilities(impl_->adapter_.self, given, filled.get()); });
  }
  impl_->run_ready();
  if (filled.overrun()) {
    impl_->breach(Rule::kStructSize, "capabilities() wrote past out->struct_size");
  }
  return *filled.get();
}

bool FakeHost::translates() const noexcept { return impl_->adapter_.translate != nullptr; }

std::int32_t FakeHost::translate(std::string_view kind, std::string_view payload) {
  if (impl_->adapter_.translate == nullptr) {
    return PBAY_E_UNSUPPORTED;
  }
  std::int32_t code = PBAY_E_BUG;
  {
    LentMemory lent;
    const pbay_str given_kind = lent.text(kind);
    const pbay_str given = lent.text(payload);
    impl_->call("translate",
                [&] { code = impl_->adapter_.translate(impl_->adapter_.self, given_kind, given); });
  }
  impl_->run_ready();
  if (code != PBAY_OK && code != PBAY_E_INVALID) {
    impl_->breach(Rule::kTranslate, "translate() returned " + std::to_string(code));
  }
  return code;
}

void FakeHost::typing(const sdk::Chat& chat) {
  const auto* table = extension<pbay_typing>(PBAY_EXT_TYPING);
  if (table == nullptr) {
    report_failure("the adapter has no " PBAY_EXT_TYPING);
    return;
  }
  if (!impl_->check_struct(PBAY_EXT_TYPING, table) || table->typing == nullptr) {
    impl_->breach(Rule::kCapabilities, "its " PBAY_EXT_TYPING " has no typing()");
    return;
  }
  {
    LentMemory lent;
    const pbay_chat* given = lent.object(lend(lent, chat));
    impl_->call("typing", [&] { table->typing(impl_->adapter_.self, given); });
  }
  impl_->run_ready();
}

pbay_op FakeHost::lookup_sent(const sdk::Chat& chat, std::string_view part_key,
                              std::int64_t sent_after_ms) {
  const auto* table = extension<pbay_lookup_sent>(PBAY_EXT_LOOKUP_SENT);
  if (table == nullptr) {
    report_failure("the adapter has no " PBAY_EXT_LOOKUP_SENT);
    return 0;
  }
  if (!impl_->check_struct(PBAY_EXT_LOOKUP_SENT, table) || table->lookup == nullptr) {
    impl_->breach(Rule::kCapabilities, "its " PBAY_EXT_LOOKUP_SENT " has no lookup()");
    return 0;
  }
  const pbay_op op = impl_->ask("lookup_sent", kDeliveryMs);
  {
    LentMemory lent;
    const pbay_chat* given = lent.object(lend(lent, chat));
    const pbay_str key = lent.text(part_key);
    impl_->call("lookup_sent",
                [&] { table->lookup(impl_->adapter_.self, op, given, key, sent_after_ms); });
  }
  impl_->run_ready();
  return op;
}

const void* FakeHost::adapter_extension(const char* id) {
  const auto get = impl_->adapter_.get_extension;
  return get != nullptr ? get(impl_->adapter_.self, id) : nullptr;
}

const std::vector<sdk::Event>& FakeHost::events() const noexcept { return impl_->events_; }
const std::vector<SentPart>& FakeHost::parts() const noexcept { return impl_->parts_; }
const std::vector<sdk::State>& FakeHost::states() const noexcept { return impl_->states_; }
const std::vector<LogLine>& FakeHost::log() const noexcept { return impl_->log_; }
const std::vector<Report>& FakeHost::reports() const noexcept { return impl_->reports_; }
const std::vector<std::string>& FakeHost::facts() const noexcept { return impl_->facts_; }
const std::vector<sdk::Chat>& FakeHost::reachable() const noexcept { return impl_->reachable_; }
const std::vector<Breach>& FakeHost::breaches() const noexcept { return impl_->breaches_; }
HttpScript& FakeHost::http() noexcept { return impl_->http_; }
std::map<std::string, std::string>& FakeHost::kv() noexcept { return impl_->kv_; }

}  // namespace patchbay::testkit
