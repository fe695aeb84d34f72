#include "session_folders.hpp"

#include <boost/asio/io_context.hpp>
#include <stdexcept>

#include "measure.hpp"
#include "store/repositories.hpp"

namespace patchbay::bench {

Storage::Storage(const std::string& data_folder) : folder(data_folder) {
  database = must(store::CentralDatabase::open(folder + "/patchbay.db", loop));
  session::SessionStorage::Options options;
  options.sessions_folder = folder + "/sessions";
  sessions = must(session::SessionStorage::open(std::move(options), threads, loop, loop));
}

Storage::~Storage() { threads.drain(); }

void Storage::make_sessions(const std::string& instance, int count) {
  int made = 0;
  for (int number = 0; number < count; ++number) {
    sessions->create(session_of(number), [&made](const base::Result<bool>& created) {
      must(created.status());
      ++made;
    });
  }
  must(database->run([&](store::Repositories& stored) -> base::Status {
    for (int number = 0; number < count; ++number) {
      store::SessionRecord record;
      record.id = session_of(number).id;
      record.agent = session_of(number).agent;
      record.chat = base::ChatKey(chat_of(instance, number));
      record.key = "agent:main:" + record.chat.str();
      record.instance = base::InstanceName(instance);
      record.created_at = loop.wall_now();
      PATCHBAY_TRY(stored.sessions.insert(record));
    }
    return {};
  }));
  run_until(
      loop, [&] { return made == count; }, "the sessions to be made", base::Milliseconds(240'000));
}

session::SessionAddress session_of(int number) {
  return {base::AgentGroupId("main"), base::SessionId("s" + std::to_string(number))};
}

std::string chat_of(const std::string& instance, int number) {
  return instance + ":group:" + std::to_string(number);
}

void run_until(base::EventLoop& loop, const std::function<bool()>& ready, const std::string& what,
               base::Milliseconds deadline) {
  const auto end = loop.now() + deadline;
  boost::asio::io_context& context = loop.context();
  context.restart();
  while (!ready()) {
    if (loop.now() >= end) {
      throw std::runtime_error("waited in vain for " + what);
    }
    context.run_one_until(end);
  }
}

}  // namespace patchbay::bench
