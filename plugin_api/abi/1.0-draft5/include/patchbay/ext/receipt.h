/* "patchbay.receipt/1", of an adapter: mark messages as read. */
#ifndef PATCHBAY_EXT_RECEIPT_H
#define PATCHBAY_EXT_RECEIPT_H
#include "../adapter.h"
#ifdef __cplusplus
extern "C" {
#endif

#define PBAY_EXT_RECEIPT "patchbay.receipt/1"

typedef struct pbay_receipt {
  uint32_t struct_size;
  uint32_t reserved;
  /* [instance] Best effort, no completion: everything up to message_id. */
  void (*mark_read)(void* self, const pbay_chat* chat, pbay_str message_id) PBAY_NOEXCEPT;
} pbay_receipt;

#ifdef __cplusplus
}
#endif
#endif
