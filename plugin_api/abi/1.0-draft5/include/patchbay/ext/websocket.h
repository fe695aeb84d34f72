/* "patchbay.websocket/1", given by the host: a client WebSocket (RFC 6455). */
#ifndef PATCHBAY_EXT_WEBSOCKET_H
#define PATCHBAY_EXT_WEBSOCKET_H
#include "http.h"
#ifdef __cplusplus
extern "C" {
#endif

#define PBAY_EXT_WEBSOCKET "patchbay.websocket/1"

#define PBAY_WEBSOCKET_TEXT 0u
#define PBAY_WEBSOCKET_BINARY 1u
#define PBAY_WEBSOCKET_PONG 2u
#define PBAY_WEBSOCKET_WRITABLE 3u /* after PBAY_E_BUSY: there is room again */
#define PBAY_WEBSOCKET_CLOSED 4u

/* Sec-WebSocket-Protocol, given once, offers subprotocols: names with commas between them. The
 * headers Host, Upgrade, Connection and the other Sec-WebSocket-* are the host's to write. */
typedef struct pbay_websocket_options {
  uint32_t struct_size;
  uint32_t reserved;
  pbay_str url; /* ws:// or wss://, then a host; visible ASCII, no user name, no password */
  const pbay_header* headers;
  uint32_t header_count; /* at most 64 */
  uint32_t header_stride;
  int64_t max_message_bytes; /* 0: the host's default of 4 MiB */
  int64_t timeout_ms;        /* of the handshake; 0: the host's default of 30 s */
} pbay_websocket_options;

/* on_event() detail of an open WebSocket. */
typedef struct pbay_websocket_event {
  uint32_t struct_size;
  uint32_t kind;       /* PBAY_WEBSOCKET_* */
  uint32_t close_code; /* CLOSED: by the peer; 1006: none was received */
  uint32_t reserved;
  pbay_str data; /* the whole message, or the reason of a close */
} pbay_websocket_event;

typedef struct pbay_websocket {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] Completes when the handshake is done (value: the HTTP status when the server refused it;
   * text, after PBAY_OK: the subprotocol that the server chose, empty: none); after PBAY_OK events
   * come under the same op until CLOSED. PBAY_E_FORBIDDEN: host not allowed. PBAY_E_INVALID:
   * options that are none. PBAY_E_NETWORK also: the server chose a subprotocol that was not
   * offered. Redirects are not followed, and there is no compression. */
  void (*open)(const pbay_host* host, pbay_op op,
               const pbay_websocket_options* options) PBAY_NOEXCEPT;
  /* [any] Queue one message, at most 4 MiB in all: else PBAY_E_BUSY. PBAY_E_NOT_FOUND: closed.
   * PBAY_E_TOO_LARGE: it never could. PBAY_E_INVALID: a text that is not UTF-8. */
  int32_t (*send)(const pbay_host* host, pbay_op op, uint32_t kind, pbay_str data) PBAY_NOEXCEPT;
  /* [any] A ping of at most 125 bytes, queued as messages are; its pong comes as an event, unless
   * events of 256 KiB wait for on_event() already: those say too that the other side is there. */
  int32_t (*ping)(const pbay_host* host, pbay_op op, pbay_str data) PBAY_NOEXCEPT;
  /* [any] Close with a code after what is queued; the CLOSED event still comes, within 5 s. code 0:
   * drop without a close frame, and with a CLOSED of 1006. Before it is open: PBAY_E_CANCELLED. */
  void (*close)(const pbay_host* host, pbay_op op, uint32_t code, pbay_str reason) PBAY_NOEXCEPT;
} pbay_websocket;

#ifdef __cplusplus
}
#endif
#endif
