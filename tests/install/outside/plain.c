/* The least that an adapter can be: plain C, sends nothing, says so. */
#include <stdlib.h>
#include <string.h>

#include <patchbay/adapter.h>

struct plain {
  const pbay_host* host;
};

static pbay_str text(const char* literal) {
  pbay_str out = {literal, strlen(literal)};
  return out;
}

static void start(void* self) {
  const pbay_host* host = ((struct plain*)self)->host;
  pbay_state state = {0};
  state.struct_size = sizeof(state);
  state.state = PBAY_STATE_ONLINE;
  host->set_state(host, &state);
}

static void stop(void* self, int64_t deadline_ms) {
  const pbay_host* host = ((struct plain*)self)->host;
  (void)deadline_ms;
  host->stopped(host);
}

static void destroy(void* self) { free(self); }

static void deliver(void* self, pbay_op op, const pbay_delivery* delivery) {
  const pbay_host* host = ((struct plain*)self)->host;
  pbay_result result = {0};
  (void)delivery;
  result.struct_size = sizeof(result);
  result.code = PBAY_E_UNSUPPORTED;
  result.sent_state = PBAY_NOT_SENT;
  result.retry_after_ms = -1;
  result.text = text("this adapter sends nothing");
  host->op_complete(host, op, &result);
}

static void on_complete(void* self, pbay_op op, const pbay_completion* completion) {
  (void)self;
  (void)op;
  (void)completion;
}

static void cancel(void* self, pbay_op op) {
  (void)self;
  (void)op;
}

static void capabilities(void* self, const pbay_chat* chat, pbay_caps* out) {
  (void)self;
  (void)chat;
  out->bits = 0;
}

static int32_t create(const pbay_host* host, pbay_str config_json, pbay_adapter* out) {
  struct plain* self = calloc(1, sizeof(*self));
  (void)config_json;
  if (self == NULL) {
    host->log(host, PBAY_LOG_ERROR, text("no memory"));
    return PBAY_E_INVALID;
  }
  self->host = host;
  out->self = self;
  out->start = start;
  out->stop = stop;
  out->destroy = destroy;
  out->deliver = deliver;
  out->on_complete = on_complete;
  out->cancel = cancel;
  out->capabilities = capabilities;
  return PBAY_OK;
}

const pbay_module* patchbay_adapter_v1(uint32_t host_minor) {
  static const pbay_module module = {sizeof(pbay_module), PBAY_MAGIC, PBAY_ABI_MINOR, 0,
                                     PBAY_ABI_DRAFT,      0,          {"plain", 5},   {"3.2.1", 5},
                                     {"Example", 7},      create};
  (void)host_minor;
  return &module;
}
