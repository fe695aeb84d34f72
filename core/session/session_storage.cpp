#include "session/session_storage.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/sha256.hpp"
#include "session/session_worker.hpp"

namespace patchbay::session {
namespace {

// A session in 16 bytes.
using SessionDigest = std::array<std::uint8_t, 16>;

SessionDigest digest_of(const SessionAddress& session) {
  const std::array<std::uint8_t, 32> whole = base::sha256(session_name(session));
  SessionDigest digest{};
  std::copy_n(whole.begin(), digest.size(), digest.begin());
  return digest;
}

class FileSessionStorage final : public SessionStorage {
 public:
  explicit FileSessionStorage(std::shared_ptr<StorageContext> context)
      : context_(std::move(context)) {}

  void create(const SessionAddress& session, Done<bool> done) override {
    worker(session).create(std::move(done));
  }
  void write(const SessionAddress& session, InboundCommand command,
             Done<CommandOutcome> done) override {
    worker(session).write(std::move(command), std::move(done));
  }
  void drain(const SessionAddress& session, Watermark watermark,
             Done<OutboundBatch> done) override {
    worker(session).drain(std::move(watermark), std::move(done));
  }
  void compare(const SessionAddress& session, std::vector<std::string> known,
               Done<OutboundBatch> done) override {
    worker(session).compare(std::move(known), std::move(done));
  }
  void recover(const RunLease& lease, Done<Recovery> done) override {
    worker(lease.session()).recover(std::move(done));
  }
  void settle_claims(const RunLease& lease, bool aborted, Done<Settled> done) override {
    worker(lease.session()).settle_claims(aborted, std::move(done));
  }
  void write_outbound(const RunLease& lease, DirectOutboundRow row,
                      Done<CommandOutcome> done) override {
    worker(lease.session()).write_outbound(std::move(row), std::move(done));
  }
  void read_turn(const SessionAddress& session, Done<Turn> done) override {
    worker(session).read_turn(std::move(done));
  }
  void rows_without_files(const SessionAddress& session,
                          Done<std::vector<RowWithoutFiles>> done) override {
    worker(session).rows_without_files(std::move(done));
  }
  void read_rows(const SessionAddress& session, std::vector<std::string> ids,
                 Done<std::vector<RowState>> done) override {
    worker(session).read_rows(std::move(ids), std::move(done));
  }
  void read_work(const SessionAddress& session, Done<SessionWork> done) override {
    worker(session).read_work(std::move(done));
  }
  void sweep_inbox(const SessionAddress& session, base::WallTime before,
                   std::unordered_set<std::string> kept, Done<std::size_t> done) override {
    worker(session).sweep_inbox(before, std::move(kept), std::move(done));
  }

  base::Result<std::shared_ptr<attachments::ConfinedFolder>> folder(
      const SessionAddress& session) override {
    PATCHBAY_ASSIGN(attachments::ConfinedFolder opened, context_->folders.open_session(session));
    return std::make_shared<attachments::ConfinedFolder>(std::move(opened));
  }

  void rest() override { put_all_to_rest(); }

  void on_work(std::function<void(const SessionAddress&, const SessionWork&)> listener) override {
    context_->listener = std::move(listener);
  }

 private:
  using Workers = std::map<SessionAddress, std::shared_ptr<SessionWorker>>;

  // Workers stay for a while: what they know of a session saves a look.
  SessionWorker& worker(const SessionAddress& session) {
    auto found = workers_.find(session);
    if (found == workers_.end()) {
      if (workers_.size() >= rest_above_) {
        put_all_to_rest();
      }
      const bool is_foreign = std::binary_search(foreign_journals_.begin(), foreign_journals_.end(),
                                                 digest_of(session));
      const JournalTrust trust = is_foreign ? JournalTrust::kForeign : JournalTrust::kMayBeOurs;
      found = workers_.emplace(session, std::make_shared<SessionWorker>(context_, session, trust))
                  .first;
    }
    return *found->second;
  }

  // Which journal is whose is remembered for ever; the rest a fresh look tells.
  void put_all_to_rest() {
    std::vector<SessionDigest> ours;
    std::erase_if(workers_, [this, &ours](const auto& entry) {
      const auto& [session, worker] = entry;
      const std::optional<JournalTrust> trust = worker->at_rest();
      if (trust) {
        (*trust == JournalTrust::kForeign ? foreign_journals_ : ours).push_back(digest_of(session));
      }
      return trust.has_value();
    });
    std::sort(foreign_journals_.begin(), foreign_journals_.end());
    foreign_journals_.erase(std::unique(foreign_journals_.begin(), foreign_journals_.end()),
                            foreign_journals_.end());
    std::sort(ours.begin(), ours.end());
    std::erase_if(foreign_journals_, [&ours](const SessionDigest& digest) {
      return std::binary_search(ours.begin(), ours.end(), digest);
    });
    // Not again before as many were made as could not rest.
    rest_above_ = std::max(context_->options.workers, 2 * (workers_.size() + 1));
  }

  const std::shared_ptr<StorageContext> context_;
  Workers workers_;
  std::size_t rest_above_ = context_->options.workers;
  // Sorted; one of every session there is, in one piece of memory. Of a session with a worker, what
  // the worker knows counts.
  std::vector<SessionDigest> foreign_journals_;
};

}  // namespace

base::Result<std::unique_ptr<SessionStorage>> SessionStorage::open(Options options,
                                                                   base::Executor& pool,
                                                                   base::Executor& completions,
                                                                   const base::Clock& clock) {
  PATCHBAY_ASSIGN(SessionFolders folders, SessionFolders::open(options.sessions_folder));
  auto context = std::make_shared<StorageContext>(StorageContext{.options = std::move(options),
                                                                 .folders = std::move(folders),
                                                                 .pool = pool,
                                                                 .completions = completions,
                                                                 .clock = clock,
                                                                 .listener = {}});
  return std::unique_ptr<SessionStorage>(std::make_unique<FileSessionStorage>(std::move(context)));
}

}  // namespace patchbay::session
