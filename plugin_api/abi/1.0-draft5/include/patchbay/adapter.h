/* Patchbay adapter ABI, version 1.0-draft5.
 *
 * An adapter is a shared library that speaks one channel (Telegram, Slack, ...). This header is
 * complete in itself: C11, no dependency, and the comments are the contract. Optional abilities
 * are in ext/, one file each.
 *
 * The shape of it
 * ---------------
 * The library exports one symbol, patchbay_adapter_v1(), which returns a pbay_module. The host
 * calls module->create() for each configured account; that gives a pbay_adapter, an *instance*.
 * An instance is a state machine: the host calls it with things that happened, it calls the host
 * with things that it wants. Network, disk, clock, timers and child processes belong to the host,
 * which lends them as extensions ("patchbay.http/1", ...); an adapter needs no thread and no lock.
 *
 * Threads. Every function carries a tag:
 *   [loader]    the host's loader thread; no other call of this module runs meanwhile
 *   [instance]  the instance's executor: one call at a time, never re-entrant
 *   [any]       any thread; must be thread safe
 * All functions of pbay_host and of the host's extensions are [any].
 * A call into an adapter returns within 50 ms (else logged as misbehaving) and 5 s (else the
 * instance is quarantined). Long work is asynchronous.
 *
 * Memory. Nobody frees what the other side allocated. Every pointer passed to a function is valid
 * until that function returns, and not longer: copy what you keep. A pbay_str may have data == NULL
 * when size == 0. Arrays travel as pointer, count and stride (the size of one element as the
 * sender knows it): step by the stride. Structs in it have their struct_size, too.
 *
 * Exceptions never cross. Every function here is noexcept.
 *
 * Operations. Whoever asks for asynchronous work assigns its operation id (never 0, never reused
 * while pending). Host and adapter have separate id spaces. Completion comes exactly once:
 * on_complete() for what the adapter asked, op_complete() for what the host asked. The host posts
 * on_complete(); it never comes from inside the call that asked. An adapter may call op_complete()
 * from any thread and before deliver() returns. The host ignores a second or a foreign completion
 * and logs it; at the deadline it takes a missing one as PBAY_E_UNKNOWN.
 *
 * Growth. struct_size is the size that the writer of the struct compiled with. Read a field only
 * if it lies within struct_size; a larger struct than you know is fine. New abilities get a new
 * extension id, which is never renamed. Released entities never change.
 *
 * Draft. While PBAY_ABI_DRAFT is not 0 the host accepts modules of its own draft only.
 *
 * Process state is nobody's: an adapter installs no signal handler and changes no locale, umask,
 * working directory or environment; it does not call exit() or abort(). It logs through the host.
 */
#ifndef PATCHBAY_ADAPTER_H
#define PATCHBAY_ADAPTER_H

#include <stdint.h>

#if defined(__cplusplus) && __cplusplus >= 201703L
#define PBAY_NOEXCEPT noexcept
#else
#define PBAY_NOEXCEPT
#endif

#if defined(__GNUC__)
#define PBAY_EXPORT __attribute__((visibility("default")))
#else
#define PBAY_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define PBAY_ABI_MAJOR 1u
#define PBAY_ABI_MINOR 0u
#define PBAY_ABI_DRAFT 5u
#define PBAY_MAGIC 0x59414250u /* "PBAY" in memory on a little-endian machine */

/* UTF-8, not NUL-terminated. */
typedef struct pbay_str {
  const char* data;
  uint64_t size; /* bytes */
} pbay_str;

/* An operation id. 0 is never one. */
typedef uint64_t pbay_op;

/* ---- results ------------------------------------------------------------------------------ */

/* Errors carry their class in their range, so that a host handles codes newer than itself:
 *   -100..-199 retryable, -200..-299 permanent, -300..-399 the account needs a person,
 *   -400..-499 outcome unknown, -500..-599 a bug. */
