// Recorded payloads of a platform, for translate().
//
//   for (const Fixture& fixture : read_fixtures(FOLDER, "update")) { host.translate(fixture); ... }
#ifndef PATCHBAY_TESTKIT_FIXTURES_HPP
#define PATCHBAY_TESTKIT_FIXTURES_HPP

#include <string>
#include <vector>

namespace patchbay::testkit {

struct Fixture {
  std::string name;  // of the file, without folder and suffix
  std::string kind;
  std::string payload;
};

// The files of the folder, of this kind, and those of its folders, whose names are their kinds; in
// order of their names. Texts about them (*.md) and hidden files are left out.
[[nodiscard]] std::vector<Fixture> read_fixtures(const std::string& folder,
                                                 const std::string& kind);

}  // namespace patchbay::testkit

#endif  // PATCHBAY_TESTKIT_FIXTURES_HPP
