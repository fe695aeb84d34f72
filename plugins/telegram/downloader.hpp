// Files of inbound messages into the host's staging: https://core.telegram.org/bots/api#getfile
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <patchbay/sdk/adapter.hpp>

#include "telegram/bot_api.hpp"

namespace patchbay::telegram {

class Downloader {
 public:
  Downloader(sdk::Adapter& adapter, BotApi& api) : adapter_(adapter), api_(api) {}

  // Downloads what the events name by reference, a few files at a time. Afterwards each file is
  // staged, or has an error, or, when Telegram or the host was too busy for too long, still has its
  // reference: then the host asks for it later, and the other messages do not wait for it.
  [[nodiscard]] sdk::Task<> stage_files(std::vector<sdk::Event>& events);

  // What a host asks for later. One try: a staging handle cannot be written anew.
  [[nodiscard]] sdk::Task<sdk::Result> fetch(std::string file_id, std::uint64_t staging);

 private:
  struct Batch;

  [[nodiscard]] sdk::Task<> work(std::shared_ptr<Batch> batch);
  [[nodiscard]] sdk::Task<> take_turns(std::shared_ptr<Batch> batch);
  [[nodiscard]] sdk::Task<> stage(sdk::InboundFile& file);
  // Ok, or a result whose class says whether another try may help.
  [[nodiscard]] sdk::Task<sdk::Result> into(std::uint64_t staging, std::string file_id);

  sdk::Adapter& adapter_;
  BotApi& api_;
};

}  // namespace patchbay::telegram
