#include "host/secrets.hpp"

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "base/status.hpp"
#include "base/text.hpp"
#include "base/text_file.hpp"

namespace patchbay::host {
namespace {

using base::Code;
using base::Result;
using base::Status;
using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxSecretBytes = 64 * 1024;

Result<std::string> from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') {
    return Status(Code::kNotFound,
                  "the environment has no " + name + "; set it, or name a file with {\"file\":…}");
  }
  return std::string(value);
}

Result<std::string> from_file(const std::filesystem::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    return Status::from_errno(errno, "cannot read the secret in " + path.string());
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO) & ~static_cast<mode_t>(S_IRGRP)) != 0) {
    return Status(Code::kRefused, "others can use the secret in " + path.string() +
                                      "; run: chmod 600 " + path.string());
  }
  if (static_cast<std::size_t>(info.st_size) > kMaxSecretBytes) {
    return Status(Code::kTooLarge, path.string() + " is too large to be a secret");
  }
  PATCHBAY_ASSIGN(std::string text, base::read_text_file(path.string()));
  text.erase(text.find_last_not_of("\r\n") + 1);
  if (text.empty()) {
    return Status(Code::kNotFound, "there is no secret in " + path.string());
  }
  return text;
}

Result<std::string> from_credential(const std::string& name) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || name.find('/') != std::string::npos) {
    return Status(Code::kNotFound, "there is no systemd credential " + name +
                                       "; add LoadCredential=" + name + ":… to the unit");
  }
  return from_file(std::filesystem::path(folder) / name);
}

// {"env":"X"} and nothing else.
bool names_secret(const Json& value) {
  if (!value.is_object() || value.size() != 1 || !value.begin()->is_string()) {
    return false;
  }
  const std::string& key = value.begin().key();
  return key == "env" || key == "file" || key == "credential";
}

Result<std::string> read_secret(const Json& value, const std::string& base_dir) {
  const std::string& key = value.begin().key();
  const std::string name = value.begin()->get<std::string>();
  Result<std::string> secret = key == "env" ? from_environment(name)
                               : key == "credential"
                                   ? from_credential(name)
                                   : from_file(std::filesystem::path(base_dir) / name);
  if (secret.ok() && !base::is_valid_utf8(*secret)) {
    return Status(Code::kInvalidArgument, "the secret in " + key + " " + name +
                                              " is not text in UTF-8; is it the right one?");
  }
  return secret;
}

}  // namespace

void resolve_secrets(Json& value, const std::string& path, const std::string& base_dir,
                     std::vector<std::string>& found, ConfigProblems& problems) {
  if (names_secret(value)) {
    Result<std::string> secret = read_secret(value, base_dir);
    if (secret.ok()) {
      found.push_back(*secret);
      value = *std::move(secret);
    } else {
      problems.add(path, secret.status().message());
      value = "";
    }
    return;
  }
  if (value.is_object()) {
    for (auto& [name, member] : value.items()) {
      resolve_secrets(member, path + "." + name, base_dir, found, problems);
    }
  }
}

}  // namespace patchbay::host
