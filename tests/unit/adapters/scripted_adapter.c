/* An adapter in plain C whose deliveries are commands: each text says what the instance is to do
 * next, good or bad, and how that ended comes back as the text of the delivery's result:
 *   "<code of the completion> <its value> <its text, or the detail's bytes>"
 * and for an HTTP request that failed "<code> <value> <what of it was sent>: <text>".
 * The setting "mode" makes a whole instance misbehave. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <patchbay/adapter.h>
#include <patchbay/ext/clock.h>
#include <patchbay/ext/http.h>
#include <patchbay/ext/kv.h>
#include <patchbay/ext/listener.h>
#include <patchbay/ext/staging.h>
#include <patchbay/ext/stream.h>
#include <patchbay/ext/timer.h>
#include <patchbay/ext/typing.h>
#include <patchbay/ext/webhook.h>
#include <patchbay/ext/websocket.h>

enum { kWords = 8, kOperations = 4096, kTextBytes = 4096, kLargeBytes = 65 << 20 };

typedef struct scripted {
  const pbay_host* host;
  const pbay_kv* kv;
  const pbay_timer* timer;
  const pbay_clock* clock;
  const pbay_staging* staging;
  const pbay_http* http;
  const pbay_listener* listener;
  const pbay_webhook* webhook;
  const pbay_websocket* websocket;
  const pbay_stream* stream;
  char mode[32];
  pbay_op last_op;
  pbay_op delivery_of[kOperations]; /* which delivery waits for which operation, modulo */
  pbay_op listener_op;
  pbay_op webhook_op;
  pbay_op websocket_op;
  pbay_op stream_op;
  char heard[kTextBytes]; /* events of WebSocket and stream, in short */
  char insisted[32];      /* the event that is submitted until it is stored */
  pbay_op late_part_op;   /* a part of it is told when it is cancelled; 0: none */
  uint64_t staged;        /* what is submitted when its commit completes; 0: nothing */
  pbay_op fetch_op;       /* what is completed when its commit completes; 0: nothing */
} scripted;

static pbay_str text_of(const char* text) {
  pbay_str out = {text, strlen(text)};
  return out;
}

/* More than passes between the host and an isolated adapter. */
static const char* large_text(void) {
  static char* text = NULL;
  if (text == NULL) {
    text = calloc(1, kLargeBytes + 1);
    memset(text, 'x', kLargeBytes);
  }
  return text;
}

static void finish(scripted* self, pbay_op op, int32_t code, const char* text, const char* remote) {
  pbay_str ids[1];
  pbay_result result;
  memset(&result, 0, sizeof result);
  ids[0] = text_of(remote == NULL ? "" : remote);
  result.struct_size = sizeof result;
  result.code = code;
  result.sent_state = code == PBAY_OK ? PBAY_SENT : PBAY_SENT_UNKNOWN;
  result.retry_after_ms = -1;
  result.text = text_of(text);
  result.remote_ids = ids;
  result.remote_id_count = remote == NULL ? 0 : 1;
  result.remote_id_stride = sizeof(pbay_str);
  self->host->op_complete(self->host, op, &result);
}

static pbay_op next_op(scripted* self, pbay_op delivery) {
  const pbay_op op = ++self->last_op;
  self->delivery_of[op % kOperations] = delivery;
  return op;
}

/* ---- inbound ------------------------------------------------------------------------------ */

static int is(const char* what, const char* name) {
  return what != NULL && strcmp(what, name) == 0;
}

/* broken: what of it is; NULL: nothing. */
static void submit(scripted* self, pbay_op op, const char* id, uint64_t staged,
                   const char* reference, const char* broken) {
  pbay_chat chat;
  pbay_sender sender;
  pbay_inbound_file file;
  pbay_event event;
  memset(&chat, 0, sizeof chat);
  memset(&sender, 0, sizeof sender);
  memset(&file, 0, sizeof file);
  memset(&event, 0, sizeof event);
  chat.struct_size = sizeof chat;
  chat.kind = PBAY_CHAT_GROUP;
  chat.id = text_of("-100");
  chat.thread_id = text_of("7");
  sender.struct_size = is(broken, "sender") ? 0 : sizeof sender;
  sender.id = text_of("42");
  sender.name = text_of("Ann\xff");
  file.struct_size = is(broken, "file") ? 0 : sizeof file;
  file.kind = PBAY_FILE_IMAGE;
  file.staging = staged;
  file.reference = text_of(reference == NULL ? "" : reference);
  file.name = text_of("cat.jpg");
  file.size = -1;
  event.struct_size = is(broken, "event") ? 8 : sizeof event;
  event.kind = PBAY_EVENT_MESSAGE;
  event.flags = PBAY_EVENT_MENTIONS_ME;
  event.message_id = text_of(id);
  event.chat = is(broken, "chat") ? NULL : &chat;
  event.sender = &sender;
  event.timestamp_ms = 1700000000000;
  event.text = text_of(is(broken, "size") ? large_text() : "hello");
  event.files = &file;
  event.file_count = staged != 0 || reference != NULL ? 1 : 0;
  event.file_stride = is(broken, "stride") ? 0 : sizeof file;
  self->host->submit(self->host, op, &event);
}

