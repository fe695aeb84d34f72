#include "adapters/isolation/host_calls.hpp"

#include <string>
#include <sys/stat.h>

#include "adapters/isolation/wire_structs.hpp"

namespace patchbay::adapters {
namespace {

using base::Code;
using base::Status;
using wire::Reader;

Status malformed(const Frame& frame) {
  return {Code::kCorrupt, "it sent a malformed frame (kind " +
                              std::to_string(static_cast<unsigned>(frame.kind)) + ")"};
}

// Anything else could make the host wait: it reads what it sends on the thread of all connections.
bool are_regular_files(const Frame& frame) {
  for (const base::UniqueFd& descriptor : frame.descriptors) {
    struct stat found{};
    if (::fstat(descriptor.get(), &found) != 0 || !S_ISREG(found.st_mode)) {
      return false;
    }
  }
  return true;
}

}  // namespace

template <class Table>
const Table* HostCalls::table(const Table*& known, const char* id) {
  if (known == nullptr) {
    known = static_cast<const Table*>(host_.get_extension(&host_, id));
  }
  return known;
}

Status HostCalls::answer(const Frame& frame, std::uint64_t value) {
  wire::Writer writer;
  writer(value);
  // Without waiting: what the runner does not read must not keep the host from reading on, since
  // the descriptors that lie unread keep every other runner from passing any.
  const Status posted = socket_.post(FrameKind::kReturn, frame.id, writer);
  if (posted.code() == Code::kBusy) {
    return {Code::kCorrupt, "it asks on and on and does not read the answers"};
  }
  return {};  // one that has gone may have said more before: that is read
}

Status HostCalls::take(const Frame& frame) {
  Reader reader = frame.reader();
  if (frame.kind >= FrameKind::kStreamOpen) {
    return take_stream(frame, reader);
  }
  if (frame.kind >= FrameKind::kWebSocketOpen) {
    return take_websocket(frame, reader);
  }
  if (frame.kind >= FrameKind::kWebhookOpen) {
    return take_webhook(frame, reader);
  }
  if (frame.kind >= FrameKind::kListenerListen) {
    return take_listener(frame, reader);
  }
  if (frame.kind >= FrameKind::kStagingOpen) {
    return take_staging(frame, reader);
  }
  if (frame.kind >= FrameKind::kKvGet) {
    return take_kv(frame, reader);
  }
  if (frame.kind >= FrameKind::kTimerStart) {
    return take_http(frame, reader);
  }
  return take_core(frame, reader);
}

Status HostCalls::take_core(const Frame& frame, Reader& reader) {
  switch (frame.kind) {
    case FrameKind::kLog: {
      const auto level = reader.next<std::uint32_t>();
      const auto message = reader.next<pbay_str>();
      host_.log(&host_, level, message);
      break;
    }
    case FrameKind::kSubmit: {
      const auto* event = reader.next_one<pbay_event>();
      if (reader.ok()) {
        host_.submit(&host_, frame.id, event);
      }
      break;
    }
    case FrameKind::kSetState: {
      const auto* state = reader.next_one<pbay_state>();
      if (reader.ok()) {
        host_.set_state(&host_, state);
      }
      break;
    }
    case FrameKind::kOpPart: {
      const auto delivery = reader.next<pbay_op>();
      const auto part = reader.next<std::uint32_t>();
      const auto remote_id = reader.next<pbay_str>();
      const auto cursor = reader.next<pbay_str>();
      if (reader.ok()) {
        host_.op_part(&host_, frame.id, delivery, part, remote_id, cursor);
      }
      break;
    }
    case FrameKind::kOpComplete: {
      const auto* result = reader.next_one<pbay_result>();
      if (reader.ok()) {
        host_.op_complete(&host_, frame.id, result);
      }
      break;
    }
    case FrameKind::kReport: {
      const auto* report = reader.next_one<pbay_report>();
      if (reader.ok()) {
        host_.report(&host_, report);
      }
      break;
    }
    case FrameKind::kMetadata: {
      const auto fact = reader.next<pbay_str>();
      host_.metadata(&host_, fact);
      break;
    }
    case FrameKind::kChatReachable: {
      const auto* chat = reader.next_one<pbay_chat>();
      if (reader.ok()) {
        host_.chat_reachable(&host_, chat);
      }
      break;
    }
    case FrameKind::kStopped:
      host_.stopped(&host_);
      break;
    case FrameKind::kHasExtension: {
      const auto id = reader.next<std::string>();
      PATCHBAY_TRY(answer(frame, host_.get_extension(&host_, id.c_str()) != nullptr ? 1 : 0));
      break;
    }
    case FrameKind::kTooLarge: {
      const auto kind = static_cast<FrameKind>(reader.next<std::uint16_t>());
      if (reader.ok()) {
        too_large_(frame.id, kind);
      }
      break;
    }
    default:
      return malformed(frame);
  }
  return reader.ok() ? Status() : malformed(frame);
}

Status HostCalls::take_http(const Frame& frame, Reader& reader) {
  switch (frame.kind) {
    case FrameKind::kTimerStart: {
      const auto delay = reader.next<std::int64_t>();
      if (const auto* timer = table(timer_, PBAY_EXT_TIMER)) {
        timer->start(&host_, frame.id, delay);
      }
      break;
    }
    case FrameKind::kTimerCancel:
      if (const auto* timer = table(timer_, PBAY_EXT_TIMER)) {
        timer->cancel(&host_, frame.id);
      }
      break;
    case FrameKind::kHttpRequest: {
      const auto* request = reader.next_one<pbay_http_request>();
      const auto* http = table(http_, PBAY_EXT_HTTP);
      if (!reader.ok() || http == nullptr) {
        return malformed(frame);
      }
      if (!are_regular_files(frame)) {
        return {Code::kCorrupt, "it gave an http request a descriptor that is no regular file"};
      }
      http->request(&host_, frame.id, request);
      break;
    }
    case FrameKind::kHttpCancel:
      if (const auto* http = table(http_, PBAY_EXT_HTTP)) {
        http->cancel(&host_, frame.id);
      }
      break;
    default:
      return malformed(frame);
  }
  return reader.ok() ? Status() : malformed(frame);
}

Status HostCalls::take_kv(const Frame& frame, Reader& reader) {
  const auto* kv = table(kv_, PBAY_EXT_KV);
  const auto key = reader.next<pbay_str>();
  if (kv == nullptr) {
    return malformed(frame);
  }
  switch (frame.kind) {
    case FrameKind::kKvGet:
      kv->get(&host_, frame.id, key);
      break;
    case FrameKind::kKvPut: {
      const auto value = reader.next<pbay_str>();
      if (reader.ok()) {
        kv->put(&host_, frame.id, key, value);
      }
      break;
    }
    case FrameKind::kKvCompareAndSet: {
      const auto has_expected = reader.next<std::uint8_t>();
      const auto expected = reader.next<pbay_str>();
      const auto value = reader.next<pbay_str>();
      if (reader.ok()) {
        kv->compare_and_set(&host_, frame.id, key, has_expected != 0 ? &expected : nullptr, value);
      }
      break;
    }
    case FrameKind::kKvRemove:
      kv->remove(&host_, frame.id, key);
      break;
    default:
      return malformed(frame);
  }
  return reader.ok() ? Status() : malformed(frame);
}

Status HostCalls::take_staging(const Frame& frame, Reader& reader) {
  const auto* staging = table(staging_, PBAY_EXT_STAGING);
  if (staging == nullptr) {
    return malformed(frame);
  }
  switch (frame.kind) {
    case FrameKind::kStagingOpen: {
      const auto size = reader.next<std::int64_t>();
      PATCHBAY_TRY(answer(frame, staging->open(&host_, size)));
      break;
    }
    case FrameKind::kStagingWrite: {
      const auto handle = reader.next<std::uint64_t>();
      const auto bytes = reader.next<pbay_str>();
      PATCHBAY_TRY(
          answer(frame, static_cast<std::uint64_t>(staging->write(&host_, handle, bytes))));
      break;
    }
    case FrameKind::kStagingCommit:
      staging->commit(&host_, frame.id, reader.next<std::uint64_t>());
      break;
    case FrameKind::kStagingAbort:
      staging->abort(&host_, reader.next<std::uint64_t>());
      break;
    default:
      return malformed(frame);
  }
  return reader.ok() ? Status() : malformed(frame);
}

Status HostCalls::take_listener(const Frame& frame, Reader& reader) {
  const auto* listener = table(listener_, PBAY_EXT_LISTENER);
  if (listener == nullptr) {
    return malformed(frame);
  }
  switch (frame.kind) {
    case FrameKind::kListenerListen:
      listener->listen(&host_, frame.id, reader.next<pbay_str>());
      break;
    case FrameKind::kListenerSend: {
      const auto connection = reader.next<std::uint64_t>();
      const auto bytes = reader.next<pbay_str>();
      PATCHBAY_TRY(
          answer(frame, static_cast<std::uint64_t>(listener->send(&host_, connection, bytes))));
      break;
    }
    case FrameKind::kListenerHangUp:
      listener->hang_up(&host_, reader.next<std::uint64_t>());
      break;
    case FrameKind::kListenerClose:
      listener->close(&host_, frame.id);
      break;
    default:
      return malformed(frame);
  }
  return reader.ok() ? Status() : malformed(frame);
}

Status HostCalls::take_webhook(const Frame& frame, Reader& reader) {
  const auto* webhook = table(webhook_, PBAY_EXT_WEBHOOK);
  if (webhook == nullptr) {
    return malformed(frame);
  }
  switch (frame.kind) {
    case FrameKind::kWebhookOpen:
      webhook->open(&host_, frame.id);
      break;
    case FrameKind::kWebhookRespond: {
      const auto request = reader.next<std::uint64_t>();
      const auto* answer_given = reader.next_one<pbay_webhook_answer>();
      if (reader.ok()) {
        webhook->respond(&host_, request, answer_given);
      }
      break;
    }
    case FrameKind::kWebhookClose:
      webhook->close(&host_, frame.id);
      break;
    default:
      return malformed(frame);
  }
  return reader.ok() ? Status() : malformed(frame);
}

Status HostCalls::take_websocket(const Frame& frame, Reader& reader) {
  const auto* websocket = table(websocket_, PBAY_EXT_WEBSOCKET);
  if (websocket == nullptr) {
    return malformed(frame);
  }
  switch (frame.kind) {
    case FrameKind::kWebSocketOpen: {
      const auto* options = reader.next_one<pbay_websocket_options>();
      if (reader.ok()) {
        websocket->open(&host_, frame.id, options);
      }
      break;
    }
    case FrameKind::kWebSocketSend: {
      const auto op = reader.next<pbay_op>();
      const auto kind = reader.next<std::uint32_t>();
      const auto data = reader.next<pbay_str>();
      PATCHBAY_TRY(
          answer(frame, static_cast<std::uint64_t>(websocket->send(&host_, op, kind, data))));
      break;
    }
    case FrameKind::kWebSocketPing: {
      const auto op = reader.next<pbay_op>();
      const auto data = reader.next<pbay_str>();
      PATCHBAY_TRY(answer(frame, static_cast<std::uint64_t>(websocket->ping(&host_, op, data))));
      break;
    }
    case FrameKind::kWebSocketClose: {
      const auto code = reader.next<std::uint32_t>();
      websocket->close(&host_, frame.id, code, reader.next<pbay_str>());
      break;
    }
    default:
      return malformed(frame);
  }
  return reader.ok() ? Status() : malformed(frame);
}

Status HostCalls::take_stream(const Frame& frame, Reader& reader) {
  const auto* stream = table(stream_, PBAY_EXT_STREAM);
  if (stream == nullptr) {
    return malformed(frame);
  }
  switch (frame.kind) {
    case FrameKind::kStreamOpen:
      stream->open(&host_, frame.id, reader.next<pbay_str>());
      break;
    case FrameKind::kStreamSend: {
      const auto op = reader.next<pbay_op>();
      const auto bytes = reader.next<pbay_str>();
      PATCHBAY_TRY(answer(frame, static_cast<std::uint64_t>(stream->send(&host_, op, bytes))));
      break;
    }
    case FrameKind::kStreamClose:
      stream->close(&host_, frame.id);
      break;
    default:
      return malformed(frame);
  }
  return reader.ok() ? Status() : malformed(frame);
}

}  // namespace patchbay::adapters
