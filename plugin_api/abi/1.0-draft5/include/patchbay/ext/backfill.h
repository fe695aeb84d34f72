/* "patchbay.backfill/1", of an adapter: messages that came while nobody listened. */
#ifndef PATCHBAY_EXT_BACKFILL_H
#define PATCHBAY_EXT_BACKFILL_H
#include "../adapter.h"
#ifdef __cplusplus
extern "C" {
#endif

#define PBAY_EXT_BACKFILL "patchbay.backfill/1"

typedef struct pbay_backfill {
  uint32_t struct_size;
  uint32_t reserved;
  /* [instance] Submits the messages of the chat after message_id, oldest first, with the flag
   * PBAY_EVENT_BACKFILL; then op_complete(op). */
  void (*backfill)(void* self, pbay_op op, const pbay_chat* chat,
                   pbay_str message_id) PBAY_NOEXCEPT;
} pbay_backfill;

#ifdef __cplusplus
}
#endif
#endif