#define PBAY_OK 0
#define PBAY_E_RETRY (-100)        /* try again later */
#define PBAY_E_NETWORK (-101)      /* could not reach the platform */
#define PBAY_E_TIMEOUT (-102)      /* a deadline passed */
#define PBAY_E_RATE_LIMITED (-103) /* wait retry_after_ms */
#define PBAY_E_SERVER (-104)       /* the platform failed and says that nothing was done */
#define PBAY_E_OFFLINE (-105)      /* chat or account cannot be reached now; see chat_reachable */
#define PBAY_E_BUSY (-106)         /* a bounded queue is full */
#define PBAY_E_PERMANENT (-200)    /* will never work */
#define PBAY_E_REJECTED (-201)     /* the platform refuses the content */
#define PBAY_E_CHAT_NOT_FOUND (-202)
#define PBAY_E_FORBIDDEN (-203) /* blocked, kicked, no permission, host not allowed */
#define PBAY_E_TOO_LARGE (-204)
#define PBAY_E_UNSUPPORTED (-205)
#define PBAY_E_TARGET_NOT_FOUND (-206) /* the message to edit, react to or delete */
#define PBAY_E_CANCELLED (-207)
#define PBAY_E_INVALID (-208) /* malformed input */
#define PBAY_E_NOT_FOUND (-209)
#define PBAY_E_CONFLICT_VALUE (-210) /* compare-and-set met another value */
#define PBAY_E_ACCOUNT (-300)        /* a person must act on the account */
#define PBAY_E_UNAUTHORIZED (-301)   /* credentials refused */
#define PBAY_E_LOGIN_REQUIRED (-302)
#define PBAY_E_CONFLICT (-303) /* somebody else uses the account */
#define PBAY_E_UNKNOWN (-400)  /* it may or may not have happened */
#define PBAY_E_CUT (-401)      /* the connection ended after the request left */
#define PBAY_E_BUG (-500)
#define PBAY_E_CONTRACT (-501) /* the caller broke a rule of this header */

/* Whether anything of the request reached the platform. */
#define PBAY_SENT_UNKNOWN 0u
#define PBAY_NOT_SENT 1u /* proven: not one byte left, or the platform answered with a refusal */
#define PBAY_SENT 2u     /* proven by the platform's answer */

/* What a retry_after_ms applies to. */
#define PBAY_SCOPE_OPERATION 0u
#define PBAY_SCOPE_CHAT 1u
#define PBAY_SCOPE_ACCOUNT 2u

typedef struct pbay_result {
  uint32_t struct_size;
  int32_t code;           /* PBAY_OK or PBAY_E_* */
  uint32_t sent_state;    /* PBAY_SENT_UNKNOWN, PBAY_NOT_SENT, PBAY_SENT */
  uint32_t retry_scope;   /* PBAY_SCOPE_* */
  int64_t retry_after_ms; /* as the platform said, or -1 */
  pbay_str text;          /* for a person: what happened and what to do; no secrets */
  /* Platform ids of what was made, in order of parts: an array of pbay_str. */
  const pbay_str* remote_ids;
  uint32_t remote_id_count;
  uint32_t remote_id_stride;
} pbay_result;

/* ---- chats, people, files ----------------------------------------------------------------- */

#define PBAY_CHAT_DIRECT 0u
#define PBAY_CHAT_GROUP 1u
#define PBAY_CHAT_CHANNEL 2u

/* The parts of a group key; the host builds the key ("telegram:group:-1001:topic:7"). */
typedef struct pbay_chat {
  uint32_t struct_size;
  uint32_t kind;      /* PBAY_CHAT_* */
  pbay_str id;        /* the platform's stable id, never a title; opaque, at most 200 bytes */
  pbay_str thread_id; /* empty: none */
} pbay_chat;

typedef struct pbay_sender {
  uint32_t struct_size;
  uint32_t is_bot;  /* 0 or 1 */
  uint32_t is_self; /* 0 or 1: this account wrote it */
  uint32_t reserved;
  pbay_str id;   /* stable */
  pbay_str name; /* as shown to people */
} pbay_sender;

