/* "patchbay.pairing/1", of an adapter: log in step by step. What to show comes through set_state().
 */
#ifndef PATCHBAY_EXT_PAIRING_H
#define PATCHBAY_EXT_PAIRING_H
#include "../adapter.h"
#ifdef __cplusplus
extern "C" {
#endif

#define PBAY_EXT_PAIRING "patchbay.pairing/1"

typedef struct pbay_pairing {
  uint32_t struct_size;
  uint32_t reserved;
  /* [instance] Completes with op_complete(op) when the account is logged in. */
  void (*begin)(void* self, pbay_op op, pbay_str phone_number) PBAY_NOEXCEPT;
  /* [instance] A code that the person typed. */
  void (*enter_code)(void* self, pbay_str code) PBAY_NOEXCEPT;
  /* [instance] Completes when the account is logged out. */
  void (*log_out)(void* self, pbay_op op) PBAY_NOEXCEPT;
} pbay_pairing;

#ifdef __cplusplus
}
#endif
#endif
