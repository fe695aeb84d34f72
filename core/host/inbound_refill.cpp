#include "host/inbound_refill.hpp"

#include <utility>
#include <vector>

#include "base/log.hpp"
#include "delivery/notice_texts.hpp"
#include "delivery/projection.hpp"
#include "store/repositories.hpp"

namespace patchbay::host {
namespace {

using base::Result;
using base::Status;
using store::DeliveryRecord;

constexpr std::size_t kPageRows = 256;
// Each inbound.db holds it once, so that refilling one twice tells once.
constexpr const char* kNoticeId = "notice-inbound-replaced";

std::string notice_text(const std::string& set_aside) {
  const std::string what =
      set_aside.empty() ? "The record of earlier messages to you (inbound.db) was missing"
                        : "The record of earlier messages to you (inbound.db) was damaged and was "
                          "set aside as " +
                              set_aside + " in the folder of this session";
  return what +
         "; a new one was begun. Messages that you had not answered by then are not in it: people "
         "may have to repeat them. What became of your own messages is known.";
}

}  // namespace

struct InboundRefill::Work {
  session::SessionAddress session;
  std::string set_aside;
  base::UniqueFunction<void()> done;
  std::string after;  // message_out_ids up to here are there already
};

void InboundRefill::refill(const session::SessionAddress& session, const std::string& set_aside,
                           base::UniqueFunction<void()> done) {
  const auto work = std::make_shared<Work>(Work{session, set_aside, std::move(done), {}});
  router_.routing_for(session, [this, work](Result<session::SetRouting> routing) {
    if (!routing.ok()) {
      fail(work, routing.status());
      return;
    }
    write(work, *std::move(routing), [this, work] { read_page(work); });
  });
}

void InboundRefill::read_page(const WorkPointer& work) {
  database_.transact<std::vector<DeliveryRecord>>(
      [session = work->session, after = work->after](store::Repositories& stored) {
        return stored.ledger.load_session_ended(session.agent, session.id, after, kPageRows);
      },
      [this, work](const Result<std::vector<DeliveryRecord>>& page) {
        if (!page.ok()) {
          fail(work, page.status());
          return;
        }
        session::RefillInbound command;
        for (const DeliveryRecord& record : *page) {
          work->after = record.message_out_id;
          command.delivered.push_back(delivery::delivered_row_of(record, clock_.wall_now()));
        }
        const bool more = page->size() == kPageRows;
        write(work, std::move(command), [this, work, more] {
          if (more) {
            read_page(work);
          } else {
            tell(work);
          }
        });
      });
}

void InboundRefill::tell(const WorkPointer& work) {
  session::InboundMessage notice;
  notice.id = kNoticeId;
  notice.timestamp = clock_.wall_now();
  notice.address = {"agent", work->session.agent.str(), {}};
  notice.trigger = false;
  notice.content = delivery::agent_notice_content(notice_text(work->set_aside));
  write(work, session::RefillInbound{{}, std::move(notice)}, [work] {
    base::log_info("session.refilled",
                   {{"session", session_name(work->session)}, {"set_aside", work->set_aside}});
    work->done();
  });
}

void InboundRefill::write(const WorkPointer& work, session::InboundCommand command,
                          base::UniqueFunction<void()> next) {
  sessions_.write(work->session, std::move(command),
                  [work, next = std::move(next)](const Result<session::CommandOutcome>& written) {
                    if (written.ok()) {
                      next();
                    } else {
                      fail(work, written.status());
                    }
                  });
}

void InboundRefill::fail(const WorkPointer& work, const Status& why) {
  base::log_error("session.not_refilled",
                  {{"session", session_name(work->session)},
                   {"reason", why.message()},
                   {"remedy", "it is tried again before the agent's next start"}});
  work->done();
}

}  // namespace patchbay::host