static void submit_many(scripted* self, pbay_op delivery, int count) {
  char id[32];
  int i;
  for (i = 0; i < count; ++i) {
    snprintf(id, sizeof id, "m%d", i);
    submit(self, next_op(self, 0), id, 0, NULL, NULL);
  }
  finish(self, delivery, PBAY_OK, "submitted", "r");
}

static void take_all_room(scripted* self, int operations) {
  int i;
  for (i = 0; i < operations; ++i) {
    self->timer->start(self->host, next_op(self, 0), 3600000);
  }
}

/* The first is refused at the door; then there is room, and the second comes before that is known.
 */
static void submit_without_room(scripted* self, pbay_op delivery, int operations) {
  const pbay_op first = self->last_op + 1;
  take_all_room(self, operations);
  submit(self, next_op(self, delivery), "m1", 0, NULL, NULL);
  self->timer->cancel(self->host, first);
  submit(self, next_op(self, 0), "m2", 0, NULL, NULL);
}

static void begin_file(scripted* self, pbay_op delivery) {
  const uint64_t handle = self->staging->open(self->host, 5);
  self->staging->write(self->host, handle, text_of("hello"));
  self->staged = handle;
  self->staging->commit(self->host, next_op(self, delivery), handle);
}

/* ---- outbound ----------------------------------------------------------------------------- */

static void request(scripted* self, pbay_op delivery, const char* method, const char* url,
                    pbay_op tag) {
  pbay_http_request request;
  memset(&request, 0, sizeof request);
  request.struct_size = sizeof request;
  request.delivery_op = tag;
  request.method = text_of(method);
  request.url = text_of(url);
  request.body_fd = -1;
  request.body = text_of(strcmp(method, "POST") == 0 ? "body" : "");
  self->http->request(self->host, next_op(self, delivery), &request);
}

static void post_broken(scripted* self, pbay_op delivery, const char* url, const char* broken) {
  pbay_header header;
  pbay_http_part part;
  pbay_http_request request;
  memset(&header, 0, sizeof header);
  memset(&part, 0, sizeof part);
  memset(&request, 0, sizeof request);
  header.struct_size = is(broken, "header") ? 0 : sizeof header;
  header.name = text_of("X-Name");
  part.struct_size = is(broken, "part") ? 0 : sizeof part;
  part.name = text_of("name");
  part.fd = -1;
  request.struct_size = is(broken, "request") ? 8 : sizeof request;
  request.method = text_of("POST");
  request.url = text_of(url);
  request.body_fd = -1;
  request.headers = &header;
  request.header_count = 1;
  request.header_stride = is(broken, "header-stride") ? 0 : sizeof header;
  request.parts = &part;
  request.part_count = 1;
  request.part_stride = is(broken, "part-stride") ? 0 : sizeof part;
  self->http->request(self->host, next_op(self, delivery), &request);
}

static pbay_http_request post_to(const char* url) {
  pbay_http_request request;
  memset(&request, 0, sizeof request);
  request.struct_size = sizeof request;
  request.method = text_of("POST");
  request.url = text_of(url);
  request.body_fd = -1;
  return request;
}

static void post_large(scripted* self, pbay_op delivery, const char* url, size_t size) {
  const pbay_str body = {large_text(), size};
  pbay_http_request request = post_to(url);
  request.body = body;
  self->http->request(self->host, next_op(self, delivery), &request);
}

/* The delivery's file, again and again. */
static void post_files(scripted* self, pbay_op op, const char* url, const pbay_delivery* delivery,
                       uint32_t count) {
  pbay_http_part* parts = calloc(count, sizeof *parts);
  pbay_http_request request = post_to(url);
  uint32_t i;
  for (i = 0; i < count; ++i) {
    parts[i].struct_size = sizeof *parts;
    parts[i].name = text_of("file");
    parts[i].fd = delivery->files[0].fd;
    parts[i].size = delivery->files[0].size;
  }
  request.parts = parts;
  request.part_count = count;
  request.part_stride = sizeof *parts;
  self->http->request(self->host, next_op(self, op), &request);
  free(parts);
}

