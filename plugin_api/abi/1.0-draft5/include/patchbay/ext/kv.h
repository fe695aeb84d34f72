/* "patchbay.kv/1", given by the host: a small durable map of the instance, for offsets, resume
 * tokens and event ids. Keys at most 200 bytes, values at most 64 KiB, 10,000 keys an instance. */
#ifndef PATCHBAY_EXT_KV_H
#define PATCHBAY_EXT_KV_H
#include "../adapter.h"
#ifdef __cplusplus
extern "C" {
#endif

#define PBAY_EXT_KV "patchbay.kv/1"

/* pbay_completion.detail of get(). Code PBAY_E_NOT_FOUND: no such key, no detail. */
typedef struct pbay_kv_value {
  uint32_t struct_size;
  uint32_t reserved;
  pbay_str value;
} pbay_kv_value;

typedef struct pbay_kv {
  uint32_t struct_size;
  uint32_t reserved;
  /* All [any]; they complete in the order of the calls, writes when they are durable. */
  void (*get)(const pbay_host* host, pbay_op op, pbay_str key) PBAY_NOEXCEPT;
  void (*put)(const pbay_host* host, pbay_op op, pbay_str key, pbay_str value) PBAY_NOEXCEPT;
  /* Puts value only if the key's value is `expected` (NULL: only if there is none); else
   * PBAY_E_CONFLICT_VALUE. */
  void (*compare_and_set)(const pbay_host* host, pbay_op op, pbay_str key, const pbay_str* expected,
                          pbay_str value) PBAY_NOEXCEPT;
  void (*remove)(const pbay_host* host, pbay_op op, pbay_str key) PBAY_NOEXCEPT;
} pbay_kv;

#ifdef __cplusplus
}
#endif
#endif
