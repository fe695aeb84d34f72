// One deed a switch: each is done when a delivery comes.
#include <fcntl.h>
#include <unistd.h>

#include <patchbay/ext/kv.h>
#include <patchbay/ext/listener.h>
#include <patchbay/ext/staging.h>

#include "misbehaving.hpp"

namespace misbehaving {
namespace {

using patchbay::sdk::make_abi;
using patchbay::sdk::to_abi;

// A file of the event, which an array of one.
void submit_file(Instance& self, const pbay_inbound_file& file) {
  submit(self, [&file](pbay_event& event, pbay_chat&) {
    event.files = &file;
    event.file_count = 1;
    event.file_stride = sizeof(file);
  });
}

void request_with_header(Instance& self, pbay_op op, const pbay_header& header,
                         std::uint32_t stride) {
  request(self, op, [&](pbay_http_request& asked) {
    asked.headers = &header;
    asked.header_count = 1;
    asked.header_stride = stride;
  });
}

const std::map<std::string_view, Deed>& deeds() {
  static const std::map<std::string_view, Deed> all = {
      // ---- operations ----
      {"complete_twice",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         done(self, op);
         done(self, op);
       }},
      {"complete_foreign",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         done(self, op + 1'000'000);
         done(self, op);
       }},
      {"complete_never", [](Instance&, pbay_op, const pbay_delivery&) {}},
      {"fail_without_words",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         complete(self, op, PBAY_E_REJECTED, "", PBAY_NOT_SENT);
       }},
      {"code_of_no_class",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         complete(self, op, -42, "what is -42?", PBAY_NOT_SENT);
       }},
      {"ok_but_not_sent",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         complete(self, op, PBAY_OK, "", PBAY_NOT_SENT);
       }},
      {"retry_what_was_sent",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         complete(self, op, PBAY_E_RETRY, "again", PBAY_SENT);
       }},
      {"operation_zero",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         start_timer(self, 0, 5);
         done(self, op);
       }},
      {"operation_pending_twice",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         const pbay_op timer = ++self.last_op;
         start_timer(self, timer, 5);
         start_timer(self, timer, 5);
         done(self, op);
       }},
      {"timer_negative",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         start_timer(self, ++self.last_op, -1);
         done(self, op);
       }},
      // ---- parts ----
      {"part_before_durable",
       [](Instance& self, pbay_op op, const pbay_delivery& delivery) {
         part(self, op, delivery.parts_done);
         part(self, op, delivery.parts_done + 1);
         done(self, op);
       }},
      {"part_skipped",
       [](Instance& self, pbay_op op, const pbay_delivery& delivery) {
         part(self, op, delivery.parts_done + 3);
         done(self, op);
       }},
      {"part_without_id",
       [](Instance& self, pbay_op op, const pbay_delivery& delivery) {
         part(self, op, delivery.parts_done, "");
         done(self, op);
       }},
      {"part_id_too_long",
       [](Instance& self, pbay_op op, const pbay_delivery& delivery) {
         part(self, op, delivery.parts_done, std::string(600, 'm'));
         done(self, op);
       }},
      // A text is the first part; where there is none, a file is.
      {"part_number_of_a_text",
       [](Instance& self, pbay_op op, const pbay_delivery& delivery) {
         if (delivery.text.size == 0 && delivery.file_count != 0) {
           part(self, op, delivery.parts_done + 1);
         }
         done(self, op);
       }},
      {"part_of_nothing",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         part(self, op + 1'000'000, 0);
         done(self, op);
       }},
      {"request_before_durable",
       [](Instance& self, pbay_op op, const pbay_delivery& delivery) {
         part(self, op, delivery.parts_done);
         request(self, op, [](pbay_http_request&) {});
         done(self, op);
       }},
      // ---- requests ----
      {"request_for_nothing",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         request(self, op + 1'000'000, [](pbay_http_request&) {});
         done(self, op);
       }},
      {"request_of_a_short_file",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
         request(self, op, [nothing](pbay_http_request& asked) {
           asked.body_fd = nothing;
           asked.body_fd_size = 10;
         });
         ::close(nothing);
         done(self, op);
       }},
      {"method_of_two_words",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         request(self, 0, [](pbay_http_request& asked) { asked.method = to_abi("POST /"); });
         done(self, op);
       }},
      {"url_with_a_space",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         const std::string url = self.api_base + "/a b";
         request(self, 0, [&url](pbay_http_request& asked) { asked.url = to_abi(url); });
         done(self, op);
       }},
      {"header_of_two_lines",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         auto header = make_abi<pbay_header>();
         header.name = to_abi("X-Mood");
         header.value = to_abi("good\r\nX-Other: bad");
         request_with_header(self, 0, header, sizeof(header));
         done(self, op);
       }},
      {"post_elsewhere",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         request(self, 0, [](pbay_http_request& asked) {
           asked.url = to_abi("https://not-allowed.example.org/");
         });
         done(self, op);
       }},
      {"headers_without_stride",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         request_with_header(self, op, make_abi<pbay_header>(), 0);
         done(self, op);
       }},
      {"headers_without_size",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         request_with_header(self, op, pbay_header{}, sizeof(pbay_header));
         done(self, op);
       }},
      // ---- events ----
      {"event_without_chat",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         submit(self, [](pbay_event&, pbay_chat& chat) { chat.id = {}; });
         done(self, op);
       }},
      {"event_without_ids",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         submit(self,
                [](pbay_event& event, pbay_chat&) { event.event_id = event.message_id = {}; });
         done(self, op);
       }},
      {"event_of_no_text",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         submit(self, [](pbay_event& event, pbay_chat&) { event.text = to_abi("\xC0\x80"); });
         done(self, op);
       }},
      {"event_id_too_long",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         const std::string id(600, 'e');
         submit(self, [&id](pbay_event& event, pbay_chat&) { event.event_id = to_abi(id); });
         done(self, op);
       }},
      {"event_text_too_long",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         const std::string text(1'100'000, 't');
         submit(self, [&text](pbay_event& event, pbay_chat&) { event.text = to_abi(text); });
         done(self, op);
       }},
      {"event_without_size",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         submit(self, [](pbay_event& event, pbay_chat&) { event.struct_size = 0; });
         done(self, op);
       }},
      {"sender_without_size",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         pbay_sender sender{};
         sender.id = to_abi("s");
         submit(self, [&sender](pbay_event& event, pbay_chat&) { event.sender = &sender; });
         done(self, op);
       }},
      {"chat_of_no_text",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         submit(self, [](pbay_event&, pbay_chat& chat) { chat.id = to_abi("\xC0\x80"); });
         done(self, op);
       }},
      {"reaction_without_emoji",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         submit(self, [](pbay_event& event, pbay_chat&) {
           event.kind = PBAY_EVENT_REACTION;
           event.target_id = to_abi("m1");
         });
         done(self, op);
       }},
      {"edit_without_target",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         submit(self, [](pbay_event& event, pbay_chat&) { event.kind = PBAY_EVENT_EDIT; });
         done(self, op);
       }},
      {"extra_is_no_object",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         submit(self, [](pbay_event& event, pbay_chat&) { event.extra_json = to_abi("[1]"); });
         done(self, op);
       }},
      {"file_without_source",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         submit_file(self, make_abi<pbay_inbound_file>());
         done(self, op);
       }},
      {"file_not_committed",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         auto file = make_abi<pbay_inbound_file>();
         file.staging = self.extension<pbay_staging>(PBAY_EXT_STAGING)->open(self.host, -1);
         submit_file(self, file);
         done(self, op);
       }},
      {"write_to_no_file",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         self.extension<pbay_staging>(PBAY_EXT_STAGING)
             ->write(self.host, 1'000'000, to_abi("bytes"));
         done(self, op);
       }},
      // ---- what it says ----
      {"log_two_lines",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         self.host->log(self.host, PBAY_LOG_INFO, to_abi("one\ntwo"));
         done(self, op);
       }},
      {"log_the_token",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         const std::string line = "logged in with " + self.token;
         self.host->log(self.host, PBAY_LOG_INFO, to_abi(line));
         done(self, op);
       }},
      {"fact_is_no_object",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         self.host->metadata(self.host, to_abi("7"));
         done(self, op);
       }},
      {"report_of_nothing",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         const auto report = make_abi<pbay_report>();
         self.host->report(self.host, &report);
         done(self, op);
       }},
      {"state_of_no_kind",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         auto state = make_abi<pbay_state>();
         state.state = 77;
         self.host->set_state(self.host, &state);
         done(self, op);
       }},
      {"stopped_without_stop",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         done(self, op);
         self.host->stopped(self.host);
       }},
      // ---- services ----
      {"key_too_long",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         const std::string key(300, 'k');
         self.extension<pbay_kv>(PBAY_EXT_KV)
             ->put(self.host, ++self.last_op, to_abi(key), to_abi("v"));
         done(self, op);
       }},
      {"listener_of_no_name",
       [](Instance& self, pbay_op op, const pbay_delivery&) {
         self.extension<pbay_listener>(PBAY_EXT_LISTENER)
             ->listen(self.host, ++self.last_op, to_abi("../../etc"));
         done(self, op);
       }},
      // ---- memory and descriptors ----
      {"keep_pointers",
       [](Instance& self, pbay_op op, const pbay_delivery& delivery) {
         volatile char first = self.kept.size != 0 ? self.kept.data[0] : 'x';
         static_cast<void>(first);
         self.kept = delivery.chat->id;
         done(self, op);
       }},
      {"close_the_file",
       [](Instance& self, pbay_op op, const pbay_delivery& delivery) {
         if (delivery.file_count != 0) {
           ::close(delivery.files[0].fd);
         }
         done(self, op);
       }},
  };
  return all;
}

}  // namespace

Deed deed_of(std::string_view name) {
  const auto found = deeds().find(name);
  return found != deeds().end() ? found->second : nullptr;
}

}  // namespace misbehaving
