#include "delivery/report_desk.hpp"

#include <utility>

#include "base/log.hpp"

namespace patchbay::delivery {
namespace {

using base::Result;

constexpr base::Milliseconds kHearAgain{1000};
constexpr std::size_t kFailuresMost = 1024;  // while the ledger cannot be written

void log_not_stored(const Report& report, const std::string& reason, const char* remedy) {
  base::log_error("delivery.report_not_stored", {{"instance", report.instance.str()},
                                                 {"message", report.remote_id},
                                                 {"failed", report.failed},
                                                 {"reason", reason},
                                                 {"remedy", remedy}});
}

}  // namespace

void ReportDesk::take(Report report) {
  if (!report.failed) {
    core_.deps.database.transact<Heard>(
        [report](store::Repositories& repositories) { return take_report(repositories, report); },
        lifetime_.guard([this, report](const Result<Heard>& result) {
          if (result.ok()) {
            heard(report, *result);
          } else {
            log_not_stored(report, result.status().message(), "check the disk of the data folder");
          }
        }));
    return;
  }
  if (failures_.size() >= kFailuresMost) {
    log_not_stored(report, "too many reports wait to be stored",
                   "check the disk of the data folder; look into the chat");
    return;
  }
  failures_.push_back(std::move(report));
  hear_next_failure();
}

void ReportDesk::hear_next_failure() {
  if (hearing_ || failures_.empty()) {
    return;
  }
  hearing_ = true;
  failures_.front().users_told = aftermath_.users_told_just_now();
  core_.deps.database.transact<Heard>(
      [report = failures_.front()](store::Repositories& repositories) {
        return take_report(repositories, report);
      },
      lifetime_.guard([this](const Result<Heard>& result) {
        if (!result.ok() && result.status().code() != base::Code::kInternal) {
          log_not_stored(failures_.front(), result.status().message(),
                         "check the disk of the data folder; it is tried again every second");
          core_.deps.loop.run_after(kHearAgain, lifetime_.guard([this] {
            hearing_ = false;
            hear_next_failure();
          }));
          return;
        }
        const Report report = std::move(failures_.front());
        failures_.pop_front();
        if (result.ok()) {
          heard(report, *result);
        } else {
          log_not_stored(report, result.status().message(), "this is a bug: please report it");
        }
        hearing_ = false;
        hear_next_failure();
      }));
}

void ReportDesk::heard(const Report& report, const Heard& heard) {
  const bool is_kept = heard.what == Heard::What::kMayBeOurs;
  if (heard.what == Heard::What::kChanged) {
    changed_(heard);
  } else if (report.failed && (is_kept || heard.what == Heard::What::kNobodys)) {
    base::log_info("delivery.failure_of_no_known_message",
                   {{"instance", report.instance.str()},
                    {"message", report.remote_id},
                    {"key", report.idempotency_key},
                    {"reason", report.reason},
                    {"kept_while_others_are_sent", is_kept}});
  }
}

}  // namespace patchbay::delivery
