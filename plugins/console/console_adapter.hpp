// The console channel: people at a terminal on this machine. A chat is a name; whoever attaches
// under that name with `patchbay chat NAME` is in it. The protocol: frames.hpp.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>

#include <patchbay/sdk/adapter.hpp>
#include <patchbay/sdk/listener.hpp>

#include "console/alarm.hpp"
#include "console/frames.hpp"
#include "console/mailbox.hpp"
#include "console/outbox.hpp"

namespace patchbay::console {

class ConsoleAdapter final : public sdk::Adapter {
 public:
  explicit ConsoleAdapter(const pbay_host* host) : Adapter(host), listener_(runtime()) {}

  sdk::Result configure(std::string_view settings_json) override;
  sdk::Task<> run() override;
  sdk::Task<sdk::Result> deliver(sdk::Delivery delivery) override;
  sdk::Capabilities capabilities(const sdk::Chat& chat) override;
  std::optional<std::vector<sdk::Event>> translate(std::string_view kind,
                                                   std::string_view payload) override;
  void cancelled(pbay_op op) override;

  // As many as the host stages at once for an instance: with one more the message would never come.
  static constexpr std::size_t kFilesPerMessage = 64;
  // For a chunk of a file that was asked for.
  static constexpr std::int64_t kChunkMs = 60'000;
  // For the other terminals, when one has shown a message: since then, or since a chunk of its
  // files was asked for.
  static constexpr std::int64_t kOthersMs = 3000;
  // When nobody has: the host takes what comes after the deadline for a broken contract.
  static constexpr std::int64_t kBeforeDeadlineMs = 2000;

  static constexpr std::uint32_t kTypingLastsMs = 5000;
  void typing(const sdk::Chat& chat);

  // Messages of one terminal that wait for the one before; more end its connection.
  static constexpr std::size_t kWaitingMessages = 64;
  static constexpr std::size_t kWaitingBytes = 4 * kTextBytes;

 private:
  // The chunk that was asked for. No other is taken.
  struct Asked {
    std::string message;
    std::uint64_t file = 0;
    std::uint64_t offset = 0;
  };
  // One attached terminal.
  struct Connection {
    Connection(ConsoleAdapter& adapter, std::uint64_t number)
        : id(number),
          outbox(adapter.listener_, number),
          messages(adapter.runtime()),
          chunks(adapter.runtime()),
          overdue(adapter.runtime(), [&adapter, number] { adapter.chunk_overdue(number); }) {}
    std::uint64_t id;
    std::string chat;     // empty before its hello
    bool over = false;    // gone, or about to be: nothing more is read
    bool silent = false;  // stopped, perhaps: not waited for, until it says something
    FrameReader reader{kTextBytes};
    Outbox outbox;
    Mailbox<Frame> messages;  // in order; an empty frame at the end
    std::size_t waiting_messages = 0;
    std::size_t waiting_bytes = 0;
    std::optional<Asked> asked;
    Mailbox<Frame> chunks;  // at most the one that was asked for
    Alarm overdue;          // that one
  };
  using ConnectionPtr = std::shared_ptr<Connection>;  // with serve(), which outlives the connection

  // A delivery on its way to all terminals of its chat.
  struct Showing {
    Showing(sdk::Runtime& runtime, std::function<void()> out_of_patience)
        : outcome(runtime), patience(runtime, std::move(out_of_patience)) {}
    pbay_op op = 0;
    std::string chat;
    std::int64_t deadline_ms = 0;  // monotonic; 0: none
    std::vector<sdk::OutboundFile> files;
    std::string frame;  // with its words: for a terminal that comes meanwhile
    std::string words;
    std::set<std::uint64_t> terminals;  // that have not answered yet
    bool shown = false;                 // by one of them
    bool unheard = false;               // one ended without a word: it may have shown it
    std::string unsaved;                // why one could not keep its files
    Mailbox<sdk::Result> outcome;
    Alarm patience;  // with those that have not answered
  };
  using ShowingPtr = std::shared_ptr<Showing>;

  void on_event(const sdk::ListenerEvent& event);
  void on_bytes(const ConnectionPtr& connection, std::string_view bytes);
  void on_frame(const ConnectionPtr& connection, Frame frame);
  void attach(const ConnectionPtr& connection, const nlohmann::json& hello);
  void gone(const ConnectionPtr& connection);
  void drop(Connection& connection, const std::string& why);
  // It may come back, and then sends again what was not acknowledged; drop() ends it for good.
  void hang_up(Connection& connection, const std::string& why);
  void send(Connection& connection, const nlohmann::json& frame, std::string_view body = {});
  void send_text(Connection& connection, std::string_view frame, std::string_view body);

  // ---- what people say: console_inbound.cpp ----
  void queue_message(Connection& connection, Frame frame);
  static void take_chunk(Connection& connection, const nlohmann::json& head, Frame frame);
  void chunk_overdue(std::uint64_t terminal);
  // Takes the messages of one terminal, one after the other.
  sdk::Task<> serve(ConnectionPtr connection);
  sdk::Task<> take_message(ConnectionPtr connection, Frame frame);
  // Into staging; the value is its handle.
  sdk::Task<sdk::Completion> pull_file(ConnectionPtr connection, std::string message,
                                       std::size_t index, std::int64_t size);
  sdk::Task<sdk::Completion> pull_into(std::uint64_t handle, ConnectionPtr connection,
                                       std::string message, std::size_t index, std::uint64_t size);
  [[nodiscard]] sdk::Completion why_no_staging() const;
  void answer(Connection& connection, const std::string& message, const sdk::Submitted& submitted);

  // ---- what agents say: console_outbound.cpp ----
  ShowingPtr show(const sdk::Delivery& delivery);
  void show_to(Showing& showing, Connection& connection);
  // What nobody has shown yet is shown to a new terminal, too: the others may have stopped.
  void join(Connection& connection);
  void acknowledged(const Connection& connection, const std::string& message);
  void unsaved(const Connection& connection, const std::string& message, std::string reason);
  void terminal_left(std::uint64_t terminal);
  void send_chunk(Connection& connection, const nlohmann::json& request);
  // By value: what waits goes on inside the push, and may be gone after it.
  static void end_showing(const ShowingPtr& showing, sdk::Result result);
  void end_if_all_answered(const ShowingPtr& showing);
  [[nodiscard]] bool is_awaited(const Showing& showing) const;
  void be_patient(Showing& showing) const;
  void out_of_patience(const std::string& message);

  std::string instance_;
  sdk::Listener listener_;
  std::map<std::uint64_t, ConnectionPtr> connections_;
  std::map<std::string, ShowingPtr> showing_;  // by the message's id
};

}  // namespace patchbay::console
