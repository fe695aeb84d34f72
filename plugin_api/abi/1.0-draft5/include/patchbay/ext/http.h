/* "patchbay.http/1", given by the host: HTTP requests on the host's connection pool.
 *
 * Why the host does it: one pool, proxies and TLS in one place, allowed hosts enforced, and the
 * transport itself proves whether a byte of the request left, which decides about retries.
 */
#ifndef PATCHBAY_EXT_HTTP_H
#define PATCHBAY_EXT_HTTP_H
#include "../adapter.h"
#ifdef __cplusplus
extern "C" {
#endif

#define PBAY_EXT_HTTP "patchbay.http/1"

/* Headers travel as every array does: pointer, count, stride. */
typedef struct pbay_header {
  uint32_t struct_size;
  uint32_t reserved;
  pbay_str name;
  pbay_str value;
} pbay_header;

/* One part of a multipart/form-data body: bytes in memory, or `size` bytes of fd from its start
 * (read with pread, so one descriptor may serve several parts). */
typedef struct pbay_http_part {
  uint32_t struct_size;
  int32_t fd; /* -1: use data */
  pbay_str name;
  pbay_str filename; /* empty: a plain field */
  pbay_str mime;     /* empty: none is sent */
  pbay_str data;
  int64_t size; /* of fd */
} pbay_http_part;

#define PBAY_HTTP_IDEMPOTENT 1u /* may be repeated by the transport */
#define PBAY_HTTP_FOLLOW_REDIRECTS \
  2u /* within the allowed hosts, at most 5, never to http from https */

typedef struct pbay_http_request {
  uint32_t struct_size;
  uint32_t flags;
  pbay_op delivery_op; /* the delivery that this request belongs to; 0: none */
  pbay_str method;
  pbay_str url;
  const pbay_header* headers;
  uint32_t header_count;
  uint32_t header_stride;
  int64_t body_fd_size;
  int32_t body_fd; /* -1: use body or parts; the descriptor must stay open until completion */
  uint32_t reserved;
  pbay_str body;
  const pbay_http_part* parts; /* not NULL: multipart/form-data */
  uint32_t part_count;
  uint32_t part_stride;
  uint64_t response_staging;  /* an open staging handle that takes a 2xx body; 0: memory */
  int64_t max_response_bytes; /* in memory, at most 32 MiB; 0: the host's default of 4 MiB */
  int64_t timeout_ms;         /* of the whole request; 0: the host's default of 60 s; at most 1 h */
} pbay_http_request;

/* pbay_completion.detail of a request. code is PBAY_OK for every answer of whatever status;
 * PBAY_E_NETWORK, _TIMEOUT, _CUT, _TOO_LARGE, _FORBIDDEN (host not allowed), _CANCELLED otherwise.
 */
typedef struct pbay_http_response {
  uint32_t struct_size;
  uint32_t status;     /* 0: none came */
  uint32_t sent_state; /* PBAY_NOT_SENT: no byte of the request left */
  uint32_t reserved;
  const pbay_header* headers;
  uint32_t header_count;
  uint32_t header_stride;
  pbay_str body; /* empty when it went to staging */
  int64_t staged_bytes;
} pbay_http_response;

typedef struct pbay_http {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] Completes with pbay_http_response. Secrets in the URL never reach a log. At most 32
   * requests of an instance are at work; further ones wait their turn, within their timeout. */
  void (*request)(const pbay_host* host, pbay_op op,
                  const pbay_http_request* request) PBAY_NOEXCEPT;
  /* [any] The completion still comes, PBAY_E_CANCELLED unless the answer was faster. */
  void (*cancel)(const pbay_host* host, pbay_op op) PBAY_NOEXCEPT;
} pbay_http;

#ifdef __cplusplus
}
#endif
#endif
