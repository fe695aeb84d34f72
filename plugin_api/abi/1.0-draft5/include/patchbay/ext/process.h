/* "patchbay.process/1", given by the host: a supervised child whose standard input and output are
 * lines, in a sandbox of its own. The command comes from the instance's configuration. */
#ifndef PATCHBAY_EXT_PROCESS_H
#define PATCHBAY_EXT_PROCESS_H
#include "../adapter.h"
#ifdef __cplusplus
extern "C" {
#endif

#define PBAY_EXT_PROCESS "patchbay.process/1"

#define PBAY_PROCESS_LINE 0u       /* of standard output, without its newline; at most 1 MiB */
#define PBAY_PROCESS_ERROR_LINE 1u /* of standard error */
#define PBAY_PROCESS_WRITABLE 2u
#define PBAY_PROCESS_EXITED 3u

/* on_event() detail of a running child. */
typedef struct pbay_process_event {
  uint32_t struct_size;
  uint32_t kind;     /* PBAY_PROCESS_* */
  int32_t exit_code; /* EXITED: 0..255, or minus the signal */
  uint32_t reserved;
  pbay_str line;
} pbay_process_event;

typedef struct pbay_process {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] Starts the command that the configuration names `name`. Completes when it runs; after
   * that events come under the same op until EXITED. */
  void (*start)(const pbay_host* host, pbay_op op, pbay_str name) PBAY_NOEXCEPT;
  /* [any] One line to standard input, without its newline; at most 1 MiB queued: else PBAY_E_BUSY.
   */
  int32_t (*send)(const pbay_host* host, pbay_op op, pbay_str line) PBAY_NOEXCEPT;
  /* [any] SIGTERM, then SIGKILL after grace_ms. */
  void (*stop)(const pbay_host* host, pbay_op op, int64_t grace_ms) PBAY_NOEXCEPT;
} pbay_process;

#ifdef __cplusplus
}
#endif
#endif