#define PBAY_FILE_DOCUMENT 0u
#define PBAY_FILE_IMAGE 1u
#define PBAY_FILE_AUDIO 2u
#define PBAY_FILE_VOICE 3u
#define PBAY_FILE_VIDEO 4u
#define PBAY_FILE_STICKER 5u

/* A file that came in: bytes in staging (ext/staging.h), or a reference that the host asks for
 * later through fetch(), also after a restart. Exactly one of staging and reference is given. */
typedef struct pbay_inbound_file {
  uint32_t struct_size;
  uint32_t kind;      /* PBAY_FILE_* */
  uint64_t staging;   /* a committed staging handle; the event takes it over. 0: none */
  pbay_str reference; /* opaque to the host, at most 4096 bytes */
  pbay_str name;      /* as the sender named it; the host sanitises it */
  pbay_str mime;      /* as the platform says; may be empty */
  int64_t size;       /* bytes, or -1 */
  pbay_str error;     /* not empty: the file cannot be had, and why; no staging, no reference */
} pbay_inbound_file;

/* A file that goes out. The descriptor is read-only, confined and checked by the host; it belongs
 * to the host and is valid until the operation is completed. Use pread(), or give it to http. */
typedef struct pbay_outbound_file {
  uint32_t struct_size;
  int32_t fd;
  int64_t size;  /* bytes; exactly this many are sent, or the part fails */
  uint32_t kind; /* PBAY_FILE_* */
  uint32_t reserved;
  pbay_str name; /* sanitised: one path component */
  pbay_str mime;
  pbay_str caption; /* CommonMark; may be empty. No host sets it yet: see pbay_delivery */
} pbay_outbound_file;

/* ---- inbound ------------------------------------------------------------------------------ */

#define PBAY_EVENT_MESSAGE 0u
#define PBAY_EVENT_EDIT 1u
#define PBAY_EVENT_REACTION 2u
#define PBAY_EVENT_DELETE 3u
#define PBAY_EVENT_ACTION 4u  /* a button was pressed */
#define PBAY_EVENT_MEMBER 5u  /* somebody joined or left */
#define PBAY_EVENT_COMMAND 6u /* a slash command outside a message */

/* pbay_event.flags */
#define PBAY_EVENT_MENTIONS_ME 1u /* the account is addressed: mention, reply to it, command */
#define PBAY_EVENT_REMOVED 2u     /* a reaction was taken away, a member left */
#define PBAY_EVENT_BACKFILL 4u    /* fetched from history */

/* Limits: an id has at most 512 bytes of UTF-8 without NUL (that of a chat or a thread 200), text
 * and extra_json 1 MiB, action 4096 bytes; 100 files. Needed: a chat with an id; event_id or
 * message_id; of a message message_id; of an edit, a reaction, a deletion target_id; of a reaction
 * emoji, unless it was taken away. The host will never store an event that is over a limit or lacks
 * what it needs: see PBAY_NOT_STORED. Names are cut at 1024 bytes, reply_to_text at 64 KiB. */
typedef struct pbay_event {
  uint32_t struct_size;
  uint32_t kind;  /* PBAY_EVENT_* */
  uint32_t flags; /* PBAY_EVENT_* bits */
  uint32_t reserved;
  pbay_str event_id;   /* the platform's id of this event; the same when it is delivered again */
  pbay_str message_id; /* the platform's id of the message; unique within the chat */
  pbay_str target_id;  /* edits, reactions, deletions, actions: the message they are about */
  pbay_str emoji;      /* reactions */
  pbay_str action;     /* actions: the value of the button */
  const pbay_chat* chat;
  pbay_str chat_name;        /* as shown to people */
  const pbay_sender* sender; /* NULL: nobody, an event of the chat itself */
  int64_t timestamp_ms;      /* Unix time by the platform */
  pbay_str text;             /* CommonMark */
  pbay_str reply_to_id;
  pbay_str reply_to_text;
  pbay_str reply_to_sender;
  const pbay_inbound_file* files;
  uint32_t file_count;
  uint32_t file_stride;
  pbay_str group_id;   /* messages that belong together (an album); may be empty */
  pbay_str extra_json; /* a JSON object that the agent gets as it is; may be empty */
} pbay_event;

