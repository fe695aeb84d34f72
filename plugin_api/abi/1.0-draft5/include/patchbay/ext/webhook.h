/* "patchbay.webhook/1", given by the host: requests to /webhook/<instance> on the host's listener.
 */
#ifndef PATCHBAY_EXT_WEBHOOK_H
#define PATCHBAY_EXT_WEBHOOK_H
#include "http.h"
#ifdef __cplusplus
extern "C" {
#endif

#define PBAY_EXT_WEBHOOK "patchbay.webhook/1"

/* on_event() detail of an open route. Verify the signature over `body` before parsing it. */
typedef struct pbay_webhook_request {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t request;
  pbay_str method;
  pbay_str target;            /* path below /webhook/<instance> and query, as received */
  const pbay_header* headers; /* names in lower case */
  uint32_t header_count;
  uint32_t header_stride;
  pbay_str body; /* raw, at most 4 MiB */
} pbay_webhook_request;

typedef struct pbay_webhook_answer {
  uint32_t struct_size;
  uint32_t status; /* 200..599 */
  const pbay_header* headers;
  uint32_t header_count; /* at most 64 */
  uint32_t header_stride;
  pbay_str body;
} pbay_webhook_answer;

typedef struct pbay_webhook {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] Completes when the route is open (text: the public URL, if one is configured), then
   * requests come as events under the same op. PBAY_E_UNSUPPORTED: no listener is configured. */
  void (*open)(const pbay_host* host, pbay_op op) PBAY_NOEXCEPT;
  /* [any] Answer a request, once, within 10 s (else the host answers 503, and 500 for an answer
   * that is none: without its size, of another status, with headers that are no list). One with a
   * body may be a message, as far as the host can see: a delivery under way meanwhile that is never
   * completed is "unknown", and not sent again. Leave the body empty where the platform needs
   * none. */
  void (*respond)(const pbay_host* host, uint64_t request,
                  const pbay_webhook_answer* answer) PBAY_NOEXCEPT;
  /* [any] */
  void (*close)(const pbay_host* host, pbay_op op) PBAY_NOEXCEPT;
} pbay_webhook;

#ifdef __cplusplus
}
#endif
#endif
