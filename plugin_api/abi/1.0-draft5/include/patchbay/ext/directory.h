/* "patchbay.directory/1", of an adapter: find people and chats. */
#ifndef PATCHBAY_EXT_DIRECTORY_H
#define PATCHBAY_EXT_DIRECTORY_H
#include "../adapter.h"
#ifdef __cplusplus
extern "C" {
#endif

#define PBAY_EXT_DIRECTORY "patchbay.directory/1"

typedef struct pbay_directory {
  uint32_t struct_size;
  uint32_t reserved;
  /* [instance] All complete with op_complete(op); remote_ids holds the chat ids that were found, as
   * JSON objects {"kind","id","name"}; code PBAY_E_NOT_FOUND when there is none. */
  void (*resolve)(void* self, pbay_op op, pbay_str name) PBAY_NOEXCEPT;
  void (*list_chats)(void* self, pbay_op op, pbay_str cursor) PBAY_NOEXCEPT;
  void (*open_direct)(void* self, pbay_op op, pbay_str user_id) PBAY_NOEXCEPT;
} pbay_directory;

#ifdef __cplusplus
}
#endif
#endif
