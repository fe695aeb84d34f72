/* "patchbay.typing/1", of an adapter: show that the agent is at work. */
#ifndef PATCHBAY_EXT_TYPING_H
#define PATCHBAY_EXT_TYPING_H
#include "../adapter.h"
#ifdef __cplusplus
extern "C" {
#endif

#define PBAY_EXT_TYPING "patchbay.typing/1"

typedef struct pbay_typing {
  uint32_t struct_size;
  /* How long one call shows; the host repeats it before that is over. */
  uint32_t lasts_ms;
  /* [instance] Best effort, no completion. */
  void (*typing)(void* self, const pbay_chat* chat) PBAY_NOEXCEPT;
} pbay_typing;

#ifdef __cplusplus
}
#endif
#endif
