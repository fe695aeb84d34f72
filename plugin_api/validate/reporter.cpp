#include "reporter.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace patchbay::validate {
namespace {

using nlohmann::json;

std::int64_t now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

template <std::size_t Size>
void keep(std::string_view text, char (&out)[Size]) {
  // Not memcpy(), whose source may not be NULL: an empty view has no bytes to point at.
  out[text.copy(out, Size - 1)] = '\0';
}

}  // namespace

void Reporter::write(const std::string& line) {
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t count = ::write(pipe_, line.data() + done, line.size() - done);
    if (count < 0 && errno != EINTR) {
      return;
    }
    done += count > 0 ? static_cast<std::size_t>(count) : 0;
  }
}

void Reporter::breach(const testkit::Breach& breach) {
  const std::string step = progress_.step;
  const json line = {{"rule", breach.rule},
                     {"what", breach.what + (step.empty() ? "" : " (" + step + ")")}};
  write(line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

void Reporter::skip(std::string_view why) { write(json({{"skip", why}}).dump() + "\n"); }
void Reporter::note(std::string_view what) {
  write(json({{"note", what}}).dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}
void Reporter::done() { write("{\"done\":true}\n"); }

void Reporter::step(std::string_view what) { keep(what, progress_.step); }

void Reporter::call(std::string_view entry) {
  keep(entry, progress_.entry);
  progress_.call_began_ms = entry.empty() ? 0 : now_ms();
}

void Reporter::last_words(testkit::Rule rule, std::string_view what) noexcept {
  char line[512];
  const int size =
      std::snprintf(line, sizeof(line), "{\"rule\":%d,\"last\":true,\"what\":\"%.*s\"}\n",
                    static_cast<int>(rule), static_cast<int>(what.size()), what.data());
  if (size > 0 && ::write(pipe_, line, std::min<std::size_t>(size, sizeof(line) - 1)) < 0) {
    return;
  }
}

}  // namespace patchbay::validate
