// libcurl brings GnuTLS into the process by way of librtmp and libldap, and Patchbay, whose TLS is
// OpenSSL's, never calls it. What GNUTLS_SKIP_GLOBAL_INIT of its header would define: it need not
// test its ciphers at each start, which costs 0.8 MB.
// https://www.gnutls.org/manual/html_node/Initialization.html

extern "C" int
_gnutls_global_init_skip();  // NOLINT(bugprone-reserved-identifier): GnuTLS's own name
extern "C" int _gnutls_global_init_skip() {  // NOLINT(bugprone-reserved-identifier)
  return 1;
}
