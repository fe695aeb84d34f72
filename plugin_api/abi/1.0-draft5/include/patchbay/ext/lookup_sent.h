/* "patchbay.lookup_sent/1", of an adapter: was the part with this key sent, and as what? */
#ifndef PATCHBAY_EXT_LOOKUP_SENT_H
#define PATCHBAY_EXT_LOOKUP_SENT_H
#include "../adapter.h"
#ifdef __cplusplus
extern "C" {
#endif

#define PBAY_EXT_LOOKUP_SENT "patchbay.lookup_sent/1"

typedef struct pbay_lookup_sent {
  uint32_t struct_size;
  uint32_t reserved;
  /* [instance] Completes with op_complete(op): PBAY_OK and the remote id; PBAY_E_NOT_FOUND when the
   * platform proves that it was not sent; PBAY_E_UNKNOWN when it cannot tell. */
  void (*lookup)(void* self, pbay_op op, const pbay_chat* chat, pbay_str part_key,
                 int64_t sent_after_ms) PBAY_NOEXCEPT;
} pbay_lookup_sent;

#ifdef __cplusplus
}
#endif
#endif
