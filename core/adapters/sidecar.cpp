#include "adapters/sidecar.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include <patchbay/adapter.h>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace patchbay::adapters {
namespace {

using base::Code;
using base::Result;
using base::Status;
using nlohmann::json;

constexpr int kSidecarFormat = 1;

Status missing(std::string_view key, std::string_view kind) {
  return {Code::kInvalidArgument, std::string("'").append(key).append("' is not ").append(kind)};
}

Result<std::string> text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string() ||
      found->get_ref<const std::string&>().empty()) {
    return missing(key, "a text");
  }
  return found->get<std::string>();
}

Result<std::uint32_t> number_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_unsigned() ||
      found->get<std::uint64_t>() > 0xffffffffU) {
    return missing(key, "a number");
  }
  return found->get<std::uint32_t>();
}

Result<std::vector<std::string>> texts_of(const json& object, const char* key) {
  std::vector<std::string> out;
  const auto found = object.find(key);
  if (found == object.end()) {
    return out;
  }
  if (!found->is_array()) {
    return missing(key, "a list of texts");
  }
  for (const json& element : *found) {
    if (!element.is_string()) {
      return missing(key, "a list of texts");
    }
    out.push_back(element.get<std::string>());
  }
  return out;
}

Result<Sidecar> read(const json& object) {
  if (!object.is_object()) {
    return Status(Code::kInvalidArgument, "it is no JSON object");
  }
  PATCHBAY_ASSIGN(const std::uint32_t format, number_of(object, "format"));
  if (format != kSidecarFormat) {
    return Status(Code::kRefused, "its 'format' is " + std::to_string(format) +
                                      ", this host reads " + std::to_string(kSidecarFormat));
  }
  Sidecar out;
  PATCHBAY_ASSIGN(out.id, text_of(object, "id"));
  if (!base::is_instance_name(out.id)) {
    return missing("id", "a channel's name ([a-z0-9][a-z0-9-]{0,31})");
  }
  PATCHBAY_ASSIGN(out.version, text_of(object, "version"));
  const auto abi = object.find("abi");
  if (abi == object.end() || !abi->is_object()) {
    return missing("abi", "an object with major, minor and draft");
  }
  PATCHBAY_ASSIGN(out.abi_major, number_of(*abi, "major"));
  PATCHBAY_ASSIGN(out.abi_minor, number_of(*abi, "minor"));
  PATCHBAY_ASSIGN(out.abi_draft, number_of(*abi, "draft"));
  PATCHBAY_ASSIGN(out.sha256, text_of(object, "sha256"));
  out.sha256 = base::to_lower(out.sha256);
  if (out.sha256.size() != 64 ||
      out.sha256.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return missing("sha256", "64 hexadecimal digits");
  }
  if (const auto settings = object.find("settings"); settings != object.end()) {
    PATCHBAY_ASSIGN(out.settings, SettingsSchema::parse(*settings));
  }
  PATCHBAY_ASSIGN(out.abilities, texts_of(object, "abilities"));
  PATCHBAY_ASSIGN(out.allowed_hosts, texts_of(object, "allowed_hosts"));
  if (const auto licence = object.find("licence");
      licence != object.end() && licence->is_string()) {
    out.licence = licence->get<std::string>();
  }
  return out;
}

}  // namespace

Result<Sidecar> parse_sidecar(std::string_view text, std::string_view file) {
  Result<json> object = base::parse_json(text);
  Result<Sidecar> sidecar = object.ok() ? read(*object) : Result<Sidecar>(object.status());
  if (sidecar.ok()) {
    return sidecar;
  }
  return Status(sidecar.status().code(),
                "sidecar " + std::string(file) + ": " + sidecar.status().message() +
                    "; build the adapter again with patchbay_add_adapter(), or take it out");
}

Status check_abi(std::uint32_t major, std::uint32_t minor, std::uint32_t draft) {
  const auto version = [](std::uint32_t a, std::uint32_t b) {
    return std::to_string(a) + "." + std::to_string(b);
  };
  if (major > PBAY_ABI_MAJOR) {
    return {Code::kRefused, "it speaks adapter ABI " + version(major, minor) +
                                ", one of a newer major than this host's " +
                                version(PBAY_ABI_MAJOR, PBAY_ABI_MINOR) + ": update Patchbay"};
  }
  if (major < PBAY_ABI_MAJOR) {
    return {Code::kRefused, "it speaks adapter ABI " + version(major, minor) + ", this host " +
                                version(PBAY_ABI_MAJOR, PBAY_ABI_MINOR) +
                                ": get a newer build of the adapter"};
  }
  if (draft != PBAY_ABI_DRAFT) {
    return {Code::kRefused, "it was built for draft " + std::to_string(draft) + " of adapter ABI " +
                                version(major, minor) + ", this host has draft " +
                                std::to_string(PBAY_ABI_DRAFT) +
                                ": build the adapter against this host's headers"};
  }
  return {};
}

}  // namespace patchbay::adapters
