// Module: from the C ABI to an Adapter and back. Each entry catches everything.
//
// Optional abilities are public member functions of the adapter, found by their names:
//
//   void or Task<> typing(Chat) with static constexpr std::uint32_t kTypingLastsMs
//   Task<Result> lookup_sent(Chat, std::string part_key, std::int64_t sent_after_ms)
//   Task<Result> resolve(std::string), list_chats(std::string cursor), open_direct(std::string)
//   Task<> mark_read(Chat, std::string message_id)
//   Task<Result> backfill(Chat, std::string message_id)
//   Task<Result> subscribe(Chat), unsubscribe(Chat)
//   Task<Result> begin_pairing(std::string phone), log_out(); void enter_code(std::string_view)
//
// What each one must do stands in ext/<ability>.h.
#ifndef PATCHBAY_SDK_MODULE_HPP
#define PATCHBAY_SDK_MODULE_HPP

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "../ext/backfill.h"
#include "../ext/directory.h"
#include "../ext/lookup_sent.h"
#include "../ext/pairing.h"
#include "../ext/receipt.h"
#include "../ext/subscribe.h"
#include "../ext/typing.h"
#include "adapter.hpp"
#include "utf8.hpp"

namespace patchbay::sdk {

template <class A>
class Module {
 public:
  static pbay_module describe(std::string_view channel, std::string_view version,
                              std::string_view vendor) noexcept {
    auto out = make_abi<pbay_module>();
    out.magic = PBAY_MAGIC;
    out.abi_minor = PBAY_ABI_MINOR;
    out.min_host_minor = 0;
    out.abi_draft = PBAY_ABI_DRAFT;
    out.channel = to_abi(channel);
    out.version = to_abi(version);
    out.vendor = to_abi(vendor);
    out.create = &create;
    return out;
  }

 private:
  static A& of(void* self) noexcept { return *static_cast<A*>(static_cast<Adapter*>(self)); }

  static std::int32_t create(const pbay_host* host, pbay_str config_json,
                             pbay_adapter* out) noexcept {
    const auto refuse = [host](std::string_view why) noexcept {
      host->log(host, PBAY_LOG_ERROR, to_abi(why));
      return PBAY_E_INVALID;
    };
    try {
      auto adapter = std::make_unique<A>(host);
      const Result configured = adapter->configure(view(config_json));
      if (!configured.ok()) {
        return refuse(configured.text.empty() ? "the settings are not valid" : configured.text);
      }
      fill(static_cast<Adapter*>(adapter.release()), out);
      return PBAY_OK;
    } catch (const std::exception& error) {
      return refuse(words_of(error));
    } catch (...) {
      return refuse("an unknown exception while reading the settings");
    }
  }

  // Writes as much as the host's struct holds.
  static void fill(Adapter* self, pbay_adapter* out) noexcept {
    auto table = make_abi<pbay_adapter>();
    table.self = self;
    table.start = &start;
    table.stop = &stop;
    table.destroy = &destroy;
    table.deliver = &deliver;
    table.fetch = &fetch;
    table.on_complete = &on_complete;
    table.on_event = &on_event;
    table.cancel = &cancel;
    table.capabilities = &capabilities;
    table.translate = &translate;
    table.get_extension = &get_extension;
    const auto receiver_size = out->struct_size;
    std::memcpy(out, &table, std::min<std::size_t>(receiver_size, sizeof(table)));
    out->struct_size = std::min<std::uint32_t>(receiver_size, sizeof(table));
  }

  // Every entry of the instance: `body`, exceptions caught, the end noticed.
  template <class Body>
  static void enter(void* self, const char* entry, Body body) noexcept {
    A& adapter = of(self);
    try {
      body(adapter);
    } catch (const std::exception& error) {
      adapter.log_error(bug_text(entry, words_of(error)));
    } catch (...) {
      adapter.log_error(bug_text(entry, "an unknown exception"));
    }
    static_cast<Adapter&>(adapter).leave();
  }
  // The same for an operation of the host, which is completed in any case.
  template <class Body>
  static void enter_operation(void* self, pbay_op op, const char* entry, Body body) noexcept {
    enter(self, entry, [op, &body](A& adapter) {
      Adapter& base = adapter;
      try {
        body(adapter);
      } catch (const std::exception& error) {
        base.complete(op, base.bug(op, words_of(error)));
      } catch (...) {
        base.complete(op, base.bug(op, "an unknown exception"));
      }
    });
  }
  // A task of the adapter that answers an operation of the host.
  template <class Call>
  static void answer(void* self, pbay_op op, const char* name, Call call) noexcept {
    enter_operation(self, op, name, [op, name, &call](A& adapter) {
      static_cast<Adapter&>(adapter).answer_later(name, op, call(adapter));
    });
  }
  static std::string bug_text(const char* entry, std::string_view what) noexcept {
    try {
      return "bug in the adapter: " + std::string(entry) + "() threw: " + std::string(what);
    } catch (...) {
      return {};
    }
  }

