// What a new row costs in a session that has delivered 10, 10,000 and 1,000,000 rows before.
#include <array>
#include <filesystem>
#include <sys/stat.h>

#include "agent_process.hpp"
#include "delivery_rig.hpp"
#include "measure.hpp"
#include "plain_sqlite.hpp"
#include "store/repositories.hpp"

namespace patchbay::bench {
namespace {

constexpr std::array<int, 3> kDeliveredBefore{10, 10'000, 1'000'000};
constexpr int kRounds = 200;
constexpr int kWarmUp = 10;
constexpr base::Milliseconds kPause{3};

std::string session_folder(const std::string& data) { return data + "/sessions/main/s0"; }

// The rows of the past, as they lie in all three databases; not durable, which is not measured.
void fill(const std::string& data, int rows) {
  const std::string folder = session_folder(data);
  const std::string fast =
      "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY; PRAGMA cache_size = -200000;";
  const std::string chat = chat_of(kRigInstance, 0);
  {
    PlainDatabase outbound(folder + "/outbound.db");
    outbound.run(fast +
                 "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
                 std::to_string(rows) +
                 ") INSERT INTO messages_out(id, seq, timestamp, kind, platform_id, channel_type, "
                 "content) SELECT lower(hex(randomblob(10))), 2 * i + 1, "
                 "'2026-01-01T00:00:00.000Z', 'chat', '" +
                 chat + "', '" + kRigInstance + "', '{\"text\":\"an answer\"}' FROM n");
  }
  const std::string attach = "ATTACH '" + folder + "/outbound.db' AS past;";
  {
    PlainDatabase inbound(folder + "/inbound.db");
    inbound.run(fast + attach +
                "INSERT INTO delivered(message_out_id, platform_message_id, delivered_at) SELECT "
                "id, 'm' || seq, timestamp FROM past.messages_out ORDER BY id");
  }
  PlainDatabase central(data + "/patchbay.db");
  central.run(
      "PRAGMA synchronous = OFF; PRAGMA cache_size = -200000;" + attach +
      "INSERT INTO deliveries(agent, session, message_out_id, instance, chat, thread, kind, "
      "content, in_reply_to, target, spool, files, refused_files, idempotency_key, state, "
      "attempts, reason, evidence, accepted_at, finished_at, paused_total, projected, "
      "notified) SELECT 'main', 's0', id, '" +
      kRigInstance + "', '" + chat +
      "', '', 'chat', content, '', '', '', '[]', '[]', '', 2, 1, '', '', 1, 1, 0, 1, 1 "
      "FROM past.messages_out;"
      "INSERT INTO delivery_parts SELECT id, 0, 'm' || id, '' FROM deliveries;"
      "INSERT INTO delivery_counts VALUES('" +
      kRigInstance + "', 2, " + std::to_string(rows) + "); PRAGMA wal_checkpoint(TRUNCATE)");
}

// All that fill() made has been read.
session::Watermark past_of(const std::string& data) {
  const std::string path = session_folder(data) + "/outbound.db";
  struct stat file{};
  if (::stat(path.c_str(), &file) != 0) {
    throw std::runtime_error("no " + path);
  }
  PlainDatabase outbound(path);
  const std::string last = " FROM messages_out ORDER BY rowid DESC LIMIT 1";
  return {outbound.number("SELECT rowid" + last), outbound.text("SELECT id" + last),
          outbound.number("SELECT seq" + last), file.st_ino,
          outbound.number("PRAGMA schema_version")};
}

void make_past(const std::string& data, int rows) {
  std::filesystem::create_directories(data);
  {
    Storage storage(data);
    storage.make_sessions(kRigInstance, 1);
  }
  fill(data, rows);
  const session::Watermark past = past_of(data);
  Storage storage(data);
  must(storage.database->run([&past](store::Repositories& stored) {
    return stored.watermarks.put(session_of(0).agent, session_of(0).id,
                                 {past.rowid, past.id, past.seq, past.inode, past.schema_version});
  }));
}

// One size of the past: its own data folder, so its own ledger too.
struct World {
  explicit World(const std::string& data) : storage(data) {}
  Storage storage;
  session::Watermark read_to;
  std::unique_ptr<DeliveryRig> rig;
  std::vector<double> drain;
  std::vector<double> delivery;
};

void measure_drain(World& world, AgentProcess& agent, std::uint8_t index) {
  agent.write(index);
  agent.committed();
  const auto begin = Clock::now();
  std::optional<base::Result<session::OutboundBatch>> batch;
  world.storage.sessions->drain(
      session_of(0), world.read_to,
      [&](base::Result<session::OutboundBatch> read) { batch = std::move(read); });
  run_until(world.storage.loop, [&] { return batch.has_value(); }, "a drain");
  world.drain.push_back(milliseconds_since(begin));
  if (must(*batch).messages.size() != 1) {
    throw std::runtime_error("a drain brought " + std::to_string((*batch)->messages.size()) +
                             " rows instead of 1");
  }
  world.read_to = (*batch)->watermark;
}

void measure_delivery(World& world, AgentProcess& agent, std::uint8_t index) {
  const std::size_t before = world.rig->delivered();
  world.rig->pass(kPause);
  agent.write(index);
  world.rig->wait_delivered(before + 1);
  world.delivery.push_back(
      std::chrono::duration<double, std::milli>(world.rig->last_called() - agent.committed())
          .count());
}

}  // namespace

std::vector<Figure> drain_cost(const Place& place) {
  std::vector<std::string> data;
  std::vector<std::string> folders;
  for (const int rows : kDeliveredBefore) {
    data.push_back(place.folder + "/" + std::to_string(rows));
    folders.push_back(session_folder(data.back()));
  }
  AgentProcess agent(folders, kRigInstance);
  std::vector<std::unique_ptr<World>> worlds;
  for (std::size_t i = 0; i < data.size(); ++i) {
    make_past(data[i], kDeliveredBefore[i]);
    const session::Watermark past = past_of(data[i]);
    worlds.push_back(std::make_unique<World>(data[i]));
    worlds.back()->read_to = past;
  }
  // In turn, so that whatever else the machine does hits all sizes alike.
  for (int round = 0; round < kWarmUp + kRounds; ++round) {
    for (std::uint8_t i = 0; i < worlds.size(); ++i) {
      measure_drain(*worlds[i], agent, i);
    }
  }
  for (const auto& world : worlds) {
    world->rig = std::make_unique<DeliveryRig>(world->storage);
    world->rig->agent_started(session_of(0));
    world->rig->wait_delivered(kWarmUp + kRounds);  // what the drains left to be delivered
  }
  for (int round = 0; round < kWarmUp + kRounds; ++round) {
    for (std::uint8_t i = 0; i < worlds.size(); ++i) {
      measure_delivery(*worlds[i], agent, i);
    }
  }
  const auto p50 = [](std::vector<double>& samples) {
    samples.erase(samples.begin(), samples.begin() + kWarmUp);
    return percentile(samples, 0.5);
  };
  std::vector<Figure> figures;
  const double drain_few = p50(worlds[0]->drain);
  const double delivery_few = p50(worlds[0]->delivery);
  for (const std::size_t i : {1U, 2U}) {
    const std::string rows = i == 1 ? "10⁴" : "10⁶";
    figures.push_back({"drain of one row after " + rows + " delivered, p50",
                       "ms",
                       p50(worlds[i]->drain),
                       "after 10",
                       drain_few,
                       {ratio_at_most(1.2)}});
    figures.push_back({"commit → adapter called after " + rows + " delivered, p50",
                       "ms",
                       p50(worlds[i]->delivery),
                       "after 10",
                       delivery_few,
                       {}});
  }
  return figures;
}

}  // namespace patchbay::bench
