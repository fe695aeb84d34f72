// Files of inbound messages into the host's staging: https://core.telegram.org/bots/api#getfile
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <patchbay/sdk/adapter.hpp>

#include "telegram/bot_api.hpp"

namespace patchbay::telegram {

class Downloader {
 public:
  Downloader(sdk::Adapter& adapter, BotApi& api) : adapter_(adapter), api_(api) {}

  // Downloads what the events name by reference, a few files at a time and for at most about a
  // minute, since everything that came after them waits. Afterwards each file is staged, or has an
  // error, or, when there was not time enough, still has its reference: then the host asks for it
  // later.
  [[nodiscard]] sdk::Task<> stage_files(std::vector<sdk::Event>& events);

  // What a host asks for later. One try: a staging handle cannot be written anew.
  [[nodiscard]] sdk::Task<sdk::Result> fetch(std::string file_id, std::uint64_t staging);

 private:
  struct Batch;

  [[nodiscard]] sdk::Task<> work(std::shared_ptr<Batch> batch);
  [[nodiscard]] sdk::Task<> take_turns(std::shared_ptr<Batch> batch);
  [[nodiscard]] sdk::Task<> stage(sdk::InboundFile& file, std::int64_t deadline_ms);
  // Ok, or a result whose class says whether another try may help. timeout: of each request.
  [[nodiscard]] sdk::Task<sdk::Result> into(std::uint64_t staging, std::string file_id,
                                            std::chrono::milliseconds timeout);

  sdk::Adapter& adapter_;
  BotApi& api_;
};

}  // namespace patchbay::telegram