  static void start(void* self) noexcept {
    enter(self, "start", [](A& adapter) { static_cast<Adapter&>(adapter).enter_start(); });
  }
  static void stop(void* self, std::int64_t deadline_ms) noexcept {
    enter(self, "stop",
          [deadline_ms](A& adapter) { static_cast<Adapter&>(adapter).enter_stop(deadline_ms); });
  }
  static void destroy(void* self) noexcept {
    A* adapter = &of(self);
    // Before the members that the coroutines use are gone.
    adapter->runtime().drop_tasks();
    delete adapter;
  }
  static void deliver(void* self, pbay_op op, const pbay_delivery* delivery) noexcept {
    enter_operation(self, op, "deliver", [op, delivery](A& adapter) {
      static_cast<Adapter&>(adapter).enter_deliver(op, *delivery);
    });
  }
  static void fetch(void* self, pbay_op op, pbay_str reference, std::uint64_t handle) noexcept {
    answer(self, op, "fetch",
           [reference, handle](A& adapter) { return adapter.fetch(copy(reference), handle); });
  }
  static void on_complete(void* self, pbay_op op, const pbay_completion* completion) noexcept {
    enter(self, "on_complete",
          [op, completion](A& adapter) { adapter.runtime().complete(op, *completion); });
  }
  static void on_event(void* self, pbay_op op, const void* detail) noexcept {
    enter(self, "on_event", [op, detail](A& adapter) { adapter.runtime().event(op, detail); });
  }
  static void cancel(void* self, pbay_op op) noexcept {
    enter(self, "cancel", [op](A& adapter) { adapter.cancelled(op); });
  }
  static void capabilities(void* self, const pbay_chat* chat, pbay_caps* out) noexcept {
    enter(self, "capabilities", [chat, out](A& adapter) {
      const Capabilities found = adapter.capabilities(Chat(chat));
      found.write_to(out);
    });
  }
  static std::int32_t translate(void* self, pbay_str kind, pbay_str payload) noexcept {
    std::int32_t code = PBAY_E_BUG;
    enter(self, "translate", [kind, payload, &code](A& adapter) {
      std::optional<std::vector<Event>> events = adapter.translate(view(kind), view(payload));
      code = events ? PBAY_OK : PBAY_E_INVALID;
      if (events) {
        for (Event& event : *events) {
          static_cast<Adapter&>(adapter).submit_later(std::move(event));
        }
      }
    });
    return code;
  }

  // ---- abilities ----

  template <class T>
  static constexpr bool has_typing = requires(T& adapter, Chat chat) {
    adapter.typing(chat);
    T::kTypingLastsMs;
  };
  template <class T>
  static constexpr bool has_lookup_sent = requires(T& adapter, Chat chat, std::string key) {
    adapter.lookup_sent(chat, key, std::int64_t{});
  };
  template <class T>
  static constexpr bool has_directory = requires(T& adapter, std::string text) {
    adapter.resolve(text);
    adapter.list_chats(text);
    adapter.open_direct(text);
  };
  template <class T>
  static constexpr bool has_receipt =
      requires(T& adapter, Chat chat, std::string id) { adapter.mark_read(chat, id); };
  template <class T>
  static constexpr bool has_backfill =
      requires(T& adapter, Chat chat, std::string id) { adapter.backfill(chat, id); };
  template <class T>
  static constexpr bool has_subscribe = requires(T& adapter, Chat chat) {
    adapter.subscribe(chat);
    adapter.unsubscribe(chat);
  };
  template <class T>
  static constexpr bool has_pairing = requires(T& adapter, std::string text) {
    adapter.begin_pairing(text);
    adapter.enter_code(std::string_view(text));
    adapter.log_out();
  };