/* The delivery's file. The state says that it is about to be. */
static void post_file(scripted* self, pbay_op op, const char* url, const pbay_delivery* delivery) {
  pbay_http_request request = post_to(url);
  pbay_state state;
  memset(&state, 0, sizeof state);
  request.delivery_op = op;
  request.body_fd = delivery->files[0].fd;
  request.body_fd_size = delivery->files[0].size;
  state.struct_size = sizeof state;
  state.state = PBAY_STATE_DEGRADED;
  self->host->set_state(self->host, &state);
  self->http->request(self->host, next_op(self, op), &request);
}

static void get_of_any_size(scripted* self, pbay_op delivery, const char* url) {
  pbay_http_request request;
  memset(&request, 0, sizeof request);
  request.struct_size = sizeof request;
  request.method = text_of("GET");
  request.url = text_of(url);
  request.body_fd = -1;
  request.max_response_bytes = INT64_MAX;
  self->http->request(self->host, next_op(self, delivery), &request);
}

static void get_into_staging(scripted* self, pbay_op delivery, const char* url) {
  pbay_http_request request;
  memset(&request, 0, sizeof request);
  request.struct_size = sizeof request;
  request.method = text_of("GET");
  request.url = text_of(url);
  request.body_fd = -1;
  request.response_staging = self->staging->open(self->host, -1);
  self->http->request(self->host, next_op(self, delivery), &request);
}

static void read_file(scripted* self, pbay_op op, const pbay_delivery* delivery) {
  char text[kTextBytes];
  ssize_t count;
  if (delivery->file_count == 0) {
    finish(self, op, PBAY_E_INVALID, "no file", NULL);
    return;
  }
  count = pread(delivery->files[0].fd, text, sizeof text - 1, 0);
  text[count < 0 ? 0 : count] = '\0';
  finish(self, op, PBAY_OK, text, "r");
}

static void* complete_elsewhere(void* argument) {
  scripted* self = argument;
  finish(self, self->delivery_of[0], PBAY_OK, "from a thread", "r");
  return NULL;
}

/* Log lines, broken rules or states, as many of them as are asked for. */
static void flood(scripted* self, pbay_op delivery, const char* what, int count) {
  pbay_state state;
  int i;
  memset(&state, 0, sizeof state);
  state.struct_size = sizeof state;
  state.state = PBAY_STATE_ONLINE;
  state.reason = text_of("still here");
  for (i = 0; i < count; ++i) {
    if (strcmp(what, "lines") == 0) {
      self->host->log(self->host, PBAY_LOG_INFO, text_of("I have something to say"));
    } else if (strcmp(what, "violations") == 0) {
      finish(self, 0, PBAY_OK, "of nothing", NULL);
    } else {
      self->host->set_state(self->host, &state);
    }
  }
  finish(self, delivery, PBAY_OK, "flooded", "r");
}

static void hang(void) {
  for (;;) {
    pause();
  }
}

static void leak(void) {
  for (;;) {
    char* memory = malloc(1 << 20);
    if (memory == NULL) {
      abort();
    }
    memset(memory, 1, 1 << 20);
  }
}

static void* spin(void* argument) {
  volatile unsigned turns = 0;
  (void)argument;
  for (;;) {
    ++turns;
  }
  return NULL;
}

/* How each way out of the process ended: an errno, or 0. */
static void reach_out(scripted* self, pbay_op op, const char* path) {
  char text[128];
  int file, net, shell, stranger, mode;
  pid_t child;
  errno = 0;
  file = open(path, O_RDONLY) < 0 ? errno : 0;
  net = socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0;
  child = fork();
  if (child == 0) {
    _exit(0);
  }
  shell = child < 0 ? errno : 0;
  stranger = kill(getppid(), 0) < 0 ? errno : 0;
  mode = chmod(path, 0777) < 0 ? errno : 0;
  snprintf(text, sizeof text, "%d %d %d %d %d", file, net, shell, stranger, mode);
  finish(self, op, PBAY_OK, text, "r");
}

/* ---- WebSocket and stream ------------------------------------------------------------------- */

/* subprotocol: NULL offers none. */
static void open_websocket(scripted* self, pbay_op delivery, const char* url,
                           const char* subprotocol) {
  const pbay_header offer = {.struct_size = sizeof offer,
                             .name = text_of("Sec-WebSocket-Protocol"),
                             .value = text_of(subprotocol == NULL ? "" : subprotocol)};
  pbay_websocket_options options;
  memset(&options, 0, sizeof options);
  options.struct_size = sizeof options;
  options.url = text_of(url);
  options.headers = &offer;
  options.header_count = subprotocol == NULL ? 0 : 1;
  options.header_stride = sizeof offer;
  self->websocket_op = next_op(self, delivery);
  self->websocket->open(self->host, self->websocket_op, &options);
}

