/* "patchbay.timer/1", given by the host: one-shot timers on the monotonic clock. */
#ifndef PATCHBAY_EXT_TIMER_H
#define PATCHBAY_EXT_TIMER_H
#include "../adapter.h"
#ifdef __cplusplus
extern "C" {
#endif

#define PBAY_EXT_TIMER "patchbay.timer/1"

typedef struct pbay_timer {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] Completes with PBAY_OK after delay_ms, with PBAY_E_CANCELLED after cancel(). */
  void (*start)(const pbay_host* host, pbay_op op, int64_t delay_ms) PBAY_NOEXCEPT;
  /* [any] */
  void (*cancel)(const pbay_host* host, pbay_op op) PBAY_NOEXCEPT;
} pbay_timer;

#ifdef __cplusplus
}
#endif
#endif
