/* lines: the smallest adapter that keeps every promise. One file of C11, no SDK, no library.
 * Its platform is whoever connects to the Unix socket <data folder>/run/<instance>.sock: one chat.
 *   say ID TEXT   from the peer: a message. ID is the same when it is said again
 *   ok ID         to the peer: it is kept, forget it
 *   no ID         to the peer: it is not kept, say it again. bad ID: it never can be, forget it
 *   msg KEY SIZE  to the peer: SIZE bytes of text and a newline follow. A repeated KEY is known
 *   got KEY       from the peer: it was shown. Until then the delivery is not over
 * Every function runs on the instance's thread, one call at a time: no lock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <patchbay/ext/clock.h>
#include <patchbay/ext/listener.h>
#include <patchbay/ext/timer.h>

#define STR(words) ((pbay_str){(words), strlen(words)})
enum { ID_BYTES = 256, LINE_BYTES = 64 * 1024, MARGIN_MS = 1000 };

struct lines {
  const pbay_host* host;
  const pbay_clock* clock;
  const pbay_timer* timer;
  const pbay_listener* listener;
  pbay_op last_op, listening, submitting, delivering, alarm; /* 0: there is none */
  uint64_t completed, peer, used; /* completed: how many ops. peer: the connection. used: of in */
  int stopping, connected;
  char instance[33], id[ID_BYTES], key[ID_BYTES]; /* id: of the submit. key: of the delivery */
  char in[LINE_BYTES], out[LINE_BYTES + ID_BYTES + 64]; /* in: was said, is not looked at yet */
};

static const pbay_chat kDesk = {sizeof(pbay_chat), PBAY_CHAT_DIRECT, {"desk", 4}, {NULL, 0}};
static const pbay_sender kPeer = {sizeof(pbay_sender), 0, 0, 0, {"desk", 4}, {"desk", 4}};

static int say(struct lines* self, size_t size) {
  return self->listener->send(self->host, self->peer, (pbay_str){self->out, size}) == PBAY_OK;
}

static void complete(struct lines* self, pbay_op op, int32_t code, uint32_t sent, const char* why) {
  const pbay_str id = STR(self->key); /* 0, -1 below: the peer never says when to try again */
  pbay_result how = {sizeof(how), code, sent, 0, -1, STR(why), &id, code == PBAY_OK, sizeof(id)};
  self->host->op_complete(self->host, op, &how);
}

/* It has left: only the peer's word proves what became of it. */
static void end_delivery(struct lines* self, int32_t code, const char* why) {
  if (self->delivering == 0) return;
  self->timer->cancel(self->host, self->alarm);
  complete(self, self->delivering, code, code == PBAY_OK ? PBAY_SENT : PBAY_SENT_UNKNOWN, why);
  self->delivering = 0;
}

/* A message is answered in on_complete(), when it is on the host's disk. */
static void take_line(struct lines* self, char* line) {
  char* const id = line + 4;
  char* const space = strncmp(line, "say ", 4) == 0 ? strchr(id, ' ') : NULL;
  if (strncmp(line, "got ", 4) == 0) {
    if (strcmp(id, self->key) == 0) end_delivery(self, PBAY_OK, ""); /* else it is too late */
  } else if (space == NULL || space == id || space - id >= ID_BYTES) {
    self->listener->hang_up(self->host, self->peer); /* that is none of the protocol */
  } else {
    snprintf(self->id, ID_BYTES, "%.*s", (int)(space - id), id);
    pbay_event event = {sizeof(event), PBAY_EVENT_MESSAGE, .chat = &kDesk, .sender = &kPeer};
    event.event_id = event.message_id = STR(self->id);
    event.text = STR(space + 1);
    self->host->submit(self->host, self->submitting = ++self->last_op, &event);
  }
}

/* Line by line, and no further while a message is not stored: so the order of messages holds. */
static void read_lines(struct lines* self) {
  char* end = NULL;
  while (self->connected && self->submitting == 0 && !self->stopping &&
         (end = memchr(self->in, '\n', self->used)) != NULL) {
    *end = '\0';
    take_line(self, self->in);
    self->used -= (size_t)(end + 1 - self->in);
    memmove(self->in, end + 1, self->used);
  }
}

static void start(void* data) {
  struct lines* self = data;
  self->listener->listen(self->host, self->listening = ++self->last_op, STR(self->instance));
}

static void stop(void* data, int64_t deadline_ms) {
  struct lines* self = data;
  (void)deadline_ms; /* nothing here takes long */
  self->stopping = 1;
  end_delivery(self, PBAY_E_CUT, "the instance was stopped before the peer confirmed it");
  self->listener->close(self->host, self->listening);
  if (self->completed == self->last_op) self->host->stopped(self->host);
}

static int send_message(struct lines* self, const pbay_delivery* what) {
  const pbay_str key = what->idempotency_key;
  const size_t size = (size_t)what->text.size;
  snprintf(self->key, ID_BYTES, "%.*s:0", (int)key.size, key.data);
  const size_t head = (size_t)sprintf(self->out, "msg %s %zu\n", self->key, size);
  if (size != 0) memcpy(self->out + head, what->text.data, size);
  self->out[head + size] = '\n';
  return say(self, head + size + 1);
}

