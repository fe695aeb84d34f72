// Base64 as it streams by: standard alphabet, padding required, nothing else accepted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.hpp"

namespace patchbay::attachments {

class Base64Decoder {
 public:
  // Appends what can be decoded so far to `out`. kInvalidArgument says at which character it broke.
  [[nodiscard]] base::Status feed(std::string_view text, std::string& out);
  // To be called after the last feed(): the text must have ended with a whole group.
  [[nodiscard]] base::Status finish() const;

 private:
  std::uint32_t bits_ = 0;
  int sextets_ = 0;  // in the group under way, padding included
  int padding_ = 0;
  bool ended_ = false;  // a padded group was seen
  std::size_t position_ = 0;
};

[[nodiscard]] std::string base64_encode(std::string_view bytes);

}  // namespace patchbay::attachments