static void finish_with_code(scripted* self, pbay_op op, int32_t code) {
  char text[16];
  snprintf(text, sizeof text, "%d", (int)code);
  finish(self, op, PBAY_OK, text, "r");
}

/* More than any of these takes, to the connections that are open. */
static void send_large(scripted* self, pbay_op op) {
  const pbay_host* host = self->host;
  const pbay_str large = text_of(large_text());
  char text[64];
  snprintf(text, sizeof text, "%d %d %d %d", (int)self->stream->send(host, self->stream_op, large),
           (int)self->websocket->send(host, self->websocket_op, PBAY_WEBSOCKET_BINARY, large),
           (int)self->websocket->ping(host, self->websocket_op, large),
           (int)self->listener->send(host, 1, large));
  finish(self, op, PBAY_OK, text, "r");
}

static int obey_outgoing(scripted* self, pbay_op op, char* words[kWords]) {
  const char* command = words[0];
  const pbay_host* host = self->host;
  if (strcmp(command, "websocket") == 0) {
    open_websocket(self, op, words[1], words[2]);
  } else if (strcmp(command, "websocket-send") == 0) {
    finish_with_code(
        self, op,
        self->websocket->send(host, self->websocket_op, PBAY_WEBSOCKET_TEXT, text_of(words[1])));
  } else if (strcmp(command, "websocket-send-and-forget") == 0) {
    self->websocket->send(host, self->websocket_op, PBAY_WEBSOCKET_TEXT, text_of(words[1]));
  } else if (strcmp(command, "websocket-ping-and-forget") == 0) {
    self->websocket->ping(host, self->websocket_op, text_of(words[1]));
  } else if (strcmp(command, "websocket-send-large") == 0) {
    const size_t size = strtoul(words[1], NULL, 10);
    char* bytes = calloc(1, size);
    const pbay_str data = {bytes, size};
    finish_with_code(self, op,
                     self->websocket->send(host, self->websocket_op, PBAY_WEBSOCKET_BINARY, data));
    free(bytes);
  } else if (strcmp(command, "websocket-send-broken") == 0) {
    finish_with_code(
        self, op,
        self->websocket->send(host, self->websocket_op, PBAY_WEBSOCKET_TEXT, text_of("\xff")));
  } else if (strcmp(command, "websocket-close") == 0) {
    self->websocket->close(host, self->websocket_op, (uint32_t)strtoul(words[1], NULL, 10),
                           text_of("bye"));
    finish_with_code(
        self, op,
        self->websocket->send(host, self->websocket_op, PBAY_WEBSOCKET_TEXT, text_of("late")));
  } else if (strcmp(command, "websocket-and-close") == 0) {
    open_websocket(self, op, words[1], NULL);
    self->websocket->close(host, self->websocket_op, 1000, text_of(""));
  } else if (strcmp(command, "stream") == 0) {
    self->stream_op = next_op(self, op);
    self->stream->open(host, self->stream_op, text_of(words[1]));
  } else if (strcmp(command, "stream-send") == 0) {
    finish_with_code(self, op, self->stream->send(host, self->stream_op, text_of(words[1])));
  } else if (strcmp(command, "stream-close") == 0) {
    self->stream->close(host, self->stream_op);
    finish_with_code(self, op, self->stream->send(host, self->stream_op, text_of("late")));
  } else if (strcmp(command, "send-large") == 0) {
    send_large(self, op);
  } else if (strcmp(command, "heard") == 0) {
    finish(self, op, PBAY_OK, self->heard, "r");
  } else {
    return 0;
  }
  return 1;
}

static void hear(scripted* self, uint32_t kind, uint32_t code, pbay_str data) {
  const size_t at = strlen(self->heard);
  const int most = data.size < 32 ? (int)data.size : 32;
  snprintf(self->heard + at, sizeof self->heard - at, "%u:%u:%.*s;", kind, code, most, data.data);
}

