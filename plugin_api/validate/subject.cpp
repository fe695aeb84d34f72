#include "subject.hpp"

#include <algorithm>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

namespace patchbay::validate {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testkit::FakeHost;
using testkit::Rule;

constexpr std::size_t kMostReferences = 8;  // that are fetched, of all that fixtures have
// Virtual time does not move the threads that an adapter may have; they get real time, a little of
// it before each step.
constexpr int kThreadWaits = 5;          // milliseconds a step
constexpr int kAllThreadWaits = 10'000;  // in one check

std::ptrdiff_t count_threads() {
  std::error_code error;
  const std::filesystem::directory_iterator threads("/proc/self/task", error);
  return std::distance(begin(threads), end(threads));
}

std::ptrdiff_t g_own_threads = 1;  // before the adapter was loaded; a sanitizer has one
int g_thread_waits = kAllThreadWaits;

void wait_for_threads(FakeHost& host, pbay_op op) {
  if (g_thread_waits <= 0 || count_threads() <= g_own_threads) {
    return;
  }
  for (int i = 0; i < kThreadWaits && host.result(op) == nullptr; ++i, --g_thread_waits) {
    std::this_thread::sleep_for(milliseconds(1));
    host.run_ready();
  }
}

}  // namespace

std::optional<Subject> Subject::load(const Options& options, Reporter& reporter) {
  reporter.step("while it is loaded");
  g_own_threads = count_threads();
  void* library = ::dlopen(options.library.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    reporter.breach(Rule::kLoads, std::string("it cannot be loaded: ") + ::dlerror());
    return std::nullopt;
  }
  void* symbol = ::dlsym(library, PBAY_ENTRY_SYMBOL);
  if (symbol == nullptr) {
    reporter.breach(Rule::kOneSymbol, "it exports no " PBAY_ENTRY_SYMBOL);
    return std::nullopt;
  }
  pbay_entry_v1 entry = nullptr;
  std::memcpy(&entry, &symbol, sizeof(entry));
  reporter.step({});
  return Subject(options, reporter, entry);
}

Subject::Subject(const Options& options, Reporter& reporter, pbay_entry_v1 found)
    : options_(options),
      reporter_(&reporter),
      entry_(found),
      sidecar_(read_sidecar(options.library)),
      settings_(with_defaults(sidecar_, json::parse(options.config, nullptr, false))) {
  if (!options_.fixtures.empty()) {
    fixtures_ = testkit::read_fixtures(options_.fixtures, options_.kind);
  }
}

testkit::FakeHostOptions Subject::host_options() const {
  testkit::FakeHostOptions out;
  out.breaches_fail_the_test = false;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  out.measures_calls = true;
#endif
  out.owns_the_process = true;
  out.secrets = secrets_of(sidecar_, settings_);
  out.on_breach = [this](const testkit::Breach& breach) { reporter_->breach(breach); };
  out.on_call = [this](std::string_view entry) { reporter_->call(entry); };
  return out;
}

std::unique_ptr<FakeHost> Subject::host(
    Platform& platform, std::optional<std::vector<std::string>> allowed_hosts) const {
  testkit::FakeHostOptions options = host_options();
  options.allowed_hosts = std::move(allowed_hosts);
  auto out = std::make_unique<FakeHost>(entry_, settings_.dump(), std::move(options));
  if (!out->created()) {
    reporter_->breach(Rule::kCreate,
                      "create() refused the settings" +
                          (out->log().empty() ? "" : ": \"" + out->log().back().text + '"') +
                          "; give those that it needs with --config FILE");
    return nullptr;
  }
  platform.serve(*out);
  return out;
}

const Subject::Seen& Subject::seen() const {
  if (seen_) {
    return *seen_;
  }
  Seen& out = seen_.emplace();
  out.chats = {sdk::Chat(sdk::ChatKind::kDirect, "1001"), sdk::Chat(sdk::ChatKind::kGroup, "-1002"),
               sdk::Chat(sdk::ChatKind::kChannel, "1003")};
  testkit::FakeHostOptions silent;
  silent.breaches_fail_the_test = false;
  FakeHost host(entry_, settings_.dump(), silent);
  for (const testkit::Fixture& fixture : fixtures_) {
    if (host.created()) {
      static_cast<void>(host.translate(fixture.kind, fixture.payload));
    }
  }
  for (sdk::Chat& chat : out.chats) {
    const auto found = std::find_if(
        host.events().begin(), host.events().end(),
        [&](const auto& event) { return event.chat.kind == chat.kind && !event.chat.id.empty(); });
    if (found != host.events().end()) {
      chat = sdk::Chat(chat.kind, found->chat.id);
    }
  }
  std::set<std::string> references;
  for (const sdk::Event& event : host.events()) {
    for (const sdk::InboundFile& file : event.files) {
      if (!file.reference.empty() && references.size() < kMostReferences) {
        references.insert(file.reference);
      }
    }
  }
  out.references.assign(references.begin(), references.end());
  return out;
}

sdk::Delivery delivery_of(sdk::DeliveryKind kind, const sdk::Chat& chat) {
  sdk::Delivery out;
  out.kind = kind;
  out.chat = chat;
  if (kind != sdk::DeliveryKind::kDelete && kind != sdk::DeliveryKind::kReaction) {
    out.text = "Hello, *world*: `x < y`";
  }
  if (kind != sdk::DeliveryKind::kMessage && kind != sdk::DeliveryKind::kQuestion) {
    out.target_id = "17";
  }
  if (kind == sdk::DeliveryKind::kReaction) {
    out.emoji = "\xF0\x9F\x91\x8D";
  }
  if (kind == sdk::DeliveryKind::kQuestion) {
    out.question_id = "q1";
    out.title = "A question";
    for (const char* label : {"yes", "no"}) {
      sdk::Option& option = out.options.emplace_back();
      option.label = label;
      option.value = label;
    }
  }
  return out;
}

void settle(FakeHost& host, pbay_op op, milliseconds longest) {
  const std::int64_t end_ms = host.monotonic_ms() + longest.count();
  milliseconds step{10};
  while (host.result(op) == nullptr && host.monotonic_ms() < end_ms) {
    wait_for_threads(host, op);
    host.advance(step);
    step = std::min(step * 2, milliseconds(5'000));
  }
}

}  // namespace patchbay::validate
