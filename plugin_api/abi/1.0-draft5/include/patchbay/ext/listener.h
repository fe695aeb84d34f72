/* "patchbay.listener/1", given by the host: a Unix stream socket that the host listens on for the
 * instance, in its run folder, mode 0600. */
#ifndef PATCHBAY_EXT_LISTENER_H
#define PATCHBAY_EXT_LISTENER_H
#include "../adapter.h"
#ifdef __cplusplus
extern "C" {
#endif

#define PBAY_EXT_LISTENER "patchbay.listener/1"

#define PBAY_LISTENER_ACCEPTED 0u
#define PBAY_LISTENER_DATA 1u
#define PBAY_LISTENER_WRITABLE 2u /* after PBAY_E_BUSY: there is room again */
#define PBAY_LISTENER_CLOSED 3u   /* by the peer or for an error; the id is not used again */

/* on_event() detail of an open listener. */
typedef struct pbay_listener_event {
  uint32_t struct_size;
  uint32_t kind; /* PBAY_LISTENER_* */
  uint64_t connection;
  pbay_str data;
} pbay_listener_event;

typedef struct pbay_listener {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] Listens on <run folder>/<name>.sock; name: that of the instance, alone or followed by "-"
   * and more of [a-z0-9-], at most 32 characters in all. Completes when it does (text: the path);
   * after that events come under the same op until close(). At most 4 sockets, each of at most 64
   * connections: PBAY_E_BUSY, also when somebody else listens there. PBAY_E_FORBIDDEN: a name of
   * another instance; whoever connects is to find the instance whose name is written there. */
  void (*listen)(const pbay_host* host, pbay_op op, pbay_str name) PBAY_NOEXCEPT;
  /* [any] Queues bytes, at most 1 MiB a connection: else PBAY_E_BUSY and nothing is queued.
   * PBAY_E_NOT_FOUND: the connection is gone. */
  int32_t (*send)(const pbay_host* host, uint64_t connection, pbay_str bytes) PBAY_NOEXCEPT;
  /* [any] Closes after what is queued has been written. */
  void (*hang_up)(const pbay_host* host, uint64_t connection) PBAY_NOEXCEPT;
  /* [any] Stops listening and drops the connections. */
  void (*close)(const pbay_host* host, pbay_op op) PBAY_NOEXCEPT;
} pbay_listener;

#ifdef __cplusplus
}
#endif
#endif
