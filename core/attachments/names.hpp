// Names from outside, made into names that are safe to create.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attachments/file_kind.hpp"

namespace patchbay::attachments {

// One component that is safe in a folder, in a terminal and on any system a person may copy it to:
// only the part after the last '/' or '\', no NUL, control or bidirectional character, no dot or
// space at either end, no Windows device name, at most kFileNameBytes of valid UTF-8 (the extension
// survives shortening). Where nothing is left, a name by type: "image.jpg", "voice.ogg", "file".
// sanitise(sanitise(x)) == sanitise(x).
[[nodiscard]] std::string sanitise_file_name(std::string_view name, std::string_view mime,
                                             FileKind kind);

// True for exactly those names that sanitise_file_name() leaves as they are.
[[nodiscard]] bool is_safe_file_name(std::string_view name);

// `name`, or "name-2.ext", "name-3.ext", … : the first that is not in `taken`, ignoring ASCII case.
[[nodiscard]] std::string unique_file_name(std::string_view name,
                                           const std::vector<std::string>& taken);

// A row id (or any other key) as a folder name. An id of [A-Za-z0-9._:@=+,-], not beginning with
// '.' or '-', of at most 200 bytes, is its own name; any other becomes a readable prefix, '~' and
// 128 bits of its SHA-256. '~' is in no unchanged name, so distinct ids have distinct names.
[[nodiscard]] std::string folder_name_of_id(std::string_view id);

}  // namespace patchbay::attachments
