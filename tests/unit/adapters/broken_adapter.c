/* An adapter that is wrong in the way that BROKEN_<WHAT> says. What it is in order to be loaded at
 * all is kept to the least. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <patchbay/adapter.h>

#define TEXT(literal) {literal, sizeof(literal) - 1}

#if defined(BROKEN_CRASHES)
__attribute__((constructor)) static void crash(void) { raise(SIGABRT); }
#elif defined(BROKEN_HANGS)
__attribute__((constructor)) static void hang(void) {
  for (;;) {
    pause();
  }
}
#elif defined(BROKEN_EXITS)
__attribute__((constructor)) static void leave(void) { _exit(0); }
#elif defined(BROKEN_REACHES_OUT)
/* A file beside its own, and a way to the network: it cannot do without. */
__attribute__((constructor)) static void reach_out(void) {
  static const char kHere = 0;
  char path[4096];
  Dl_info self;
  int file;
  if (dladdr(&kHere, &self) == 0) {
    return;
  }
  snprintf(path, sizeof path, "%s.touched", self.dli_fname);
  file = open(path, O_CREAT | O_WRONLY, 0600);
  if (file < 0 || socket(AF_INET, SOCK_STREAM, 0) < 0) {
    raise(SIGABRT);
  }
}
#endif

static int32_t create(const pbay_host* host, pbay_str config_json, pbay_adapter* out) {
  (void)host;
  (void)config_json;
  (void)out;
  return PBAY_E_INVALID;
}

static const pbay_module kModule = {
    .struct_size = sizeof(pbay_module),
#if defined(BROKEN_MAGIC)
    .magic = 0x12345678u,
#else
    .magic = PBAY_MAGIC,
#endif
    .abi_minor = PBAY_ABI_MINOR,
#if defined(BROKEN_NEEDS_NEWER_MINOR)
    .min_host_minor = PBAY_ABI_MINOR + 7,
#endif
#if defined(BROKEN_DRAFT)
    .abi_draft = PBAY_ABI_DRAFT + 1,
#else
    .abi_draft = PBAY_ABI_DRAFT,
#endif
    .channel = TEXT("broken"),
    .version = TEXT("1.0"),
    .vendor = TEXT("tests"),
    .create = create,
};

#if defined(BROKEN_NEWER_MAJOR)
PBAY_EXPORT const pbay_module* patchbay_adapter_v2(uint32_t host_minor);
const pbay_module* patchbay_adapter_v2(uint32_t host_minor) {
  (void)host_minor;
  return &kModule;
}
#elif defined(BROKEN_NO_SYMBOL)
PBAY_EXPORT const pbay_module* some_plugin_entry(void);
const pbay_module* some_plugin_entry(void) { return &kModule; }
#elif defined(BROKEN_NULL_MODULE)
const pbay_module* patchbay_adapter_v1(uint32_t host_minor) {
  (void)host_minor;
  return kModule.create == NULL ? &kModule : NULL;
}
#else
const pbay_module* patchbay_adapter_v1(uint32_t host_minor) {
  (void)host_minor;
  return &kModule;
}
#endif
