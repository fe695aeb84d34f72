// URLs of HTTP requests that a host sends, and some that it does not. The test kit and the host
// agree: tests/unit/adapters/kit_test.cpp.
#pragma once

#include <string_view>

namespace patchbay::testkit {

inline constexpr std::string_view kGoodUrls[] = {
    "https://api.example.org/",
    "https://API.example.org:8443/a?b=c#d",
    "https://api.example.org",
    "http://a.files.example.org/x",
    "http://[::1]:80/",
    "https://api.example.org/\xC3\xA4",
    "https://api.example.org?a=b",
    "HTTPS://api.example.org/",
};

inline constexpr std::string_view kBadUrls[] = {
    "",
    "api.example.org",
    "ftp://api.example.org/",
    "https://api.example.org/a b",
    "https://api.example.org/a\nb",
    "https://user:word@api.example.org/",
    "https://api.example.org:port/",
    "https://api.example.org:70000/",
    "https://[api]/",
    "https://api example.org/",
};

}  // namespace patchbay::testkit
