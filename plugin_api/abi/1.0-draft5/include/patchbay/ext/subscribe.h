/* "patchbay.subscribe/1", of an adapter: follow a thread, so that its messages come without a
 * mention. */
#ifndef PATCHBAY_EXT_SUBSCRIBE_H
#define PATCHBAY_EXT_SUBSCRIBE_H
#include "../adapter.h"
#ifdef __cplusplus
extern "C" {
#endif

#define PBAY_EXT_SUBSCRIBE "patchbay.subscribe/1"

typedef struct pbay_subscribe {
  uint32_t struct_size;
  uint32_t reserved;
  /* [instance] Completes with op_complete(op). */
  void (*subscribe)(void* self, pbay_op op, const pbay_chat* chat) PBAY_NOEXCEPT;
  void (*unsubscribe)(void* self, pbay_op op, const pbay_chat* chat) PBAY_NOEXCEPT;
} pbay_subscribe;

#ifdef __cplusplus
}
#endif
#endif
