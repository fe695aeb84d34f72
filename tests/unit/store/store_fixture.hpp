// A central database in a folder of the test's own.
#pragma once

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>

#include "store/central_database.hpp"
#include "store/repositories.hpp"
#include "test_common/temp_folder.hpp"
#include "test_common/virtual_loop.hpp"

namespace patchbay::store {

inline base::WallTime at(std::int64_t milliseconds) {
  return base::WallTime(base::Milliseconds(milliseconds));
}

class StoreTest : public testing::Test {
 protected:
  StoreTest() { reopen(); }

  void reopen() {
    database_.reset();
    auto opened = CentralDatabase::open(path(), loop_);
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    database_ = std::move(opened).value();
  }
  [[nodiscard]] std::string path() const { return folder_ / "patchbay.db"; }

  // Runs `work` as a unit of its own and expects it to be committed.
  void unit(base::UniqueFunction<base::Status(Repositories&)> work) {
    const base::Status status = database_->run(std::move(work));
    EXPECT_TRUE(status.ok()) << status.message();
  }
  // The value of one question to the repositories.
  template <class Ask>
  auto ask(Ask question) {
    using Answer = decltype(question(std::declval<Repositories&>()));
    typename Answer::value_type value{};
    unit([&](Repositories& repositories) -> base::Status {
      auto answer = question(repositories);
      if (!answer.ok()) {
        return answer.status();
      }
      value = std::move(answer).value();
      return {};
    });
    return value;
  }

  test::TempFolder folder_;
  test::VirtualLoop loop_;
  std::unique_ptr<CentralDatabase> database_;
};

}  // namespace patchbay::store