static void deliver(void* data, pbay_op op, const pbay_delivery* what) {
  struct lines* self = data;
  if (what->operation != PBAY_DELIVER_MESSAGE || what->file_count != 0) {
    complete(self, op, PBAY_E_UNSUPPORTED, PBAY_NOT_SENT, "this channel takes plain texts only");
  } else if (what->text.size > LINE_BYTES) {
    complete(self, op, PBAY_E_TOO_LARGE, PBAY_NOT_SENT, "a message has at most 64 KiB here");
  } else if (!self->connected || self->stopping) {
    complete(self, op, PBAY_E_OFFLINE, PBAY_NOT_SENT, "nobody is connected to the socket");
  } else if (self->delivering != 0 || !send_message(self, what)) {
    complete(self, op, PBAY_E_BUSY, PBAY_NOT_SENT, "the peer has not taken the last message yet");
  } else {
    const int64_t left = what->deadline_ms - self->clock->monotonic_ms(self->host) - MARGIN_MS;
    self->delivering = op; /* it ends when the peer says "got", or else before its deadline */
    self->timer->start(self->host, self->alarm = ++self->last_op, left > 0 ? left : 0);
  }
}

static void cancel(void* data, pbay_op op) {
  struct lines* self = data;
  if (op == self->delivering) end_delivery(self, PBAY_E_UNKNOWN, "cancelled; the peer may have it");
}

static void on_complete(void* data, pbay_op op, const pbay_completion* how) {
  struct lines* self = data;
  const int stored = how->code == PBAY_OK && how->value != PBAY_NOT_STORED;
  if (op == self->listening) {
    pbay_state state = {.struct_size = sizeof(state), .reason = how->text};
    state.state = how->code == PBAY_OK ? PBAY_STATE_ONLINE : PBAY_STATE_FAILED;
    self->host->set_state(self->host, &state);
  } else if (op == self->alarm) {
    end_delivery(self, PBAY_E_UNKNOWN, "the peer did not confirm it in time");
  } else if (op == self->submitting) {
    const int never = how->code / 100 == -2 || how->code <= PBAY_E_BUG; /* see PBAY_NOT_STORED */
    const char* const answer = stored ? "ok" : never ? "bad" : "no";
    const size_t size = (size_t)sprintf(self->out, "%s %s\n", answer, self->id);
    if (!say(self, size)) self->listener->hang_up(self->host, self->peer); /* it does not read */
    self->submitting = 0;
    read_lines(self);
  }
  if (++self->completed == self->last_op && self->stopping) self->host->stopped(self->host);
}

static void on_event(void* data, pbay_op op, const void* detail) {
  struct lines* self = data;
  const pbay_listener_event* event = detail;
  if (op == self->listening && event->kind == PBAY_LISTENER_ACCEPTED && !self->connected) {
    self->connected = 1;
    self->peer = event->connection;
    self->used = 0;
    self->host->chat_reachable(self->host, &kDesk); /* what waited for somebody comes now */
  } else if (event->kind == PBAY_LISTENER_ACCEPTED || event->data.size > LINE_BYTES - self->used) {
    self->listener->hang_up(self->host, event->connection); /* a second peer, an endless line */
  } else if (event->kind == PBAY_LISTENER_DATA && event->connection == self->peer) {
    if (event->data.size != 0) memcpy(self->in + self->used, event->data.data, event->data.size);
    self->used += event->data.size;
    read_lines(self);
  } else if (event->kind == PBAY_LISTENER_CLOSED && event->connection == self->peer) {
    self->submitting = self->connected = 0; /* what it said is not answered to the next one */
    end_delivery(self, PBAY_E_CUT, "the peer left before it confirmed the message");
  }
}

static void capabilities(void* data, const pbay_chat* chat, pbay_caps* out) {
  (void)data, (void)chat;
  out->bits = PBAY_CAN_TEXT | PBAY_CAN_IDEMPOTENT_SEND; /* the peer knows a repeated KEY */
  out->text_limit = LINE_BYTES;                         /* in PBAY_UNIT_BYTES, which is 0 */
}

static int32_t create(const pbay_host* host, pbay_str config, pbay_adapter* out) {
  struct lines* self = calloc(1, sizeof(*self));
  char json[64];
  snprintf(json, sizeof(json), "%.*s", (int)config.size, config.data);
  if (self == NULL || sscanf(json, "{\"instance\":\"%32[a-z0-9-]\"", self->instance) != 1 ||
      (self->clock = host->get_extension(host, PBAY_EXT_CLOCK)) == NULL ||
      (self->timer = host->get_extension(host, PBAY_EXT_TIMER)) == NULL ||
      (self->listener = host->get_extension(host, PBAY_EXT_LISTENER)) == NULL) {
    host->log(host, PBAY_LOG_ERROR, STR("it takes no settings; it needs clock, timer, listener"));
    free(self);
    return PBAY_E_INVALID;
  }
  self->host = host; /* whose table is shorter if it is an older one: no more is written */
  const uint32_t size = out->struct_size < sizeof(*out) ? out->struct_size : sizeof(*out);
  const pbay_adapter table = {size, 0,           self,     start,  stop,         free, deliver,
                              NULL, on_complete, on_event, cancel, capabilities, NULL, NULL};
  memcpy(out, &table, size);
  return PBAY_OK;
}

const pbay_module* patchbay_adapter_v1(uint32_t host_minor) {
  static const pbay_module kModule = {sizeof(pbay_module), PBAY_MAGIC, PBAY_ABI_MINOR, 0,
                                      PBAY_ABI_DRAFT,      0,          {"lines", 5},   {"1.0.0", 5},
                                      {"Example", 7},      create};
  return host_minor >= kModule.min_host_minor ? &kModule : NULL;
}
