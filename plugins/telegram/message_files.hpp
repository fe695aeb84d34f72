// The files of an inbound message.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include <patchbay/sdk/event.hpp>

namespace patchbay::telegram {

// "The maximum file size to download is 20 MB": https://core.telegram.org/bots/api#getfile
inline constexpr std::int64_t kDownloadBytes = 20 * 1024 * 1024;

// Each with its Telegram file id as reference; one over the limit has an error instead, which tells
// the agent what to ask for. Of a photo's sizes the largest counts.
[[nodiscard]] std::vector<sdk::InboundFile> files_of(const nlohmann::json& message);

// Why a file of so many bytes (or -1) cannot be had.
[[nodiscard]] std::string too_big_to_download(std::int64_t size);

}  // namespace patchbay::telegram
