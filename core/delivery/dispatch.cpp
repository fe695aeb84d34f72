#include "delivery/dispatch.hpp"

#include "delivery/address.hpp"
#include "delivery/content.hpp"
#include "delivery/request.hpp"

namespace patchbay::delivery {
namespace {

using base::Result;
using base::Status;
using store::DeliveryRecord;
using Done = base::UniqueFunction<void(Result<AttemptOutcome>)>;

void to_channel(ChannelPort& channels, const DeliveryRecord& record, const AttemptFiles& files,
                Done done) {
  auto request = make_request(record);
  if (!request.ok()) {
    done(request.status());
    return;
  }
  request->files = files.lend();
  std::int64_t bytes = 0;
  for (const OutboundFile& file : request->files) {
    bytes += file.size;
  }
  request->time_allowed = time_allowed(bytes);
  channels.deliver(std::move(request).value(), std::move(done));
}

void to_host(SystemActionPort& host, const DeliveryRecord& record, Done done) {
  const Content content = parse_content(record.kind, record.content);
  SystemAction action;
  action.session = {record.agent, record.session};
  action.message_out_id = record.message_out_id;
  action.action = content.action;
  action.request_id = content.request_id;
  action.content = record.content;
  host.perform(std::move(action), [name = content.action, done = std::move(done)](Status status) {
    if (status.code() == base::Code::kNotFound) {
      status = Status(base::Code::kNotFound, "the action \"" + name + "\" is not known");
    }
    done(outcome_of(status));
  });
}

void to_agent(AgentMessagePort& agents, const DeliveryRecord& record, Done done) {
  AgentMessage message;
  message.from = {record.agent, record.session};
  message.message_out_id = record.message_out_id;
  message.to = base::AgentGroupId(record.lane.chat.str());
  message.content = record.content;
  message.spool = record.spool;
  message.files = record.files;
  agents.send(std::move(message),
              [done = std::move(done)](const Status& status) { done(outcome_of(status)); });
}

}  // namespace

void dispatch(const Dependencies& to, const DeliveryRecord& record, const AttemptFiles& files,
              Done done) {
  if (is_host_lane(record.lane)) {
    to_host(to.system_actions, record, std::move(done));
  } else if (is_agent_lane(record.lane)) {
    to_agent(to.agent_messages, record, std::move(done));
  } else {
    to_channel(to.channels, record, files, std::move(done));
  }
}

}  // namespace patchbay::delivery