/* How submit() ended, in pbay_completion.value. All but NOT_STORED: acknowledge the platform.
 * NOT_STORED: the event is on no disk, its staging handles are gone, and the class of the code says
 * what to do. Permanent (-200s) or a bug (-500s): the host will never take this event; log that and
 * pass over it, since to submit it again would stop all that is behind it. Any other code: do not
 * acknowledge; submit it again. */
#define PBAY_STORED 1u
#define PBAY_DUPLICATE 2u
#define PBAY_INTAKE 3u     /* kept by the host, not (yet) given to an agent */
#define PBAY_REFUSED 4u    /* by policy; it is recorded */
#define PBAY_NOT_STORED 5u /* see above */

/* ---- outbound ----------------------------------------------------------------------------- */

#define PBAY_DELIVER_MESSAGE 0u
#define PBAY_DELIVER_EDIT 1u
#define PBAY_DELIVER_REACTION 2u
#define PBAY_DELIVER_DELETE 3u
#define PBAY_DELIVER_QUESTION 4u /* text with options that become buttons */

/* pbay_delivery.flags */
#define PBAY_DELIVER_SILENT 1u           /* without a sound on the other side */
#define PBAY_DELIVER_NO_PREVIEW 2u       /* without a preview of the links in it */
#define PBAY_DELIVER_REACTION_REMOVED 4u /* REACTION: take it away */

typedef struct pbay_option {
  uint32_t struct_size;
  uint32_t reserved;
  pbay_str label;
  pbay_str value; /* comes back in pbay_event.action */
  pbay_str url;   /* not empty: a link button */
} pbay_option;

/* What is to become visible in a chat. It is sent in parts (a text over the limit, several files);
 * each part is reported with op_part(), and the next one leaves only after that operation has
 * completed, when the part is durable. The key of part n is idempotency_key + ":" + n.
 *
 * Editing, reacting and deleting are operations of deliver(), announced by PBAY_CAN_EDIT,
 * PBAY_CAN_REACT and PBAY_CAN_DELETE: no extension is about them. After an edit its text is all
 * that the messages of target_ids show: those that it no longer needs are deleted, what it needs
 * beyond them is sent. Its parts are these messages again, the first of them target_id.
 *
 * SILENT, NO_PREVIEW, extra_json and the captions of files are for the host to set. What an agent
 * writes has no words for them, so that hosts of this draft leave them empty; an adapter whose
 * platform can do them honours them all the same. */
typedef struct pbay_delivery {
  uint32_t struct_size;
  uint32_t operation; /* PBAY_DELIVER_* */
  uint32_t flags;
  uint32_t attempt; /* 1 for the first */
  const pbay_chat* chat;
  pbay_str text; /* CommonMark */
  const pbay_outbound_file* files;
  uint32_t file_count;
  uint32_t file_stride;
  pbay_str target_id;   /* edit, reaction, delete: the platform's message id */
  pbay_str reply_to_id; /* quote this message; may be empty */
  pbay_str emoji;
  pbay_str question_id;
  pbay_str title;
  const pbay_option* options;
  uint32_t option_count;
  uint32_t option_stride;
  pbay_str idempotency_key; /* the same for every attempt, also after a restart */
  uint32_t parts_done;      /* parts already durable: do not send them again */
  uint32_t reserved;
  pbay_str resume_cursor;     /* of the last durable part, as given to op_part() */
  const pbay_str* remote_ids; /* of the durable parts */
  uint32_t remote_id_count;
  uint32_t remote_id_stride;
  int64_t deadline_ms; /* monotonic time by which op_complete() must have come */
  pbay_str extra_json; /* a JSON object of the channel's own, or empty */
  /* EDIT, REACTION, DELETE: the platform's ids of all parts of the target, as far as the host knows
   * them; the first is target_id. An EDIT of a message with files has target_id alone. */
  const pbay_str* target_ids;
  uint32_t target_id_count;
  uint32_t target_id_stride;
} pbay_delivery;

/* ---- capabilities and states -------------------------------------------------------------- */

