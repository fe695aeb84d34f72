#include "session/session_storage.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "session/session_worker.hpp"

namespace patchbay::session {
namespace {

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

  void on_work(std::function<void(const SessionAddress&, const SessionWork&)> listener) override {
    context_->listener = std::move(listener);
  }

 private:
  struct Entry {
    std::shared_ptr<SessionWorker> worker;  // none while it is at rest
    JournalTrust trust = JournalTrust::kMayBeOurs;
  };

  // Workers stay for a while: what they know of a session saves a look.
  SessionWorker& worker(const SessionAddress& session) {
    Entry& entry = sessions_[session];
    if (entry.worker == nullptr) {
      if (++workers_ > rest_above_) {
        put_to_rest();
      }
      entry.worker = std::make_shared<SessionWorker>(context_, session, entry.trust);
    }
    return *entry.worker;
  }

  // Which journal is whose is remembered for ever; the rest a fresh look tells.
  void put_to_rest() {
    workers_ = 1;  // the one that is about to be made
    for (auto& [session, entry] : sessions_) {
      const auto trust = entry.worker == nullptr ? std::nullopt : entry.worker->at_rest();
      if (trust) {
        entry = {nullptr, *trust};
      } else if (entry.worker != nullptr) {
        ++workers_;
      }
    }
    // Not again before as many were made as could not rest.
    rest_above_ = std::max(context_->options.workers, 2 * workers_);
  }

  const std::shared_ptr<StorageContext> context_;
  std::map<SessionAddress, Entry> sessions_;
  std::size_t workers_ = 0;  // entries with a worker
  std::size_t rest_above_ = context_->options.workers;
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
