/* A library that exports more than it should. */
#include <stddef.h>

#include <patchbay/adapter.h>

PBAY_EXPORT int another_symbol(void);
int another_symbol(void) { return 7; }

const pbay_module* patchbay_adapter_v1(uint32_t host_minor) {
  (void)host_minor;
  return NULL;
}
