// What an agent is asked, as one turn: the due messages of one chat, and the context before them.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "agent_kit/rows.hpp"

namespace patchbay::agent_kit {

struct Attachment {
  std::string name;
  std::string mime;
  std::string kind;        // "image", "document", …
  std::string local_path;  // "inbox/…"; empty: the file could not be had
  std::string error;       // why
};

// The parts of a row's content that an agent of text needs; all optional.
struct Content {
  std::string text;  // of a task its prompt, of a webhook its payload
  std::string sender;
  std::string sender_id;
  std::string quoted_sender;
  std::string quoted_text;
  bool is_group = false;
  std::vector<Attachment> attachments;
};

// The host's word to the agent itself (a failed delivery, an approval): an answer to its address
// would be a message of the agent to itself.
[[nodiscard]] bool is_notice(const InboundRow& row);

// Content that is not a JSON object is taken as text.
[[nodiscard]] Content parse_content(const InboundRow& row);

struct Turn {
  Address address;               // whom to answer; empty: the session's default chat
  std::string in_reply_to;       // the newest row that asks for an answer
  std::vector<InboundRow> rows;  // by seq
};

// One turn a chat, in the order of their first triggering rows. Context rows go with the chat's own
// turn, or else with that of the next triggering row: they were released for it. No triggering row,
// no turn. A notice that triggers makes a turn whose answer goes to the session's default chat.
[[nodiscard]] std::vector<Turn> make_turns(std::span<const InboundRow> rows);

// What a command-line model reads. A single message of a private chat is its text alone; otherwise
// each message begins with its sender. Quotes and files follow on lines of their own.
// `path_of(attachment)`: where the model finds the file; empty: it cannot.
[[nodiscard]] std::string make_prompt(const Turn& turn,
                                      const std::function<std::string(const Attachment&)>& path_of);

}  // namespace patchbay::agent_kit