#define PBAY_CAN_TEXT (1ull << 0)
#define PBAY_CAN_FILES (1ull << 1)
#define PBAY_CAN_THREADS (1ull << 2)
#define PBAY_CAN_EDIT (1ull << 3)
#define PBAY_CAN_DELETE (1ull << 4)
#define PBAY_CAN_REACT (1ull << 5)
#define PBAY_CAN_TYPING (1ull << 6)
#define PBAY_CAN_BUTTONS (1ull << 7)
#define PBAY_CAN_OPEN_DM (1ull << 8)
#define PBAY_CAN_IDEMPOTENT_SEND (1ull << 9) /* the platform honours the idempotency key */
#define PBAY_CAN_LOOKUP_SENT (1ull << 10)    /* ext/lookup_sent.h */

#define PBAY_UNIT_BYTES 0u
#define PBAY_UNIT_UTF16 1u
#define PBAY_UNIT_CODE_POINTS 2u

typedef struct pbay_caps {
  uint32_t struct_size;
  uint32_t generation; /* grows when the answer for this chat changes */
  uint64_t bits;       /* PBAY_CAN_* */
  uint32_t text_unit;  /* PBAY_UNIT_* of the limits below */
  uint32_t text_limit; /* of one part; 0: none */
  uint32_t caption_limit;
  uint32_t files_per_part;
  int64_t file_bytes;     /* largest file that can be sent; 0: no limit */
  int64_t edit_window_ms; /* 0: none */
  /* The rate that the platform publishes: tokens of a bucket. 0: no rule. */
  uint32_t chat_messages;  /* so many ... */
  uint32_t chat_period_ms; /* ... in so long, for one chat */
  uint32_t account_messages;
  uint32_t account_period_ms;
} pbay_caps;

#define PBAY_STATE_CONNECTING 0u
#define PBAY_STATE_ONLINE 1u
#define PBAY_STATE_DEGRADED 2u
#define PBAY_STATE_LOGIN_REQUIRED 3u
#define PBAY_STATE_RATE_LIMITED 4u
#define PBAY_STATE_FAILED 5u
#define PBAY_STATE_STOPPED 6u

typedef struct pbay_state {
  uint32_t struct_size;
  uint32_t state;       /* PBAY_STATE_* */
  pbay_str reason;      /* what happened */
  pbay_str user_action; /* what the person must do; empty: nothing */
  pbay_str login_code;  /* LOGIN_REQUIRED: a pairing code, or the payload of a QR code. Shown to
                         * the operator while the state lasts, never logged */
  uint32_t login_code_is_qr;
  uint32_t reserved;
} pbay_state;

/* What became of a message after it was delivered, or of one whose outcome is not known.
 *
 * By a key, SENT, RECEIVED and READ all say that it is there. That of the delivery says it of all
 * of its parts: a delivery of unknown outcome is delivered then. That of part n (the key + ":" + n)
 * says it of that part, which is evidence for a person and ends nothing, not even where there is
 * one part: how many there are to be only the adapter knows. So report the last one by the
 * delivery's key. By a remote_id they change nothing: the host knows that message to be there.
 * FAILED, by whatever, is of the whole delivery: it has failed, also after it was delivered. */
#define PBAY_REPORT_SENT 0u
#define PBAY_REPORT_RECEIVED 1u
#define PBAY_REPORT_READ 2u
#define PBAY_REPORT_FAILED 3u

typedef struct pbay_report {
  uint32_t struct_size;
  uint32_t state;           /* PBAY_REPORT_* */
  pbay_str remote_id;       /* either this ... */
  pbay_str idempotency_key; /* ... or this: the delivery's, or that of a part */
  pbay_str reason;
} pbay_report;

/* ---- completions and events to the adapter ------------------------------------------------- */

typedef struct pbay_completion {
  uint32_t struct_size;
  int32_t code;   /* PBAY_OK or PBAY_E_* */
  uint64_t value; /* submit: PBAY_STORED ...; else as the extension says */
  pbay_str text;  /* an error in words */
  /* A struct that the extension defines (for http: pbay_http_response), or NULL. */
  const void* detail;
} pbay_completion;