static void obey(scripted* self, pbay_op op, const pbay_delivery* delivery, int count,
                 char* words[kWords]) {
  const char* command = words[0];
  const pbay_host* host = self->host;
  if (obey_outgoing(self, op, words)) {
    return;
  }
  if (strcmp(command, "ok") == 0) {
    finish(self, op, PBAY_OK, "fine", "r1");
  } else if (strcmp(command, "fail") == 0) {
    finish(self, op, (int32_t)strtol(words[1], NULL, 10), "no", NULL);
  } else if (strcmp(command, "twice") == 0) {
    finish(self, op, PBAY_OK, "first", "r1");
    finish(self, op, PBAY_E_PERMANENT, "second", NULL);
  } else if (strcmp(command, "foreign") == 0) {
    finish(self, op + 1000, PBAY_OK, "not asked for", "r1");
    finish(self, 0, PBAY_OK, "zero", "r1");
    finish(self, op, PBAY_OK, "right", "r1");
  } else if (strcmp(command, "thread") == 0) {
    pthread_t thread;
    self->delivery_of[0] = op;
    pthread_create(&thread, NULL, complete_elsewhere, self);
    pthread_detach(thread);
  } else if (strcmp(command, "never") == 0) {
    return;
  } else if (strcmp(command, "hang") == 0) {
    hang();
  } else if (strcmp(command, "part") == 0) {
    host->op_part(host, next_op(self, op), op, 0, text_of("p0"), text_of("cursor"));
  } else if (strcmp(command, "late-part") == 0) {
    self->late_part_op = op;
  } else if (strcmp(command, "part-number") == 0) {
    host->op_part(host, next_op(self, op), op, (uint32_t)strtoul(words[1], NULL, 10), text_of("p"),
                  text_of(""));
  } else if (strcmp(command, "bad-part") == 0) {
    host->op_part(host, next_op(self, op), op + 1000, 0, text_of("p0"), text_of(""));
  } else if (strcmp(command, "submit") == 0) {
    submit(self, next_op(self, op), words[1], 0, NULL, NULL);
  } else if (strcmp(command, "submit-until-stored") == 0) {
    snprintf(self->insisted, sizeof self->insisted, "%s", words[1]);
    submit(self, next_op(self, op), self->insisted, 0, NULL, NULL);
  } else if (strcmp(command, "submit-broken") == 0) {
    submit(self, next_op(self, op), "m1", 0, "file-1", words[1]);
  } else if (strcmp(command, "submit-large") == 0) {
    submit(self, next_op(self, op), "m1", strtoull(words[1], NULL, 10), NULL, "size");
  } else if (strcmp(command, "submit-zero") == 0) {
    submit(self, 0, "m1", 0, NULL, NULL);
    finish(self, op, PBAY_OK, "went on", "r");
  } else if (strcmp(command, "submit-reference") == 0) {
    submit(self, next_op(self, op), "m1", 0, "file-1", NULL);
  } else if (strcmp(command, "submit-stolen") == 0) {
    submit(self, next_op(self, op), "m1", strtoull(words[1], NULL, 10), NULL, NULL);
  } else if (strcmp(command, "submit-stolen-and-more") == 0) {
    submit(self, next_op(self, op), "m1", strtoull(words[1], NULL, 10), NULL, NULL);
    submit(self, next_op(self, 0), "m2", 0, NULL, NULL);
  } else if (strcmp(command, "submit-without-room") == 0) {
    submit_without_room(self, op, atoi(words[1]));
  } else if (strcmp(command, "submit-file") == 0) {
    begin_file(self, op);
  } else if (strcmp(command, "submit-many") == 0) {
    submit_many(self, op, atoi(words[1]));
  } else if (strcmp(command, "open-staging") == 0) {
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)self->staging->open(host, -1));
    finish(self, op, PBAY_OK, text, "r");
  } else if (strcmp(command, "write-large") == 0) {
    const uint64_t handle = strtoull(words[1], NULL, 10);
    finish_with_code(self, op, self->staging->write(host, handle, text_of(large_text())));
  } else if (strcmp(command, "kv-put") == 0) {
    self->kv->put(host, next_op(self, op), text_of(words[1]), text_of(words[2]));
  } else if (strcmp(command, "kv-get") == 0) {
    self->kv->get(host, next_op(self, op), text_of(words[1]));
  } else if (strcmp(command, "kv-remove") == 0) {
    self->kv->remove(host, next_op(self, op), text_of(words[1]));
  } else if (strcmp(command, "kv-swap") == 0) {
    const pbay_str old = text_of(words[2]);
    self->kv->compare_and_set(host, next_op(self, op), text_of(words[1]),
                              strcmp(words[2], "-") == 0 ? NULL : &old, text_of(words[3]));
  } else if (strcmp(command, "kv-long") == 0) {
    char* key = calloc(1, 300);
    memset(key, 'k', 299);
    self->kv->put(host, next_op(self, op), text_of(key), text_of("v"));
    free(key);
  } else if (strcmp(command, "timer") == 0) {
    self->timer->start(host, next_op(self, op), strtol(words[1], NULL, 10));
  } else if (strcmp(command, "timer-cancelled") == 0) {
    const pbay_op timer = next_op(self, op);
    self->timer->start(host, timer, 3600000);
    self->timer->cancel(host, timer);
  } else if (strcmp(command, "same-op") == 0) {
    const pbay_op timer = next_op(self, op);
    self->timer->start(host, timer, 10);
    self->timer->start(host, timer, 20);
  } else if (strcmp(command, "clock") == 0) {
    char text[64];
    snprintf(text, sizeof text, "%lld %lld", (long long)self->clock->monotonic_ms(host),
             (long long)self->clock->wall_ms(host));
    finish(self, op, PBAY_OK, text, "r");
  } else if (strcmp(command, "get") == 0) {
    request(self, op, "GET", words[1], op);
  } else if (strcmp(command, "get-of-any-size") == 0) {
    get_of_any_size(self, op, words[1]);
  } else if (strcmp(command, "get-file") == 0) {
    get_into_staging(self, op, words[1]);
  } else if (strcmp(command, "post") == 0) {
    request(self, op, "POST", words[1], op);
  } else if (strcmp(command, "post-broken") == 0) {
    post_broken(self, op, words[1], words[2]);
  } else if (strcmp(command, "post-large") == 0) {
    post_large(self, op, words[1], strtoul(words[2], NULL, 10));
  } else if (strcmp(command, "post-without-room") == 0) {
    take_all_room(self, atoi(words[2]));
    request(self, op, "POST", words[1], op);
  } else if (strcmp(command, "post-files") == 0) {
    post_files(self, op, words[1], delivery, (uint32_t)strtoul(words[2], NULL, 10));
  } else if (strcmp(command, "kv-large") == 0) {
    self->kv->put(host, next_op(self, op), text_of("key"), text_of(large_text()));
  } else if (strcmp(command, "finish-large") == 0) {
    finish(self, op, PBAY_OK, large_text(), "r1");
  } else if (strcmp(command, "post-file") == 0) {
    post_file(self, op, words[1], delivery);
  } else if (strcmp(command, "post-untagged-and-hang") == 0) {
    request(self, 0, "POST", words[1], 0);
    hang();
  } else if (strcmp(command, "post-and-hang") == 0) {
    request(self, 0, "POST", words[1], op);
    hang();
  } else if (strcmp(command, "post-for") == 0) {
    request(self, op, "POST", words[1], strtoull(words[2], NULL, 10));
  } else if (strcmp(command, "post-and-forget") == 0) {
    request(self, 0, "POST", words[1], op);
  } else if (strcmp(command, "read-file") == 0) {
    read_file(self, op, delivery);
  } else if (strcmp(command, "flood") == 0) {
    flood(self, op, words[1], atoi(words[2]));
  } else if (strcmp(command, "listen") == 0) {
    self->listener_op = next_op(self, op);
    self->listener->listen(host, self->listener_op, text_of(words[1]));
  } else if (strcmp(command, "webhook") == 0) {
    self->webhook_op = next_op(self, op);
    self->webhook->open(host, self->webhook_op);
  } else if (strcmp(command, "state") == 0 && count >= 3) {
    pbay_state state;
    memset(&state, 0, sizeof state);
    state.struct_size = sizeof state;
    state.state = (uint32_t)strtoul(words[1], NULL, 10);
    state.reason = text_of(words[2]);
    state.user_action = text_of("act");
    state.login_code = text_of("123-456");
    host->set_state(host, &state);
    finish(self, op, PBAY_OK, "", "r");
  } else if (strcmp(command, "reachable") == 0) {
    host->chat_reachable(host, delivery->chat);
    finish(self, op, PBAY_OK, "", "r");
  } else if (strcmp(command, "report") == 0) {
    pbay_report report;
    memset(&report, 0, sizeof report);
    report.struct_size = sizeof report;
    report.state = PBAY_REPORT_FAILED;
    report.remote_id = text_of(words[1]);
    report.reason = text_of("bounced");
    host->report(host, &report);
    finish(self, op, PBAY_OK, "", "r");
  } else if (strcmp(command, "missing-extensions") == 0) {
    const int none = host->get_extension(host, "patchbay.websocket/1") == NULL &&
                     host->get_extension(host, "patchbay.nonsense/1") == NULL;
    finish(self, op, none ? PBAY_OK : PBAY_E_BUG, "", "r");
  } else if (strcmp(command, "short-result") == 0) {
    const pbay_result result = {.struct_size = 8, .code = PBAY_OK};
    host->op_complete(host, op, &result);
  } else if (strcmp(command, "crash") == 0) {
    fputs("first words\nlast words\n", stderr);
    abort();
  } else if (strcmp(command, "post-and-crash") == 0) {
    request(self, 0, "POST", words[1], op);
    abort();
  } else if (strcmp(command, "leak") == 0) {
    leak();
  } else if (strcmp(command, "spin") == 0) {
    pthread_t thread;
    pthread_create(&thread, NULL, spin, NULL);
    pthread_detach(thread);
    finish(self, op, PBAY_OK, "spins", "r");
  } else if (strcmp(command, "reach-out") == 0) {
    reach_out(self, op, words[1]);
  } else if (strcmp(command, "quit") == 0) {
    finish(self, op, PBAY_OK, "", "r");
    host->stopped(host);
    host->log(host, PBAY_LOG_ERROR, text_of("said after stopped()"));
  } else {
    finish(self, op, PBAY_E_UNSUPPORTED, "no such command", NULL);
  }
}

