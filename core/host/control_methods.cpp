#include "host/control_methods.hpp"

#include <nlohmann/json.hpp>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/iso_time.hpp"
#include "host/delivery_json.hpp"
#include "host/resolution.hpp"
#include "host/status_facts.hpp"
#include "host/trace.hpp"
#include "host/version.hpp"
#include "store/repositories.hpp"

namespace patchbay::host {
namespace {

using base::Code;
using base::Result;
using base::Status;
using nlohmann::json;

constexpr std::size_t kDefaultRows = 50;
// In one answer, which is made between two other tasks of the core thread. `next` leads on.
constexpr std::size_t kMaxRows = 200;

std::string state_name(delivery::InstanceState state) {
  switch (state) {
    case delivery::InstanceState::kConnecting:
      return "connecting";
    case delivery::InstanceState::kOnline:
      return "online";
    case delivery::InstanceState::kDegraded:
      return "degraded";
    case delivery::InstanceState::kLoginRequired:
      return "login required";
    case delivery::InstanceState::kRateLimited:
      return "rate limited";
    case delivery::InstanceState::kFailed:
      return "failed";
    case delivery::InstanceState::kStopped:
      return "stopped";
  }
  return "stopped";
}

std::string uptime_text(base::MonotonicTime::duration time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  if (seconds < 60) {
    return std::to_string(seconds) + " s";
  }
  if (seconds < 3600) {
    return std::to_string(seconds / 60) + " min";
  }
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " min";
}

std::size_t limit_of(const json& params) {
  return std::min(params.value("limit", kDefaultRows), kMaxRows);
}

// The `next` of the answer that this one goes on from; 0: from the newest.
std::int64_t before_of(const json& params) { return params.value("before", std::int64_t{0}); }

// What a process without privileges can still write there, in bytes; null if nobody can tell.
json disk_free(const std::string& data_dir) {
  struct statvfs disk = {};
  if (::statvfs(data_dir.c_str(), &disk) != 0) {
    return nullptr;
  }
  return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
}

json status_of(const ControlSubjects& subjects) {
  json instances = json::array();
  for (const adapters::InstanceStatus& instance : subjects.adapters.status()) {
    instances.push_back(
        {{"name", instance.name.str()},
         {"channel", instance.channel.str()},
         {"version", instance.version},
         {"isolation", instance.isolation == adapters::Isolation::kProcess ? "process" : "daemon"},
         {"state", state_name(instance.state)},
         {"since", base::format_iso_utc(instance.since)},
         {"reason", instance.reason},
         {"userAction", instance.user_action},
         {"loginCode", instance.login_code},
         {"loginCodeIsQr", instance.login_code_is_qr},
         {"lastError", instance.last_error},
         {"received", instance.counters.stored},
         {"duplicates", instance.counters.duplicates},
         {"refused", instance.counters.refused},
         {"delivered", instance.counters.delivered},
         {"failed", instance.counters.failed},
         {"unknown", instance.counters.unknown},
         {"violations", instance.counters.violations},
         {"restarts", instance.counters.restarts}});
  }
  json plugins = json::array();
  for (const adapters::PluginStatus& plugin : subjects.adapters.plugins()) {
    plugins.push_back({{"path", plugin.path},
                       {"channel", plugin.channel},
                       {"version", plugin.version},
                       {"problem", plugin.problem.message()}});
  }
  return {{"version", kVersion},
          {"pid", ::getpid()},
          {"uptime", uptime_text(subjects.loop.now() - subjects.started)},
          {"dataDir", subjects.data_dir},
          {"diskFree", disk_free(subjects.data_dir)},
          {"agents",
           {{"running", subjects.supervisor.running()},
            {"queued", subjects.supervisor.queued()},
            {"failing", subjects.supervisor.failing()},
            {"limit", subjects.running_agents}}},
          {"instances", std::move(instances)},
          {"plugins", std::move(plugins)}};
}

// A host whose database fails still tells all the rest.
void tell_status(const ControlSubjects& subjects, ControlServer::Reply reply) {
  subjects.database.transact<StoredFacts>(
      read_stored_facts, [&subjects, reply = std::move(reply)](const Result<StoredFacts>& stored) {
        json status = status_of(subjects);
        if (stored.ok()) {
          status["unknownDeliveries"] = stored->unknown_deliveries;
          status["unwired"] = unwired_json(*stored, [&subjects](const base::ChatKey& chat) {
            return subjects.router.routes(chat);
          });
          status["strangers"] = strangers_json(
              *stored, subjects.loop.wall_now(), [&subjects](const store::AuditRecord& record) {
                return subjects.router.is_stranger(record.instance, record.chat, record.sender);
              });
        } else {
          status["databaseProblem"] = stored.status().message();
        }
        reply(std::move(status));
      });
}

// As it is now; the table's is up to a second old.
std::string_view container_status(const session::SessionAddress& session,
                                  const ControlSubjects& subjects) {
  const agents::RunState state = subjects.supervisor.state(session);
  return state == agents::RunState::kRunning && subjects.runs.is_idle(session)
             ? "idle"
             : agents::to_string(state);
}

json session_row(const store::SessionRecord& session, const ControlSubjects& subjects) {
  json row = {{"key", session.key},
              {"sessionId", session.id.str()},
              {"agentId", session.agent.str()},
              {"agentProvider", session.agent_provider},
              {"status", session.active ? "active" : "archived"},
              {"containerStatus", container_status({session.agent, session.id}, subjects)},
              {"chat", session.chat.str()},
              {"createdAt", base::format_iso_utc(session.created_at)}};
  if (session.last_active) {
    row["lastActive"] = base::format_iso_utc(*session.last_active);
  }
  if (const auto failure = subjects.supervisor.failure({session.agent, session.id})) {
    row["failure"] = {
        {"reason", failure->reason}, {"inARow", failure->in_a_row}, {"logFile", failure->log_file}};
  }
  return row;
}

void list_sessions(const ControlSubjects& subjects, const json& params,
                   ControlServer::Reply reply) {
  const std::size_t limit = limit_of(params);
  subjects.database.transact<std::vector<store::SessionRecord>>(
      [limit, before = before_of(params)](store::Repositories& stored) {
        return stored.sessions.list(base::AgentGroupId(), true, limit + 1, before);
      },
      [&subjects, limit,
       reply = std::move(reply)](Result<std::vector<store::SessionRecord>> found) {
        if (!found.ok()) {
          reply(found.status());
          return;
        }
        json answer = json::object();
        if (found->size() > limit) {
          found->pop_back();
          answer["next"] = found->back().number;
        }
        json rows = json::array();
        for (const store::SessionRecord& session : *found) {
          rows.push_back(session_row(session, subjects));
        }
        answer["count"] = rows.size();
        answer["sessions"] = std::move(rows);
        reply(std::move(answer));
      });
}

void list_deliveries(const ControlSubjects& subjects, const json& params,
                     ControlServer::Reply reply) {
  store::DeliveryFilter filter;
  filter.limit = limit_of(params);
  filter.before = before_of(params);
  if (params.contains("state")) {
    const std::string state = params["state"].get<std::string>();
    filter.state = store::parse_delivery_state(state);
    if (!filter.state) {
      reply(Status(Code::kInvalidArgument,
                   "there is no state \"" + state +
                       "\"; it is one of waiting, sending, delivered, failed, unknown"));
      return;
    }
  }
  subjects.delivery.list(filter,
                         [reply = std::move(reply)](const Result<store::DeliveryPage>& found) {
                           if (!found.ok()) {
                             reply(found.status());
                             return;
                           }
                           json rows = json::array();
                           for (const store::DeliveryRecord& delivery : found->records) {
                             rows.push_back(delivery_json(delivery));
                           }
                           json answer = {{"count", rows.size()}};
                           answer["deliveries"] = std::move(rows);
                           if (found->more) {
                             answer["next"] = found->records.back().id;
                           }
                           reply(std::move(answer));
                         });
}

void count_deliveries(const ControlSubjects& subjects, const json& params,
                      ControlServer::Reply reply) {
  subjects.database.transact<std::int64_t>(
      [instance = base::InstanceName(params["instance"].get<std::string>()),
       chat = base::ChatKey(params["chat"].get<std::string>())](store::Repositories& stored) {
        return stored.ledger.count_waiting(instance, chat);
      },
      [reply = std::move(reply)](const Result<std::int64_t>& waiting) {
        reply(waiting.ok() ? Result<json>(json{{"waiting", *waiting}}) : waiting.status());
      });
}

void resolve_delivery(const ControlSubjects& subjects, const json& params,
                      ControlServer::Reply reply) {
  const std::string as = params["as"].get<std::string>();
  const auto state = parse_resolution(as);
  if (!state) {
    reply(Status(Code::kInvalidArgument,
                 "a delivery cannot be resolved as \"" + as + "\"; " + std::string(kResolutions)));
    return;
  }
  subjects.delivery.resolve(
      params["id"].get<std::int64_t>(), *state,
      [reply = std::move(reply)](const Result<store::DeliveryRecord>& resolved) {
        reply(resolved.ok() ? Result<json>(delivery_json(*resolved)) : resolved.status());
      });
}

Status nothing_known_of(const std::string& id) {
  return {Code::kNotFound,
          "nothing is known of \"" + id +
              "\". trace takes the id or the rowId of a delivery, or the remoteId of "
              "one of its parts (`patchbay deliveries --json` has them), and for 8 "
              "days the id that a message which came in has on its platform, the id "
              "of its event, or of its row in an agent's inbound.db"};
}

void trace(const ControlSubjects& subjects, const json& params, ControlServer::Reply reply) {
  const std::string id = params["id"].get<std::string>();
  subjects.database.transact<Trace>(
      [id, chat = base::ChatKey(params.value("chat", ""))](store::Repositories& stored) {
        return read_trace(stored, id, chat);
      },
      [&subjects, id, reply = std::move(reply)](Result<Trace> found) mutable {
        if (!found.ok()) {
          reply(found.status());
          return;
        }
        if (found->events.empty() && found->deliveries.empty()) {
          reply(nothing_known_of(id));
          return;
        }
        add_row_states(
            subjects.sessions, *std::move(found),
            [reply = std::move(reply)](const Trace& whole) mutable { reply(trace_json(whole)); });
      });
}

}  // namespace

void add_control_methods(ControlServer& server, ControlSubjects subjects) {
  // Shared by the handlers, which live as long as the server.
  const auto shared = std::make_shared<const ControlSubjects>(std::move(subjects));
  const ControlParam limit{"limit", ParamType::kCount};
  server.add("status", {}, [shared](const json&, ControlServer::Reply reply) {
    tell_status(*shared, std::move(reply));
  });
  const ControlParam before{"before", ParamType::kCount};
  server.add("sessions.list", {limit, before},
             [shared](const json& params, ControlServer::Reply reply) {
               list_sessions(*shared, params, std::move(reply));
             });
  server.add("deliveries.list", {limit, {"state"}, before},
             [shared](const json& params, ControlServer::Reply reply) {
               list_deliveries(*shared, params, std::move(reply));
             });
  server.add("deliveries.count",
             {{"instance", ParamType::kText, true}, {"chat", ParamType::kText, true}},
             [shared](const json& params, ControlServer::Reply reply) {
               count_deliveries(*shared, params, std::move(reply));
             });
  server.add("deliveries.resolve",
             {{"id", ParamType::kCount, true}, {"as", ParamType::kText, true}},
             [shared](const json& params, ControlServer::Reply reply) {
               resolve_delivery(*shared, params, std::move(reply));
             });
  server.add("trace", {{"id", ParamType::kText, true}, {"chat"}},
             [shared](const json& params, ControlServer::Reply reply) {
               trace(*shared, params, std::move(reply));
             });
}

}  // namespace patchbay::host