#define PBAY_LOG_DEBUG 0u
#define PBAY_LOG_INFO 1u
#define PBAY_LOG_WARNING 2u
#define PBAY_LOG_ERROR 3u

/* ---- the host, as an instance sees it ------------------------------------------------------ */

/* All functions are [any]. `host` is the pointer that create() was given; it stays valid until
 * destroy() returns. After stopped() the host ignores every call. */
typedef struct pbay_host {
  uint32_t struct_size;
  uint32_t minor; /* PBAY_ABI_MINOR of the host */
  void* data;     /* the host's own */

  /* One line, no newline, no secrets (the host redacts those it knows). */
  void (*log)(const struct pbay_host* host, uint32_t level, pbay_str message) PBAY_NOEXCEPT;

  /* Something came from the platform. Acknowledge the platform only after on_complete(op).
   * Events of one chat keep the order of their submission: when one is to be submitted again,
   * nothing is stored that was submitted after it and before its on_complete(). Submit them again
   * in that order. One that the host will never take (see PBAY_NOT_STORED) holds back none. */
  void (*submit)(const struct pbay_host* host, pbay_op op, const pbay_event* event) PBAY_NOEXCEPT;

  void (*set_state)(const struct pbay_host* host, const pbay_state* state) PBAY_NOEXCEPT;

  /* Part `part` of delivery `delivery_op` is on the platform as remote_id. Parts count from 0 and
   * go on at parts_done, none is left out: else PBAY_E_CONTRACT, and it is not recorded.
   * on_complete(op) comes when it is durable; send the next part after that. cursor: at most 1 KiB,
   * given back as pbay_delivery.resume_cursor after a crash. */
  void (*op_part)(const struct pbay_host* host, pbay_op op, pbay_op delivery_op, uint32_t part,
                  pbay_str remote_id, pbay_str cursor) PBAY_NOEXCEPT;

  /* An operation of the host (deliver, fetch, one of an extension) has ended. */
  void (*op_complete)(const struct pbay_host* host, pbay_op op,
                      const pbay_result* result) PBAY_NOEXCEPT;

  /* A late status of a message that was delivered, or evidence about one that may have been. */
  void (*report)(const struct pbay_host* host, const pbay_report* report) PBAY_NOEXCEPT;

  /* A fact about the account or a chat: one JSON object, at most 64 KiB.
   *
   *   {"fact":"chat_moved","from":{"kind":"group","id":"-1"},"to":{"kind":"group","id":"-1001"}}
   *     The platform gave a chat another id. The conversation goes on in its sessions: a move holds
   *     for every event that is submitted after this call. kind: "dm", "group" or "channel".
   *   {"fact":"account","id":"42","username":"my_bot","name":"My bot", ...}
   *     Who the account is; further members are the channel's own. The host logs it.
   *
   * Other facts are logged (level debug) and change nothing. */
  void (*metadata)(const struct pbay_host* host, pbay_str fact_json) PBAY_NOEXCEPT;

  /* A chat that answered PBAY_E_OFFLINE can be reached again: its deliveries go on now. */
  void (*chat_reachable)(const struct pbay_host* host, const pbay_chat* chat) PBAY_NOEXCEPT;

  /* The answer to stop(): nothing is pending, nothing will be called. */
  void (*stopped)(const struct pbay_host* host) PBAY_NOEXCEPT;

  /* A host extension by id ("patchbay.http/1"), or NULL. Valid as long as the host pointer. */
  const void* (*get_extension)(const struct pbay_host* host, const char* id)PBAY_NOEXCEPT;
} pbay_host;

/* ---- the adapter --------------------------------------------------------------------------- */

/* One instance. Filled by create(); function pointers that are NULL mean "not able". start, stop,
 * destroy, deliver, on_complete, cancel and capabilities must not be NULL. */