static void deliver(void* context, pbay_op op, const pbay_delivery* delivery) {
  char text[kTextBytes];
  char* words[kWords] = {0};
  char* place = NULL;
  int count = 0;
  snprintf(text, sizeof text, "%.*s", (int)delivery->text.size, delivery->text.data);
  for (words[0] = strtok_r(text, " ", &place); words[count] != NULL && count + 1 < kWords;) {
    words[++count] = strtok_r(NULL, " ", &place);
  }
  obey(context, op, delivery, count, words);
}

/* ---- calls of the host ---------------------------------------------------------------------- */

static void start(void* context) {
  scripted* self = context;
  pbay_state state;
  if (strcmp(self->mode, "hang-start") == 0) {
    hang();
  }
  memset(&state, 0, sizeof state);
  state.struct_size = sizeof state;
  state.state = PBAY_STATE_ONLINE;
  self->host->set_state(self->host, &state);
}

static void stop(void* context, int64_t deadline_ms) {
  scripted* self = context;
  (void)deadline_ms;
  if (strcmp(self->mode, "hang-stop") == 0) {
    hang();
  }
  if (strcmp(self->mode, "ignore-stop") != 0) {
    self->host->stopped(self->host);
  }
}

static void destroy(void* context) { free(context); }

static void fetch(void* context, pbay_op op, pbay_str reference, uint64_t staging) {
  scripted* self = context;
  if (reference.size == 4 && memcmp(reference.data, "gone", 4) == 0) {
    finish(self, op, PBAY_E_NOT_FOUND, "it is gone", NULL);
    return;
  }
  self->staging->write(self->host, staging, reference);
  self->fetch_op = op;
  self->staging->commit(self->host, next_op(self, 0), staging);
}

