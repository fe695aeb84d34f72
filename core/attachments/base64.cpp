#include "attachments/base64.hpp"

#include <array>

namespace patchbay::attachments {
namespace {

using base::Code;
using base::Status;

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 0xFF;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  for (auto& value : values) {
    value = kNone;
  }
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}
constexpr std::array<std::uint8_t, 256> kValues = make_values();

}  // namespace

Status Base64Decoder::feed(std::string_view text, std::string& out) {
  for (const char c : text) {
    const std::uint8_t value = kValues[static_cast<std::uint8_t>(c)];
    const bool pads = c == '=' && sextets_ >= 2;
    // After padding only padding, and nothing after the group that it completes.
    if (ended_ || (padding_ > 0 && !pads) || (value == kNone && !pads)) {
      return {Code::kInvalidArgument, "not base64 at character " + std::to_string(position_ + 1)};
    }
    ++position_;
    padding_ += pads ? 1 : 0;
    bits_ = (bits_ << 6) | (pads ? 0U : value);
    if (++sextets_ < 4) {
      continue;
    }
    // Bits that padding leaves over must be zero, else two texts would mean the same bytes.
    if ((padding_ == 1 && (bits_ & 0xFFU) != 0) || (padding_ == 2 && (bits_ & 0xFFFFU) != 0)) {
      return {Code::kInvalidArgument, "not base64: bits left over at its end"};
    }
    for (int i = 0; i < 3 - padding_; ++i) {
      out += static_cast<char>(static_cast<std::uint8_t>(bits_ >> (16 - 8 * i)));
    }
    ended_ = padding_ > 0;
    bits_ = 0;
    sextets_ = 0;
  }
  return {};
}

Status Base64Decoder::finish() const {
  if (sextets_ != 0) {
    return {Code::kInvalidArgument,
            "base64 is cut off after character " + std::to_string(position_)};
  }
  return {};
}

std::string base64_encode(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = (group << 8) | (i + k < bytes.size() ? static_cast<std::uint8_t>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += i + k > bytes.size() ? '=' : kAlphabet[(group >> (18 - 6 * k)) & 0x3FU];
    }
  }
  return text;
}

}  // namespace patchbay::attachments