typedef struct pbay_adapter {
  uint32_t struct_size;
  uint32_t reserved;
  void* self; /* the adapter's own; first argument of every call */

  /* [instance] Begin: connect, poll, listen. Report progress with set_state(). */
  void (*start)(void* self) PBAY_NOEXCEPT;

  /* [instance] End within deadline_ms: cancel what runs, complete every operation, then call
   * host->stopped(). An instance that does not becomes a zombie that is never called again. */
  void (*stop)(void* self, int64_t deadline_ms) PBAY_NOEXCEPT;

  /* [loader] Free self. After stopped(), or when start() was never called. */
  void (*destroy)(void* self) PBAY_NOEXCEPT;

  /* [instance] Make this visible; op_complete(op) once. */
  void (*deliver)(void* self, pbay_op op, const pbay_delivery* delivery) PBAY_NOEXCEPT;

  /* [instance] Stream the file behind a reference into the open staging handle and commit it
   * there, then op_complete(op). NULL if the adapter never submits references. */
  void (*fetch)(void* self, pbay_op op, pbay_str reference, uint64_t staging) PBAY_NOEXCEPT;

  /* [instance] An operation that the adapter asked for has ended. */
  void (*on_complete)(void* self, pbay_op op, const pbay_completion* completion) PBAY_NOEXCEPT;

  /* [instance] Something happened on a long-lived operation (a listener, a WebSocket, a webhook
   * route): `op` is the one that opened it, `detail` a struct that the extension defines. */
  void (*on_event)(void* self, pbay_op op, const void* detail) PBAY_NOEXCEPT;

  /* [instance] The host no longer needs this operation. A request: op_complete() still comes. */
  void (*cancel)(void* self, pbay_op op) PBAY_NOEXCEPT;

  /* [instance] What can be done in this chat. `out` has struct_size set by the host. */
  void (*capabilities)(void* self, const pbay_chat* chat, pbay_caps* out) PBAY_NOEXCEPT;

  /* [instance] Take one recorded payload of the platform and submit the events that the live path
   * would. It is the live path's own function. `kind` names the payload's shape ("update").
   * Returns PBAY_OK, or PBAY_E_INVALID for a payload that is malformed. */
  int32_t (*translate)(void* self, pbay_str kind, pbay_str payload) PBAY_NOEXCEPT;

  /* [any] An extension of the adapter by id ("patchbay.typing/1"), or NULL. */
  const void* (*get_extension)(void* self, const char* id)PBAY_NOEXCEPT;
} pbay_adapter;

/* ---- the module ---------------------------------------------------------------------------- */

typedef struct pbay_module {
  uint32_t struct_size;
  uint32_t magic;          /* PBAY_MAGIC */
  uint32_t abi_minor;      /* PBAY_ABI_MINOR it was built with */
  uint32_t min_host_minor; /* the least that it needs */
  uint32_t abi_draft;      /* PBAY_ABI_DRAFT it was built with */
  uint32_t reserved;
  pbay_str channel; /* "telegram": [a-z0-9][a-z0-9-]{0,31} */
  pbay_str version;
  pbay_str vendor;

  /* [loader] Make an instance. config_json: the instance's "settings", secrets resolved, plus
   * "instance" (its name). Copy what you keep; do no I/O. Returns PBAY_OK with *out filled
   * (out->struct_size is set by the host: do not write past it), or PBAY_E_INVALID after writing
   * a log line that names the setting and the remedy. */
  int32_t (*create)(const pbay_host* host, pbay_str config_json, pbay_adapter* out) PBAY_NOEXCEPT;
} pbay_module;

/* [loader] The one exported symbol. No I/O, no thread, no allocation. NULL: "not this host".
 * The module is static and lives as long as the process: a library is never unloaded. */
PBAY_EXPORT const pbay_module* patchbay_adapter_v1(uint32_t host_minor) PBAY_NOEXCEPT;

typedef const pbay_module* (*pbay_entry_v1)(uint32_t host_minor)PBAY_NOEXCEPT;
#define PBAY_ENTRY_SYMBOL "patchbay_adapter_v1"

#ifdef __cplusplus
}
#endif

#endif /* PATCHBAY_ADAPTER_H */
