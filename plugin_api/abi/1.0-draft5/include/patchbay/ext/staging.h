/* "patchbay.staging/1", given by the host: where an inbound file is streamed to before its message
 * is submitted. The host confines, names and caps it; the adapter never sees a path. */
#ifndef PATCHBAY_EXT_STAGING_H
#define PATCHBAY_EXT_STAGING_H
#include "../adapter.h"
#ifdef __cplusplus
extern "C" {
#endif

#define PBAY_EXT_STAGING "patchbay.staging/1"

typedef struct pbay_staging {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] A new handle. 0: too many are open (64 an instance), expected_size is over the host's
   * cap, or the disk is full. expected_size: bytes or -1. */
  uint64_t (*open)(const pbay_host* host, int64_t expected_size) PBAY_NOEXCEPT;
  /* [any] Appends. PBAY_OK, PBAY_E_TOO_LARGE (over the host's cap), PBAY_E_RETRY (disk). */
  int32_t (*write)(const pbay_host* host, uint64_t handle, pbay_str bytes) PBAY_NOEXCEPT;
  /* [any] Completes when the bytes are on disk; value = their number. After it the handle can be
   * given to submit(), once. */
  void (*commit)(const pbay_host* host, pbay_op op, uint64_t handle) PBAY_NOEXCEPT;
  /* [any] Forget an open or committed handle. */
  void (*abort)(const pbay_host* host, uint64_t handle) PBAY_NOEXCEPT;
} pbay_staging;

#ifdef __cplusplus
}
#endif
#endif
