/* "patchbay.clock/1", given by the host: the only source of time and of chance. Virtual in tests.
 */
#ifndef PATCHBAY_EXT_CLOCK_H
#define PATCHBAY_EXT_CLOCK_H
#include "../adapter.h"
#ifdef __cplusplus
extern "C" {
#endif

#define PBAY_EXT_CLOCK "patchbay.clock/1"

typedef struct pbay_clock {
  uint32_t struct_size;
  uint32_t reserved;
  int64_t (*monotonic_ms)(const pbay_host* host)
      PBAY_NOEXCEPT;                                       /* [any] since an unspecified start */
  int64_t (*wall_ms)(const pbay_host* host) PBAY_NOEXCEPT; /* [any] Unix time */
  uint64_t (*random)(const pbay_host* host)
      PBAY_NOEXCEPT; /* [any] 64 bits; for jitter, not for keys */
} pbay_clock;

#ifdef __cplusplus
}
#endif
#endif
