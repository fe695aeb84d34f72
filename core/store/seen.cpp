#include "store/seen.hpp"

#include <string_view>

#include "base/limits.hpp"
#include "store/statements.hpp"

namespace patchbay::store {
namespace {

constexpr char kFind[] =
    "SELECT disposition FROM seen WHERE instance = ? AND chat = ? AND event_id = ?";
constexpr char kInsert[] =
    "INSERT INTO seen(instance, chat, event_id, disposition, at, message_id, inbox_rows) "
    "VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
constexpr char kUpdate[] =
    "UPDATE seen SET disposition = ?4, inbox_rows = ?5 "
    "WHERE instance = ?1 AND chat = ?2 AND event_id = ?3";
constexpr char kLeftIntake[] =
    "UPDATE seen SET disposition = ?4 "
    "WHERE instance = ?1 AND chat = ?2 AND event_id = ?3 AND disposition = ?5";
// Two searches, each in its index.
constexpr char kFindByEventOrMessage[] =
    "SELECT instance, chat, event_id, disposition, at, message_id, inbox_rows FROM seen "
    "WHERE event_id IN (?1, ?2) AND (?3 = '' OR chat = ?3) UNION "
    "SELECT instance, chat, event_id, disposition, at, message_id, inbox_rows FROM seen "
    "WHERE message_id = ?1 AND message_id <> '' AND (?3 = '' OR chat = ?3) "
    "ORDER BY at DESC LIMIT ?4";
// A message's id alone is in many chats: the rows tell which was meant.
constexpr char kFindByRow[] =
    "SELECT instance, chat, event_id, disposition, at, message_id, inbox_rows FROM seen "
    "WHERE event_id IN (?1, ?2) AND (?3 = '' OR chat = ?3) "
    "AND ?4 IN (SELECT value FROM json_each(nullif(inbox_rows, ''))) UNION "
    "SELECT instance, chat, event_id, disposition, at, message_id, inbox_rows FROM seen "
    "WHERE message_id = ?1 AND message_id <> '' AND (?3 = '' OR chat = ?3) "
    "AND ?4 IN (SELECT value FROM json_each(nullif(inbox_rows, ''))) LIMIT 1";
constexpr char kPrune[] =
    "DELETE FROM seen WHERE (instance, chat, event_id) IN "
    "(SELECT instance, chat, event_id FROM seen WHERE at < ? ORDER BY at LIMIT ?)";

// The id of most events: that of a message which an adapter gave no event id, and telegram's.
constexpr std::string_view kMessageEvent = "message:";

std::string message_of_event(const std::string& event_id) {
  return event_id.starts_with(kMessageEvent) ? event_id.substr(kMessageEvent.size())
                                             : std::string();
}

std::string to_text(const std::vector<InboxRow>& rows) {
  std::vector<std::string> words;
  for (const InboxRow& row : rows) {
    words.insert(words.end(), {row.agent.str(), row.session.str(), row.row_id});
  }
  return to_json_list(words);
}

std::vector<InboxRow> rows_from_text(const std::string& text) {
  const std::vector<std::string> words = from_json_list(text);
  std::vector<InboxRow> rows;
  for (std::size_t i = 0; i + 2 < words.size(); i += 3) {
    rows.push_back({base::AgentGroupId(words[i]), base::SessionId(words[i + 1]), words[i + 2]});
  }
  return rows;
}

SeenRecord read(const Query& query) {
  SeenRecord record;
  record.key = {query.id<base::InstanceName>(0), query.id<base::ChatKey>(1), query.text(2)};
  record.disposition = static_cast<Disposition>(query.integer(3));
  record.at = query.time(4);
  record.message_id = query.text(5);
  if (record.message_id.empty()) {
    record.message_id = message_of_event(record.key.event_id);
  }
  record.rows = rows_from_text(query.text(6));
  return record;
}

// What in a row id may be the id of a message or an event: row_id.hpp says how it is made. Ids may
// hold colons themselves, so that every piece of it is one; the rows tell which was meant.
std::vector<std::string> ids_in_row_id(const std::string& row_id) {
  std::vector<std::string> ids;
  const std::size_t agent = row_id.rfind(':');
  if (agent == std::string::npos || row_id.size() > limits::kRowIdBytes) {
    return ids;
  }
  const std::string_view named = std::string_view(row_id).substr(0, agent);
  std::vector<std::size_t> ends{named.size()};
  for (const std::string_view mark : {":edit:", ":react:", ":del"}) {
    if (const std::size_t end = named.find(mark); end != std::string_view::npos) {
      ends.push_back(end);
    }
  }
  for (std::size_t colon = named.find(':'); colon != std::string_view::npos;
       colon = named.find(':', colon + 1)) {
    for (const std::size_t end : ends) {
      if (end <= colon + 1) {
        continue;
      }
      std::string_view id = named.substr(colon + 1, end - colon - 1);
      ids.emplace_back(id);
      // The row of an event that is no message is named after the event.
      for (const std::string_view prefix : {"action.", "member.", "command."}) {
        if (id.starts_with(prefix)) {
          ids.emplace_back(id.substr(prefix.size()));
        }
      }
    }
  }
  return ids;
}

}  // namespace

base::Result<std::optional<Disposition>> SeenRepository::find(const SeenKey& key) {
  return guarded("looking up a seen event", [&]() -> base::Result<std::optional<Disposition>> {
    Query query(statements_, kFind, key.instance, key.chat, key.event_id);
    if (!query.step()) {
      return std::optional<Disposition>();
    }
    return std::optional(static_cast<Disposition>(query.integer(0)));
  });
}

base::Result<bool> SeenRepository::insert(const SeenRecord& record) {
  const SeenKey& key = record.key;
  const bool event_has_it = message_of_event(key.event_id) == record.message_id;
  const std::string message = event_has_it ? std::string() : record.message_id;
  const std::string rows = to_text(record.rows);
  return guarded("recording a seen event", [&]() -> base::Result<bool> {
    Query query(statements_, kInsert, key.instance, key.chat, key.event_id, record.disposition,
                record.at, message, rows);
    return query.run() == 1;
  });
}

base::Status SeenRepository::update(const SeenKey& key, Disposition disposition,
                                    const std::vector<InboxRow>& rows) {
  const std::string text = to_text(rows);
  return guarded("recording a seen event", [&]() -> base::Status {
    Query(statements_, kUpdate, key.instance, key.chat, key.event_id, disposition, text).run();
    return {};
  });
}

base::Status SeenRepository::left_intake(const SeenKey& key) {
  return guarded("recording a seen event", [&]() -> base::Status {
    Query(statements_, kLeftIntake, key.instance, key.chat, key.event_id, Disposition::kStored,
          Disposition::kIntake)
        .run();
    return {};
  });
}

base::Result<std::vector<SeenRecord>> SeenRepository::find_by_any_id(const std::string& id,
                                                                     const base::ChatKey& chat,
                                                                     std::size_t limit) {
  const auto find = [&](const char* sql, const std::string& name, const auto& last) {
    const std::string event = std::string(kMessageEvent) + name;
    Query query(statements_, sql, name, event, chat, last);
    std::vector<SeenRecord> found;
    while (query.step()) {
      found.push_back(read(query));
    }
    return found;
  };
  return guarded("looking up a seen event", [&]() -> base::Result<std::vector<SeenRecord>> {
    std::vector<SeenRecord> found = find(kFindByEventOrMessage, id, limit);
    for (const std::string& part : ids_in_row_id(id)) {
      if (!found.empty()) {
        break;
      }
      found = find(kFindByRow, part, id);
    }
    return found;
  });
}

base::Result<std::size_t> SeenRepository::prune(base::WallTime older_than, std::size_t limit) {
  return guarded("pruning seen events", [&]() -> base::Result<std::size_t> {
    Query query(statements_, kPrune, older_than, limit);
    return query.run();
  });
}

}  // namespace patchbay::store
