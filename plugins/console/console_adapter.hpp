// The console channel: people at a terminal on this machine. A chat is a name; whoever attaches
// under that name with `patchbay chat NAME` is in it.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include <patchbay/sdk/adapter.hpp>
#include <patchbay/sdk/listener.hpp>

#include "console/frames.hpp"
#include "console/mailbox.hpp"

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

  static constexpr std::uint32_t kTypingLastsMs = 5000;
  void typing(sdk::Chat chat);

 private:
  // One attached terminal.
  struct Connection {
    explicit Connection(sdk::Runtime& runtime) : frames(runtime) {}
    std::string chat;  // empty before its hello
    FrameReader reader;
    Mailbox<Frame> frames;  // messages and their data, in order
  };
  enum class Shown : std::uint8_t { kShown, kNobodyThere };
  // A delivery that waits to be shown.
  struct Showing {
    explicit Showing(sdk::Runtime& runtime) : outcome(runtime) {}
    pbay_op op = 0;
    std::string chat;
    std::vector<sdk::OutboundFile> files;
    Mailbox<Shown> outcome;
  };

  void on_event(const sdk::ListenerEvent& event);
  void on_bytes(std::uint64_t id, Connection& connection, std::string_view bytes);
  // Returns false when the connection was closed for it.
  bool on_frame(std::uint64_t id, Connection& connection, Frame frame);
  void attach(std::uint64_t id, Connection& connection, const nlohmann::json& hello);
  void drop(std::uint64_t id, const std::string& why);
  void send_chunk(std::uint64_t id, const nlohmann::json& request);
  // Takes the messages of one terminal, one after the other.
  sdk::Task<> serve(std::uint64_t id, std::shared_ptr<Connection> connection);
  sdk::Task<> take_message(std::uint64_t id, std::shared_ptr<Connection> connection, Frame frame);
  sdk::Task<std::string> pull_file(std::uint64_t id, std::shared_ptr<Connection> connection,
                                   std::string message, std::size_t index, std::uint64_t handle,
                                   std::uint64_t size);
  bool send(std::uint64_t id, const nlohmann::json& frame);
  bool show(const std::string& chat, const nlohmann::json& frame);
  [[nodiscard]] bool anybody_in(const std::string& chat) const;
  static void end_showing(std::shared_ptr<Showing> showing, Shown outcome);
  // Those that wait for somebody in `chat` who is there no more.
  void give_up_if_empty(const std::string& chat);

  std::string instance_;
  sdk::Listener listener_;
  // Shared with serve(), which may be waiting when the connection goes.
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections_;
  std::map<std::string, std::shared_ptr<Showing>> showing_;  // by the message's id
};

}  // namespace patchbay::console
