/* "patchbay.stream/1", given by the host: a byte stream to a TCP port or a Unix socket. */
#ifndef PATCHBAY_EXT_STREAM_H
#define PATCHBAY_EXT_STREAM_H
#include "../adapter.h"
#ifdef __cplusplus
extern "C" {
#endif

#define PBAY_EXT_STREAM "patchbay.stream/1"

#define PBAY_STREAM_DATA 0u
#define PBAY_STREAM_WRITABLE 1u /* after PBAY_E_BUSY: there is room again */
#define PBAY_STREAM_CLOSED 2u

/* on_event() detail of an open stream. */
typedef struct pbay_stream_event {
  uint32_t struct_size;
  uint32_t kind; /* PBAY_STREAM_* */
  pbay_str data; /* bytes, or the reason of a close */
} pbay_stream_event;

typedef struct pbay_stream {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] endpoint: "tcp://host:port" and nothing behind it, or "unix:" and an absolute path; else
   * PBAY_E_INVALID. Completes when connected; after PBAY_OK events come under the same op until
   * CLOSED. PBAY_E_FORBIDDEN: not allowed; a Unix socket must be named by the instance's
   * configuration. */
  void (*open)(const pbay_host* host, pbay_op op, pbay_str endpoint) PBAY_NOEXCEPT;
  /* [any] Queues bytes, at most 1 MiB in all: else PBAY_E_BUSY. PBAY_E_NOT_FOUND: closed.
   * PBAY_E_TOO_LARGE: it never could. */
  int32_t (*send)(const pbay_host* host, pbay_op op, pbay_str bytes) PBAY_NOEXCEPT;
  /* [any] Closes after what is queued has been written; the CLOSED event still comes, within 10 s.
   * Before it is open: PBAY_E_CANCELLED. */
  void (*close)(const pbay_host* host, pbay_op op) PBAY_NOEXCEPT;
} pbay_stream;

#ifdef __cplusplus
}
#endif
#endif
