// Where a host lets requests, WebSockets and streams go, and where not. The test kit and the host
// agree: tests/unit/adapters/kit_test.cpp.
#pragma once

#include <string_view>
#include <vector>

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

inline constexpr std::string_view kGoodWebSocketUrls[] = {
    "wss://api.example.org/",
    "WS://API.example.org:8443/a?b=c#d",
    "wss://api.example.org?a=b",
    "ws://[::1]:80/",
};

inline constexpr std::string_view kBadWebSocketUrls[] = {
    "",
    "https://api.example.org/",
    "wss:api.example.org",
    "wss://api.example.org/a b",
    "wss://api.example.org/\xC3\xA4",
    "wss://\xC3\xA4pi.example.org/",
    "wss://user:word@api.example.org/",
    "wss://api.example.org:port/",
};

inline constexpr std::string_view kGoodStreams[] = {
    "tcp://api.example.org:7583",
    "tcp://[::1]:1",
    "unix:/run/a.sock",
};

inline constexpr std::string_view kBadStreams[] = {
    "",
    "api.example.org:7583",
    "tcp://api.example.org",
    "tcp://api.example.org:0",
    "tcp://api.example.org:1/x",
    "tcp://api.example.org:1?x",
    "tcp://api.example.org:1#x",
    "tcp://api.example.org:1:2",
    "tcp://u@api.example.org:1",
    "tcp://\xC3\xA4pi.example.org:1",
    "TCP://api.example.org:1",
    "http://api.example.org:1",
    "unix:run/a.sock",
    std::string_view("unix:/run/a\0b", 13),
};

// Headers of the request that opens a WebSocket.
struct UpgradeCase {
  bool good;
  std::vector<std::string_view> headers;
};
inline const UpgradeCase kUpgradeCases[] = {
    {true, {"Authorization: Bearer x"}},
    {true, {"Sec-WebSocket-Protocol: xmpp"}},
    {true, {"sec-websocket-protocol: v2.chat, v1.chat\t,v0"}},
    {false, {"Sec-WebSocket-Protocol: "}},
    {false, {"Sec-WebSocket-Protocol: a,,b"}},
    {false, {"Sec-WebSocket-Protocol: a b"}},
    {false, {"Sec-WebSocket-Protocol: a", "sec-websocket-protocol: b"}},
    {false, {"Sec-WebSocket-Key: x"}},
    {false, {"Sec-WebSocket-Extensions: permessage-deflate"}},
    {false, {"HOST: x"}},
    {false, {"Upgrade: x"}},
    {false, {"connection: x"}},
    {false, {"A b: x"}},
};

}  // namespace patchbay::testkit
