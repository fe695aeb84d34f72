#include "asks.hpp"

#include <functional>

#include "patchbay/ext/backfill.h"
#include "patchbay/ext/directory.h"
#include "patchbay/ext/lookup_sent.h"
#include "patchbay/ext/pairing.h"
#include "patchbay/ext/receipt.h"
#include "patchbay/ext/subscribe.h"
#include "patchbay/ext/typing.h"
#include "patchbay/testkit/lent_memory.hpp"

namespace patchbay::validate {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using testkit::FakeHost;
using testkit::LentMemory;
using testkit::Rule;

constexpr minutes kAskTime{5};
constexpr minutes kLongestAsk{11};  // a fetch has ten

class Asks {
 public:
  Asks(FakeHost& host, const Subject& subject, const sdk::Chat& chat)
      : host_(host), subject_(subject), chat_(chat) {}

  std::vector<pbay_op> all() {
    for (const std::string& reference : subject_.references()) {
      subject_.reporter().step("the file behind a reference of the fixtures");
      operations_.push_back(host_.fetch(reference).op);
    }
    best_effort();
    lookup_sent();
    directory();
    chats();
    pairing();
    return operations_;
  }

  void log_out() {
    if (const auto* table = table_of<pbay_pairing>(PBAY_EXT_PAIRING)) {
      ask("pairing.log_out", table->log_out,
          [&](void* self, pbay_op op, LentMemory&) { table->log_out(self, op); });
      settle_all(host_, operations_);
    }
  }

 private:
  // NULL: it has none, or one that is too short, which is a breach.
  template <class Table>
  const Table* table_of(const char* id) {
    return static_cast<const Table*>(whole_table(id, sizeof(Table)));
  }
  // Each table begins with its size.
  const void* whole_table(const char* id, std::size_t size) {
    const auto* table_size = host_.extension<std::uint32_t>(id);
    if (table_size == nullptr || *table_size >= size) {
      return table_size;
    }
    std::string what("its ");
    what.append(id).append(" is shorter than its struct");
    subject_.reporter().breach(Rule::kStructSize, std::move(what));
    return nullptr;
  }

  pbay_chat lent_chat(LentMemory& lent) const {
    pbay_chat out = chat_.abi();
    out.id = lent.text(chat_.id);
    out.thread_id = lent.text(chat_.thread_id);
    return out;
  }

  // A function that a table leaves out is one that it is not able to.
  template <class Function>
  void ask(const char* name, Function function,
           const std::function<void(void* self, pbay_op op, LentMemory& lent)>& body) {
    if (function == nullptr) {
      return;
    }
    subject_.reporter().step(std::string("asked for ").append(name));
    const pbay_op op = host_.new_op(name, kAskTime);
    operations_.push_back(op);
    host_.call([&](void* self) {
      LentMemory lent;
      body(self, op, lent);
    });
  }

  void best_effort() {
    if (host_.extension<pbay_typing>(PBAY_EXT_TYPING) != nullptr) {
      subject_.reporter().step("typing");
      host_.typing(chat_);
    }
    const auto* receipt = table_of<pbay_receipt>(PBAY_EXT_RECEIPT);
    if (receipt != nullptr && receipt->mark_read != nullptr) {
      subject_.reporter().step("asked for receipt.mark_read");
      host_.call([&](void* self) {
        LentMemory lent;
        receipt->mark_read(self, lent.object(lent_chat(lent)), lent.text("17"));
      });
    }
  }

  void lookup_sent() {
    if (host_.extension<pbay_lookup_sent>(PBAY_EXT_LOOKUP_SENT) == nullptr) {
      return;
    }
    subject_.reporter().step("asked for lookup_sent");
    const milliseconds since = hours(1);
    const pbay_op op = host_.lookup_sent(chat_, "delivery-1:0", host_.wall_ms() - since.count());
    if (op != 0) {
      operations_.push_back(op);
    }
  }

  void directory() {
    const auto* table = table_of<pbay_directory>(PBAY_EXT_DIRECTORY);
    if (table == nullptr) {
      return;
    }
    ask("directory.resolve", table->resolve, [&](void* self, pbay_op op, LentMemory& lent) {
      table->resolve(self, op, lent.text("Ada"));
    });
    ask("directory.list_chats", table->list_chats, [&](void* self, pbay_op op, LentMemory& lent) {
      table->list_chats(self, op, lent.text(""));
    });
    ask("directory.open_direct", table->open_direct, [&](void* self, pbay_op op, LentMemory& lent) {
      table->open_direct(self, op, lent.text("1001"));
    });
  }

  void chats() {
    if (const auto* table = table_of<pbay_subscribe>(PBAY_EXT_SUBSCRIBE)) {
      ask("subscribe", table->subscribe, [&](void* self, pbay_op op, LentMemory& lent) {
        table->subscribe(self, op, lent.object(lent_chat(lent)));
      });
      ask("unsubscribe", table->unsubscribe, [&](void* self, pbay_op op, LentMemory& lent) {
        table->unsubscribe(self, op, lent.object(lent_chat(lent)));
      });
    }
    if (const auto* table = table_of<pbay_backfill>(PBAY_EXT_BACKFILL)) {
      ask("backfill", table->backfill, [&](void* self, pbay_op op, LentMemory& lent) {
        table->backfill(self, op, lent.object(lent_chat(lent)), lent.text("17"));
      });
    }
  }

  // Nobody comes with the telephone, so it is given up.
  void pairing() {
    const auto* table = table_of<pbay_pairing>(PBAY_EXT_PAIRING);
    if (table == nullptr || table->begin == nullptr) {
      return;
    }
    ask("pairing.begin", table->begin, [&](void* self, pbay_op op, LentMemory& lent) {
      table->begin(self, op, lent.text("+4912345678"));
    });
    const pbay_op op = operations_.back();
    if (table->enter_code != nullptr) {
      host_.call([&](void* self) {
        LentMemory lent;
        table->enter_code(self, lent.text("123456"));
      });
    }
    if (host_.result(op) == nullptr) {
      host_.cancel(op);
    }
  }

  FakeHost& host_;
  const Subject& subject_;
  const sdk::Chat& chat_;
  std::vector<pbay_op> operations_;
};

}  // namespace

std::vector<pbay_op> ask_everything(FakeHost& host, const Subject& subject, const sdk::Chat& chat) {
  return Asks(host, subject, chat).all();
}

void settle_all(FakeHost& host, const std::vector<pbay_op>& operations) {
  for (const pbay_op op : operations) {
    settle(host, op, kLongestAsk);
  }
}

void ask_to_log_out(FakeHost& host, const Subject& subject) {
  Asks(host, subject, subject.chats().front()).log_out();
}

}  // namespace patchbay::validate