/* Null: of no HTTP request. */
static const pbay_http_response* response_of(const pbay_completion* completion) {
  /* Both details begin alike; which it is, is known by the size that they say. */
  const int is_http = completion->detail != NULL &&
                      *(const uint32_t*)completion->detail == sizeof(pbay_http_response);
  return is_http ? completion->detail : NULL;
}

static pbay_str detail_text(const pbay_completion* completion) {
  const pbay_http_response* response = response_of(completion);
  if (completion->detail == NULL || (response != NULL && completion->code != PBAY_OK)) {
    return completion->text;
  }
  return response != NULL ? response->body : ((const pbay_kv_value*)completion->detail)->value;
}

static const char* sent_text(const pbay_completion* completion) {
  static const char* const kStates[] = {"perhaps sent: ", "not sent: ", "sent: "};
  const pbay_http_response* response = response_of(completion);
  return response == NULL || completion->code == PBAY_OK ? "" : kStates[response->sent_state];
}

static void on_complete(void* context, pbay_op op, const pbay_completion* completion) {
  scripted* self = context;
  const pbay_op delivery = self->delivery_of[op % kOperations];
  const pbay_str said = detail_text(completion);
  char text[kTextBytes];
  if (self->fetch_op != 0) {
    const pbay_op fetched = self->fetch_op;
    self->fetch_op = 0;
    finish(self, fetched, completion->code, "", NULL);
    return;
  }
  if (delivery == 0) {
    return;
  }
  if (self->staged != 0) {
    const uint64_t staged = self->staged;
    self->staged = 0;
    submit(self, next_op(self, delivery), "m-file", staged, NULL, NULL);
    submit(self, next_op(self, 0), "m-after", 0, NULL, NULL);
    return;
  }
  if (self->insisted[0] != '\0' && completion->value == PBAY_NOT_STORED && self->last_op < 100) {
    submit(self, next_op(self, delivery), self->insisted, 0, NULL, NULL);
    return;
  }
  snprintf(text, sizeof text, "%d %llu %s%.*s", completion->code,
           (unsigned long long)completion->value, sent_text(completion), (int)said.size, said.data);
  self->delivery_of[op % kOperations] = 0;
  finish(self, delivery, PBAY_OK, text, "r");
}

