// An instance that keeps the rules of adapter.h, all but the one that its setting names.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include <patchbay/adapter.h>
#include <patchbay/ext/http.h>
#include <patchbay/sdk/abi.hpp>

namespace misbehaving {

struct Instance {
  const pbay_host* host = nullptr;
  std::string misbehave;  // the switch; empty: none
  std::string api_base;   // deliveries are posted there; empty: they are done at once
  std::string token;
  pbay_op last_op = 0;
  pbay_op webhook = 0;
  std::map<pbay_op, pbay_op> requests;  // of the deliveries that are under way
  std::set<pbay_op> submitted;          // whose completion has not come
  std::map<pbay_op, pbay_op> fetches;   // of the host, by the commit that each waits for
  int descriptor = -1;                  // that create() should not have opened
  pbay_str kept{};                      // a pointer that it should not have kept
  bool stopping = false;
  bool stopped = false;

  [[nodiscard]] bool is(std::string_view name) const { return misbehave == name; }
  template <class Extension>
  [[nodiscard]] const Extension* extension(const char* id) const {
    return static_cast<const Extension*>(host->get_extension(host, id));
  }
};

// ---- calls.cpp: what an instance says to its host ----

void complete(Instance& self, pbay_op op, std::int32_t code, std::string_view text,
              std::uint32_t sent_state);
inline void done(Instance& self, pbay_op op) { complete(self, op, PBAY_OK, "", PBAY_SENT); }
void part(Instance& self, pbay_op delivery, std::uint32_t number, std::string_view remote_id = "m");
void submit(Instance& self, const std::function<void(pbay_event&, pbay_chat&)>& change);
void request(Instance& self, pbay_op delivery,
             const std::function<void(pbay_http_request&)>& change);
void start_timer(Instance& self, pbay_op op, std::int64_t delay_ms);

// ---- deeds.cpp: what goes wrong with a delivery ----

using Deed = void (*)(Instance& self, pbay_op op, const pbay_delivery& delivery);
// NULL: the switch is none of a delivery's, which goes well then.
[[nodiscard]] Deed deed_of(std::string_view name);

// ---- process.cpp: what goes wrong with the whole process ----

// Whether the switch is one of these; it is done then.
bool harm_process(std::string_view name);
// What the library does while it is loaded, by the variable MISBEHAVE_AT_LOAD.
[[nodiscard]] std::string_view at_load();

}  // namespace misbehaving
