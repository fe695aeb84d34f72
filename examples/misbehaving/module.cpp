// The instance and the module: a small adapter in plain ABI that does well what no switch spoils.
#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>

#include <patchbay/ext/lookup_sent.h>
#include <patchbay/ext/staging.h>
#include <patchbay/ext/timer.h>
#include <patchbay/ext/typing.h>
#include <patchbay/ext/webhook.h>

#include "misbehaving.hpp"

namespace misbehaving {
namespace {

using patchbay::sdk::copy;
using patchbay::sdk::make_abi;
using patchbay::sdk::to_abi;
using patchbay::sdk::view;

Instance& of(void* self) { return *static_cast<Instance*>(self); }

// The text of a setting, without a JSON reader: the switches hold no escapes.
std::string setting(std::string_view json, const std::string& name) {
  const auto key = json.find("\"" + name + "\"");
  const auto begin = key == std::string_view::npos ? key : json.find('"', json.find(':', key));
  const auto end = begin == std::string_view::npos ? begin : json.find('"', begin + 1);
  return end == std::string_view::npos ? "" : std::string(json.substr(begin + 1, end - begin - 1));
}

// ---- the life ----

void start(void* self) noexcept {
  Instance& instance = of(self);
  auto state = make_abi<pbay_state>();
  state.state = PBAY_STATE_ONLINE;
  instance.host->set_state(instance.host, &state);
  if (instance.misbehave.rfind("webhook_", 0) == 0) {
    instance.webhook = ++instance.last_op;
    instance.extension<pbay_webhook>(PBAY_EXT_WEBHOOK)->open(instance.host, instance.webhook);
  }
  if (instance.is("never_rest")) {
    start_timer(instance, ++instance.last_op, 0);
  }
}

void stop_when_idle(Instance& self) {
  if (!self.stopping || self.stopped || !self.requests.empty() || !self.submitted.empty() ||
      !self.fetches.empty() || self.is("stop_never")) {
    return;
  }
  self.stopped = true;
  self.host->stopped(self.host);
  if (self.is("call_after_stopped")) {
    submit(self, [](pbay_event&, pbay_chat&) {});
  } else if (self.is("log_after_stopped")) {
    self.host->log(self.host, PBAY_LOG_INFO, to_abi("good night"));
  }
}

void stop(void* self, std::int64_t) noexcept {
  Instance& instance = of(self);
  instance.stopping = true;
  if (instance.is("stop_too_early")) {
    instance.stopped = true;
    instance.host->stopped(instance.host);
    return;
  }
  if (const auto* http = instance.extension<pbay_http>(PBAY_EXT_HTTP)) {
    for (const auto& [operation, delivery] : instance.requests) {
      http->cancel(instance.host, operation);
    }
  }
  stop_when_idle(instance);
}

void destroy(void* self) noexcept {
  harm_process(of(self).is("crash_in_destroy") ? "crash" : "");
  if (of(self).descriptor >= 0) {
    ::close(of(self).descriptor);
  }
  delete &of(self);
}

// ---- deliveries ----

void deliver(void* self, pbay_op op, const pbay_delivery* delivery) noexcept {
  Instance& instance = of(self);
  if (const Deed deed = deed_of(instance.misbehave)) {
    deed(instance, op, *delivery);
    return;
  }
  harm_process(instance.misbehave);
  const bool edits = instance.is("edit_undeclared");
  if (delivery->operation == PBAY_DELIVER_EDIT && instance.is("declare_edit_with_a_bug")) {
    complete(instance, op, PBAY_E_BUG, "nobody has written that yet", PBAY_NOT_SENT);
  } else if (delivery->operation == PBAY_DELIVER_EDIT && instance.is("edit_rejected")) {
    complete(instance, op, PBAY_E_REJECTED, "not like this", PBAY_NOT_SENT);
  } else if (delivery->operation > (edits ? PBAY_DELIVER_EDIT : PBAY_DELIVER_MESSAGE) ||
             delivery->file_count != 0) {
    complete(instance, op, PBAY_E_UNSUPPORTED, "this sample sends text alone", PBAY_NOT_SENT);
  } else if (instance.api_base.empty()) {
    done(instance, op);
  } else {
    request(instance, op, [&](pbay_http_request& asked) { asked.body = delivery->text; });
    instance.requests[instance.last_op] = op;
  }
}

// The bytes are known, so that they are there at once.
void fetch(void* self, pbay_op op, pbay_str reference, std::uint64_t staging) noexcept {
  Instance& instance = of(self);
  const auto* files = instance.extension<pbay_staging>(PBAY_EXT_STAGING);
  if (instance.is("fetch_never")) {
    return;
  }
  if (files == nullptr || files->write(instance.host, staging, reference) != PBAY_OK) {
    complete(instance, op, PBAY_E_RETRY, "the file could not be kept", PBAY_NOT_SENT);
  } else if (instance.is("fetch_without_commit")) {
    done(instance, op);
  } else {
    const pbay_op commit = ++instance.last_op;
    instance.fetches[commit] = op;
    files->commit(instance.host, commit, staging);
  }
}

void fetched(Instance& self, pbay_op op, const pbay_completion& completion) {
  if (completion.code == PBAY_OK) {
    done(self, op);
  } else {
    complete(self, op, PBAY_E_RETRY, "the file could not be kept", PBAY_NOT_SENT);
  }
}

void cancel(void* self, pbay_op op) noexcept {
  Instance& instance = of(self);
  for (const auto& [operation, delivery] : instance.requests) {
    if (delivery == op) {
      instance.extension<pbay_http>(PBAY_EXT_HTTP)->cancel(instance.host, operation);
    }
  }
  if (instance.is("complete_at_cancel")) {
    complete(instance, op, PBAY_E_CANCELLED, "cancelled", PBAY_SENT_UNKNOWN);
  }
}

void answered(Instance& self, pbay_op op, const pbay_completion& completion) {
  const auto& response = *static_cast<const pbay_http_response*>(completion.detail);
  if (completion.code != PBAY_OK) {
    const bool unsent = response.sent_state == PBAY_NOT_SENT;
    complete(self, op, unsent ? PBAY_E_NETWORK : PBAY_E_UNKNOWN, "no answer", response.sent_state);
  } else if (response.status >= 200 && response.status < 300) {
    done(self, op);
  } else {
    complete(self, op, PBAY_E_REJECTED, "the platform refused", PBAY_NOT_SENT);
  }
}

void on_complete(void* self, pbay_op op, const pbay_completion* completion) noexcept {
  Instance& instance = of(self);
  if (instance.is("never_rest") && !instance.stopping) {
    start_timer(instance, ++instance.last_op, 0);
  }
  instance.submitted.erase(op);
  if (const auto commit = instance.fetches.extract(op); !commit.empty()) {
    fetched(instance, commit.mapped(), *completion);
  }
  const auto found = instance.requests.find(op);
  if (found == instance.requests.end()) {
    stop_when_idle(instance);
    return;
  }
  const pbay_op delivery = found->second;
  instance.requests.erase(found);
  const bool cancelled = completion->code == PBAY_E_CANCELLED;
  if (!(cancelled && instance.is("forget_the_cancelled"))) {
    answered(instance, delivery, *completion);
  }
  stop_when_idle(instance);
}

void on_event(void* self, pbay_op op, const void* detail) noexcept {
  Instance& instance = of(self);
  if (op != instance.webhook || instance.is("webhook_without_answer")) {
    return;
  }
  const auto& asked = *static_cast<const pbay_webhook_request*>(detail);
  auto answer = make_abi<pbay_webhook_answer>();
  answer.status = instance.is("webhook_of_no_status") ? 99 : 200;
  answer.struct_size = instance.is("webhook_answer_without_size") ? 0 : answer.struct_size;
  const auto* webhook = instance.extension<pbay_webhook>(PBAY_EXT_WEBHOOK);
  webhook->respond(instance.host, asked.request, &answer);
  if (instance.is("webhook_answered_twice")) {
    webhook->respond(instance.host, asked.request, &answer);
  }
}

// ---- what it can ----

void typing(void*, const pbay_chat*) noexcept {}

void capabilities(void* self, const pbay_chat*, pbay_caps* out) noexcept {
  Instance& instance = of(self);
  const bool edits = instance.is("declare_edit") || instance.is("declare_edit_with_a_bug");
  out->bits = PBAY_CAN_TEXT | (edits ? PBAY_CAN_EDIT : 0) |
              (instance.is("lookup_without_function") ? PBAY_CAN_LOOKUP_SENT : 0) |
              (instance.is("declare_typing") ? PBAY_CAN_TYPING : 0);
  out->text_limit = 1000;
  out->text_unit = PBAY_UNIT_BYTES;
  if (instance.is("overrun_capabilities")) {
    std::memset(out, 1, out->struct_size + 1U);
  }
}

// One line a payload: "<id> <chat> <text>"; the text "file <reference>" is a file.
std::int32_t translate(void* self, pbay_str kind, pbay_str payload) noexcept {
  Instance& instance = of(self);
  if (instance.is("translate_nothing")) {
    return PBAY_OK;
  }
  const std::string_view line = view(payload);
  const auto first = line.find(' ');
  const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  const bool whole = first != 0 && second != std::string_view::npos && second - first - 1 <= 200 &&
                     second > first + 1 && first <= 200 &&
                     std::all_of(line.begin(), line.end(), [](char c) { return c >= ' '; });
  if (view(kind) != "line" || !whole) {
    harm_process(instance.is("crash_on_nonsense") ? "crash" : "");
    return instance.is("translate_to_nothing_known") ? PBAY_E_BUG : PBAY_E_INVALID;
  }
  constexpr std::string_view kFile = "file ";
  const std::string_view text = line.substr(second + 1);
  auto file = make_abi<pbay_inbound_file>();
  file.size = -1;
  submit(instance, [&](pbay_event& event, pbay_chat& chat) {
    event.event_id = event.message_id = to_abi(line.substr(0, first));
    chat.id = to_abi(line.substr(first + 1, second - first - 1));
    if (text.size() > kFile.size() && text.substr(0, kFile.size()) == kFile) {
      file.reference = to_abi(text.substr(kFile.size()));
      event.files = &file;
      event.file_count = 1;
      event.file_stride = sizeof(file);
    } else {
      event.text = to_abi(text);
    }
  });
  return PBAY_OK;
}

const void* get_extension(void* self, const char* id) noexcept {
  static const pbay_typing kTyping = {sizeof(pbay_typing), 5000, typing};
  static const pbay_lookup_sent kLookup = {sizeof(pbay_lookup_sent), 0, nullptr};
  Instance& instance = of(self);
  if (instance.is("lookup_without_function") && std::string_view(id) == PBAY_EXT_LOOKUP_SENT) {
    return &kLookup;
  }
  return instance.is("have_every_extension") ? &kTyping : nullptr;
}

// ---- the module ----

void fill(Instance* instance, pbay_adapter* out) {
  out->self = instance;
  out->start = instance->is("create_half") ? nullptr : start;
  out->stop = stop;
  out->destroy = destroy;
  out->deliver = deliver;
  out->fetch = fetch;
  out->on_complete = on_complete;
  out->on_event = on_event;
  out->cancel = cancel;
  out->capabilities = capabilities;
  out->translate = translate;
  out->get_extension = get_extension;
  if (instance->is("overrun_instance")) {
    static_cast<unsigned char*>(static_cast<void*>(out))[out->struct_size] = 1;
  }
}

std::int32_t create(const pbay_host* host, pbay_str config_json, pbay_adapter* out) noexcept {
  auto instance = std::make_unique<Instance>();
  instance->host = host;
  instance->misbehave = setting(view(config_json), "misbehave");
  instance->api_base = setting(view(config_json), "api_base");
  instance->token = setting(view(config_json), "token");
  if (instance->is("refuse_without_words")) {
    return PBAY_E_INVALID;
  }
  if (instance->is("create_of_no_code")) {
    host->log(host, PBAY_LOG_ERROR, to_abi("setting 'misbehave' asks for it: take it out"));
    return PBAY_E_RETRY;
  }
  if (!instance->api_base.empty() && instance->extension<pbay_http>(PBAY_EXT_HTTP) == nullptr &&
      !instance->is("expect_every_extension")) {
    host->log(host, PBAY_LOG_ERROR,
              to_abi("this host has no " PBAY_EXT_HTTP ": take out api_base"));
    return PBAY_E_INVALID;
  }
  if (instance->is("work_in_create")) {
    request(*instance, 0, [](pbay_http_request&) {});
  }
  if (instance->is("staging_in_create")) {
    const auto* files = instance->extension<pbay_staging>(PBAY_EXT_STAGING);
    files->abort(host, files->open(host, -1));
  } else if (instance->is("file_in_create")) {
    instance->descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  harm_process(instance->is("hang_in_create") ? "hang" : "");
  fill(instance.release(), out);
  return PBAY_OK;
}

pbay_module make_module() noexcept {
  auto out = make_abi<pbay_module>();
  out.magic = at_load() == "magic" ? 7 : PBAY_MAGIC;
  out.abi_minor = PBAY_ABI_MINOR;
  out.min_host_minor = at_load() == "newer_minor" ? PBAY_ABI_MINOR + 7 : 0;
  out.abi_draft = at_load() == "draft" ? PBAY_ABI_DRAFT + 1 : PBAY_ABI_DRAFT;
  out.channel = to_abi(at_load() == "channel" ? "Mis Behaving" : "misbehaving");
  out.version = to_abi(PATCHBAY_ADAPTER_VERSION);
  out.vendor = to_abi(PATCHBAY_ADAPTER_VENDOR);
  out.create = at_load() == "no_create" ? nullptr : create;
  return out;
}

}  // namespace
}  // namespace misbehaving

extern "C" PBAY_EXPORT const pbay_module* patchbay_adapter_v1(std::uint32_t) noexcept {
  static const pbay_module kModule = misbehaving::make_module();
  if (misbehaving::at_load() == "entry_allocates") {
    static void* kept = ::operator new(1 << 16);
    static_cast<void>(kept);
  } else if (misbehaving::at_load() == "entry_starts_a_thread") {
    std::thread([] { misbehaving::harm_process("hang"); }).detach();
  } else if (misbehaving::at_load().rfind("entry_", 0) == 0) {
    misbehaving::harm_process(misbehaving::at_load().substr(6));
  }
  return misbehaving::at_load() == "no_module" ? nullptr : &kModule;
}