static void on_event(void* context, pbay_op op, const void* detail) {
  scripted* self = context;
  if (op == self->websocket_op) {
    const pbay_websocket_event* event = detail;
    hear(self, event->kind, event->close_code, event->data);
  } else if (op == self->stream_op) {
    const pbay_stream_event* event = detail;
    hear(self, event->kind, 0, event->data);
  } else if (op == self->listener_op) {
    const pbay_listener_event* event = detail;
    if (event->kind == PBAY_LISTENER_DATA) {
      self->listener->send(self->host, event->connection, event->data);
    }
  } else if (op == self->webhook_op) {
    const pbay_webhook_request* asked = detail;
    const pbay_header header = {
        .struct_size = sizeof header, .name = text_of("X-Target"), .value = asked->target};
    const pbay_webhook_answer answer = {.struct_size = sizeof answer,
                                        .status = 201,
                                        .headers = &header,
                                        .header_count = 1,
                                        .header_stride = sizeof header,
                                        .body = asked->body};
    if (asked->body.size == 6 && memcmp(asked->body.data, "silent", 6) == 0) {
      return;
    }
    self->webhook->respond(self->host, asked->request, &answer);
  }
}

static void cancel(void* context, pbay_op op) {
  scripted* self = context;
  if (op == self->late_part_op) {
    self->host->op_part(self->host, next_op(self, 0), op, 0, text_of("p0"), text_of("cursor"));
  }
}

static void capabilities(void* context, const pbay_chat* chat, pbay_caps* out) {
  (void)context;
  (void)chat;
  out->generation = 1;
  out->bits = PBAY_CAN_TEXT | PBAY_CAN_FILES;
  out->chat_messages = 1;
  out->chat_period_ms = 1000;
}

static void typing(void* context, const pbay_chat* chat) {
  scripted* self = context;
  char text[128];
  snprintf(text, sizeof text, "typing in %.*s", (int)chat->id.size, chat->id.data);
  self->host->metadata(self->host, text_of("{\"fact\":\"typing\"}"));
  self->host->log(self->host, PBAY_LOG_ERROR, text_of(text));
}

static const void* get_extension(void* context, const char* id) {
  static const pbay_typing kTyping = {sizeof(pbay_typing), 5000, typing};
  (void)context;
  return strcmp(id, PBAY_EXT_TYPING) == 0 ? &kTyping : NULL;
}

/* ---- the module ----------------------------------------------------------------------------- */

static void read_mode(scripted* self, pbay_str config) {
  static const char kKey[] = "\"mode\":\"";
  char text[kTextBytes];
  const char* found;
  snprintf(text, sizeof text, "%.*s", (int)config.size, config.data);
  found = strstr(text, kKey);
  if (found != NULL) {
    found += sizeof kKey - 1;
    snprintf(self->mode, sizeof self->mode, "%.*s", (int)strcspn(found, "\""), found);
  }
}

static int32_t create(const pbay_host* host, pbay_str config_json, pbay_adapter* out) {
  scripted* self = calloc(1, sizeof *self);
  self->host = host;
  read_mode(self, config_json);
  if (strcmp(self->mode, "refuse") == 0) {
    host->log(host, PBAY_LOG_ERROR, text_of("mode 'refuse' is refused: use another"));
    free(self);
    return PBAY_E_INVALID;
  }
  if (strcmp(self->mode, "hang-create") == 0) {
    hang();
  }
  self->kv = host->get_extension(host, PBAY_EXT_KV);
  self->timer = host->get_extension(host, PBAY_EXT_TIMER);
  self->clock = host->get_extension(host, PBAY_EXT_CLOCK);
  self->staging = host->get_extension(host, PBAY_EXT_STAGING);
  self->http = host->get_extension(host, PBAY_EXT_HTTP);
  self->listener = host->get_extension(host, PBAY_EXT_LISTENER);
  self->webhook = host->get_extension(host, PBAY_EXT_WEBHOOK);
  self->websocket = host->get_extension(host, PBAY_EXT_WEBSOCKET);
  self->stream = host->get_extension(host, PBAY_EXT_STREAM);
  out->struct_size = sizeof *out;
  out->self = self;
  out->start = strcmp(self->mode, "no-start") == 0 ? NULL : start;
  out->stop = stop;
  out->destroy = destroy;
  out->deliver = deliver;
  out->fetch = fetch;
  out->on_complete = on_complete;
  out->on_event = on_event;
  out->cancel = cancel;
  out->capabilities = capabilities;
  out->get_extension = get_extension;
  return PBAY_OK;
}

#define TEXT(literal) {literal, sizeof(literal) - 1}
static const pbay_module kModule = {
    .struct_size = sizeof(pbay_module),
    .magic = PBAY_MAGIC,
    .abi_minor = PBAY_ABI_MINOR,
    .min_host_minor = 0,
    .abi_draft = PBAY_ABI_DRAFT,
    .channel = TEXT("scripted"),
    .version = TEXT("1.0"),
    .vendor = TEXT("tests"),
    .create = create,
};

const pbay_module* patchbay_adapter_v1(uint32_t host_minor) {
  (void)host_minor;
  return &kModule;
}
