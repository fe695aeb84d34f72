#include "routing/lost_files.hpp"

#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "base/json.hpp"
#include "base/log.hpp"
#include "routing/inbound_row.hpp"
#include "routing/paging.hpp"
#include "store/repositories.hpp"

namespace patchbay::routing {
namespace {

using session::SessionAddress;
using session::SessionStorage;

// Within it platforms repeat what was not acknowledged, once the instance is there again.
constexpr base::Milliseconds kPlatformsRepeat{120'000};
constexpr base::Milliseconds kWriteAgain{10'000};
constexpr std::string_view kWhy =
    "the host was stopped before it had noted where to fetch it, and the platform did not send the "
    "message again";

// The row with every file that was to come marked as failed.
std::string with_failed_files(const std::string& content) {
  auto parsed = base::parse_json(content);
  if (!parsed.ok() || !parsed->is_object() || !parsed->contains("attachments") ||
      !(*parsed)["attachments"].is_array()) {
    return {};  // it stays as it is
  }
  for (nlohmann::json& file : (*parsed)["attachments"]) {
    if (file.is_object() && file.erase("pending") > 0) {
      file["error"] = kWhy;
    }
  }
  return json_text(*parsed);
}

// Ids of rows that wait in the intake for this session: their replay commits the records.
base::Result<std::unordered_set<std::string>> rows_in_intake(store::Repositories& repositories,
                                                             const SessionAddress& session) {
  std::unordered_set<std::string> ids;
  store::IntakeFilter filter;
  filter.session = session_name(session);
  filter.limit = kPageRows;
  for (bool more = true; more;) {
    PATCHBAY_ASSIGN(const auto page, repositories.intake.list(filter));
    more = page.size() == kPageRows;
    for (const store::IntakeRecord& record : page) {
      filter.after = record.id;
      if (auto waiting = waiting_row_from_text(record.event); waiting.ok()) {
        ids.insert(std::move(waiting->row.id));
      }
    }
  }
  return ids;
}

}  // namespace

void LostFiles::look_at(const SessionAddress& session, base::UniqueFunction<void()> done) {
  sessions_.rows_without_files(
      session,
      lifetime_.guard([this, session, done_ = std::move(done)](base::Result<Rows> rows) mutable {
        if (!rows.ok() || rows->empty()) {
          done_();  // a damaged session is looked at after it was healed, at the next start
          return;
        }
        keep_those_without_record(
            session, std::move(rows).value(),
            [this, session, done_ = std::move(done_)](base::Result<Lost> lost) mutable {
              if (lost.ok() && !lost->rows.empty()) {
                wait(session, std::move(lost).value(), false);
              }
              done_();
            });
      }));
}

void LostFiles::keep_those_without_record(const SessionAddress& session, Rows rows,
                                          base::UniqueFunction<void(base::Result<Lost>)> done) {
  database_.transact<Lost>(
      [session, rows = std::move(rows)](store::Repositories& repositories) -> base::Result<Lost> {
        PATCHBAY_ASSIGN(const auto in_intake, rows_in_intake(repositories, session));
        Lost lost;
        PATCHBAY_ASSIGN(const auto record, repositories.sessions.find(session.agent, session.id));
        if (record) {
          lost.instance = record->instance;
        }
        for (const SessionStorage::RowWithoutFiles& row : rows) {
          PATCHBAY_ASSIGN(const bool kept,
                          repositories.pending_files.contains(session.agent, session.id, row.id));
          if (!kept && !in_intake.contains(row.id)) {
            lost.rows.push_back(row);
          }
        }
        return lost;
      },
      lifetime_.guard(std::move(done)));
}

// Until the instance was connected at two looks: all that time the platform could repeat.
void LostFiles::wait(const SessionAddress& session, Lost lost, bool was_connected) {
  loop_.run_after(kPlatformsRepeat,
                  lifetime_.guard([this, session, lost = std::move(lost), was_connected]() mutable {
                    const bool connected = files_ != nullptr && files_->is_connected(lost.instance);
                    if (connected && was_connected) {
                      look_again(session, std::move(lost.rows));
                    } else {
                      wait(session, std::move(lost), connected);
                    }
                  }));
}

void LostFiles::look_again(const SessionAddress& session, Rows rows) {
  keep_those_without_record(session, std::move(rows),
                            [this, session](const base::Result<Lost>& lost) {
                              if (!lost.ok()) {
                                base::log_warning("routing.lost_files_not_completed",
                                                  {{"session", session_name(session)},
                                                   {"reason", lost.status().message()},
                                                   {"remedy", "it is done after the next start"}});
                                return;
                              }
                              for (const SessionStorage::RowWithoutFiles& row : lost->rows) {
                                // The message was repeated just now. One that was repeated and
                                // settled before had its record committed before this look.
                                if (!is_under_way_(session, row.id)) {
                                  complete(session, row);
                                }
                              }
                            });
}

void LostFiles::complete(const SessionAddress& session,
                         const SessionStorage::RowWithoutFiles& row) {
  sessions_.write(
      session, session::CompleteAttachments{row.id, with_failed_files(row.content)},
      lifetime_.guard([this, session, row](const base::Result<session::CommandOutcome>& done) {
        if (done.ok() && *done == session::CommandOutcome::kDone) {
          base::log_warning("routing.files_lost", {{"session", session_name(session)},
                                                   {"row", row.id},
                                                   {"reason", kWhy},
                                                   {"done", "the agent gets the rest"}});
        } else if (!done.ok() && done.status().code() != base::Code::kNotFound &&
                   done.status().code() != base::Code::kInvalidArgument) {
          loop_.run_after(kWriteAgain,
                          lifetime_.guard([this, session, row] { complete(session, row); }));
        }
      }));
}

}  // namespace patchbay::routing