  static const void* get_extension(void* self, const char* name) noexcept {
    static_cast<void>(self);
    const std::string_view wanted = name;
    const void* found = nullptr;
    if constexpr (has_typing<A>) {
      static const pbay_typing table = {
          sizeof(pbay_typing), A::kTypingLastsMs, [](void* s, const pbay_chat* chat) noexcept {
            enter(s, "typing", [chat](A& adapter) {
              if constexpr (std::is_void_v<decltype(adapter.typing(Chat(chat)))>) {
                adapter.typing(Chat(chat));
              } else {
                adapter.spawn("typing", adapter.typing(Chat(chat)));
              }
            });
          }};
      found = wanted == PBAY_EXT_TYPING ? &table : found;
    }
    if constexpr (has_lookup_sent<A>) {
      static const pbay_lookup_sent table = {
          sizeof(pbay_lookup_sent), 0,
          [](void* s, pbay_op op, const pbay_chat* chat, pbay_str key,
             std::int64_t sent_after_ms) noexcept {
            answer(s, op, "lookup_sent", [chat, key, sent_after_ms](A& adapter) {
              return adapter.lookup_sent(Chat(chat), copy(key), sent_after_ms);
            });
          }};
      found = wanted == PBAY_EXT_LOOKUP_SENT ? &table : found;
    }
    if constexpr (has_directory<A>) {
      static const pbay_directory table = {
          sizeof(pbay_directory), 0,
          [](void* s, pbay_op op, pbay_str person) noexcept {
            answer(s, op, "resolve", [person](A& a) { return a.resolve(copy(person)); });
          },
          [](void* s, pbay_op op, pbay_str cursor) noexcept {
            answer(s, op, "list_chats", [cursor](A& a) { return a.list_chats(copy(cursor)); });
          },
          [](void* s, pbay_op op, pbay_str user) noexcept {
            answer(s, op, "open_direct", [user](A& a) { return a.open_direct(copy(user)); });
          }};
      found = wanted == PBAY_EXT_DIRECTORY ? &table : found;
    }
    if constexpr (has_receipt<A>) {
      static const pbay_receipt table = {
          sizeof(pbay_receipt), 0, [](void* s, const pbay_chat* chat, pbay_str id) noexcept {
            enter(s, "mark_read", [chat, id](A& adapter) {
              adapter.spawn("mark_read", adapter.mark_read(Chat(chat), copy(id)));
            });
          }};
      found = wanted == PBAY_EXT_RECEIPT ? &table : found;
    }
    if constexpr (has_backfill<A>) {
      static const pbay_backfill table = {
          sizeof(pbay_backfill), 0,
          [](void* s, pbay_op op, const pbay_chat* chat, pbay_str id) noexcept {
            answer(s, op, "backfill",
                   [chat, id](A& adapter) { return adapter.backfill(Chat(chat), copy(id)); });
          }};
      found = wanted == PBAY_EXT_BACKFILL ? &table : found;
    }
    if constexpr (has_subscribe<A>) {
      static const pbay_subscribe table = {
          sizeof(pbay_subscribe), 0,
          [](void* s, pbay_op op, const pbay_chat* chat) noexcept {
            answer(s, op, "subscribe", [chat](A& a) { return a.subscribe(Chat(chat)); });
          },
          [](void* s, pbay_op op, const pbay_chat* chat) noexcept {
            answer(s, op, "unsubscribe", [chat](A& a) { return a.unsubscribe(Chat(chat)); });
          }};
      found = wanted == PBAY_EXT_SUBSCRIBE ? &table : found;
    }
    if constexpr (has_pairing<A>) {
      static const pbay_pairing table = {
          sizeof(pbay_pairing), 0,
          [](void* s, pbay_op op, pbay_str phone) noexcept {
            answer(s, op, "begin_pairing",
                   [phone](A& adapter) { return adapter.begin_pairing(copy(phone)); });
          },
          [](void* s, pbay_str code) noexcept {
            enter(s, "enter_code", [code](A& adapter) { adapter.enter_code(view(code)); });
          },
          [](void* s, pbay_op op) noexcept {
            answer(s, op, "log_out", [](A& adapter) { return adapter.log_out(); });
          }};
      found = wanted == PBAY_EXT_PAIRING ? &table : found;
    }
    return found;
  }
};

}  // namespace patchbay::sdk

// Writes the module and the one exported symbol. Once, in one source file of the adapter, at global
// scope.
#define PATCHBAY_ADAPTER(Class, channel, version, vendor)                   \
  extern "C" PBAY_EXPORT const pbay_module* patchbay_adapter_v1(            \
      std::uint32_t host_minor) noexcept {                                  \
    static const pbay_module module =                                       \
        ::patchbay::sdk::Module<Class>::describe(channel, version, vendor); \
    return host_minor >= module.min_host_minor ? &module : nullptr;         \
  }

#endif  // PATCHBAY_SDK_MODULE_HPP
