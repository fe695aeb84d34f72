#include "session/session_storage.hpp"

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
  void settle_claims(const RunLease& lease, bool aborted, Done<SessionWork> done) override {
    worker(lease.session()).settle_claims(aborted, std::move(done));
  }
  void write_outbound(const RunLease& lease, DirectOutboundRow row,
                      Done<CommandOutcome> done) override {
    worker(lease.session()).write_outbound(std::move(row), std::move(done));
  }
  void read_turn(const SessionAddress& session, Done<Turn> done) override {
    worker(session).read_turn(std::move(done));
  }
  void read_work(const SessionAddress& session, Done<SessionWork> done) override {
    worker(session).read_work(std::move(done));
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
  // Workers stay: what they know of a session (which journal is whose, what was read) is small and
  // saves a look.
  SessionWorker& worker(const SessionAddress& session) {
    std::shared_ptr<SessionWorker>& entry = workers_[session];
    if (entry == nullptr) {
      entry = std::make_shared<SessionWorker>(context_, session);
    }
    return *entry;
  }

  const std::shared_ptr<StorageContext> context_;
  std::map<SessionAddress, std::shared_ptr<SessionWorker>> workers_;
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
