#include "scripted_server.hpp"

#include <cstdlib>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/time.h>

namespace patchbay::net {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int bind_loopback(int fd) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("loopback");
  }
  return ntohs(address.sin_port);
}

std::string to_text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

}  // namespace

SelfSigned make_self_signed(const std::string& host) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  const std::string names = "DNS:" + host;
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(certificate, key, EVP_sha256());
  SelfSigned result;
  BIO* certificate_text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_text, certificate);
  result.certificate = to_text(certificate_text);
  BIO* key_text = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(key_text, key, nullptr, nullptr, 0, nullptr, nullptr);
  result.key = to_text(key_text);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return result;
}

struct Peer::Tls {
  explicit Tls(const SelfSigned& identity) : context(SSL_CTX_new(TLS_server_method())) {
    BIO* bio = BIO_new_mem_buf(identity.certificate.data(), -1);
    X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    SSL_CTX_use_certificate(context, certificate);
    X509_free(certificate);
    BIO_free(bio);
    bio = BIO_new_mem_buf(identity.key.data(), -1);
    EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
    SSL_CTX_use_PrivateKey(context, key);
    EVP_PKEY_free(key);
    BIO_free(bio);
    session = SSL_new(context);
  }
  ~Tls() {
    SSL_free(session);
    SSL_CTX_free(context);
  }
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  SSL_CTX* context;
  SSL* session = nullptr;
};

Peer::Peer(base::UniqueFd fd) : fd_(std::move(fd)) {}

Peer::~Peer() = default;

bool Peer::start_tls(const SelfSigned& identity) {
  tls_ = std::make_unique<Tls>(identity);
  SSL_set_fd(tls_->session, fd_.get());
  return SSL_accept(tls_->session) == 1;
}

std::string Peer::read_some(std::size_t most) {
  if (!unread_.empty()) {
    std::string bytes = unread_.substr(0, most);
    unread_.erase(0, bytes.size());
    return bytes;
  }
  std::string bytes(most, '\0');
  const auto got = tls_ ? SSL_read(tls_->session, bytes.data(), static_cast<int>(most))
                        : ::recv(fd_.get(), bytes.data(), most, 0);
  bytes.resize(static_cast<std::size_t>(std::max<std::int64_t>(got, 0)));
  return bytes;
}

std::string Peer::read_exactly(std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) {
    const std::string more = read_some(size - bytes.size());
    if (more.empty()) {
      break;
    }
    bytes += more;
  }
  return bytes;
}

SeenRequest Peer::read_request() {
  SeenRequest request;
  std::string bytes;
  std::size_t end = std::string::npos;
  while ((end = bytes.find("\r\n\r\n")) == std::string::npos) {
    const std::string more = read_some();
    if (more.empty()) {
      return request;
    }
    bytes += more;
  }
  request.head = bytes.substr(0, end + 4);
  unread_ = bytes.substr(end + 4) + unread_;
  const std::size_t length = request.head.find("Content-Length: ");
  if (length != std::string::npos) {
    request.body = read_exactly(std::strtoul(request.head.c_str() + length + 16, nullptr, 10));
  }
  return request;
}

bool Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = tls_ ? SSL_write(tls_->session, bytes.data(), static_cast<int>(bytes.size()))
                           : ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Peer::answer(std::string_view body, std::string_view extra_headers, std::string_view status) {
  std::string text = "HTTP/1.1 ";
  text += status;
  text += "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  text += extra_headers;
  text += "\r\n";
  text += body;
  return send(text);
}

void Peer::wait_for_end() {
  while (!read_some().empty()) {
  }
}

// Not the descriptor itself: another thread may shut the socket down through it.
void Peer::close() { ::shutdown(fd_.get(), SHUT_RDWR); }

void Peer::reset() {
  // Connecting a socket to AF_UNSPEC aborts it, and leaves the descriptor.
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  ::connect(fd_.get(), &nobody, sizeof(nobody));
}

ScriptedServer::ScriptedServer(Script script)
    : script_(std::move(script)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  port_ = bind_loopback(listener_.get());
  ::listen(listener_.get(), 512);
  acceptor_ = std::thread([this] { accept(); });
}

ScriptedServer::~ScriptedServer() { stop(); }

void ScriptedServer::accept() {
  while (true) {
    base::UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.valid()) {
      return;
    }
    const timeval patience{20, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    const auto peer = std::make_shared<Peer>(std::move(fd));
    const int number = ++connections_;
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      return;
    }
    peers_.push_back(peer);
    threads_.emplace_back([this, peer, number] {
      script_(*peer, number);
      peer->close();
      const std::lock_guard forget(mutex_);
      std::erase(peers_, peer);
      ++ended_;
    });
  }
}

void ScriptedServer::stop_listening() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  if (acceptor_.joinable()) {
    acceptor_.join();
  }
}

void ScriptedServer::stop() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& peer : peers_) {
      peer->close();
    }
  }
  stop_listening();
  {
    const std::lock_guard lock(mutex_);
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

std::string ScriptedServer::url(std::string_view path, std::string_view scheme,
                                std::string_view host) const {
  std::string result(scheme);
  result += "://";
  result += host;
  result += ":" + std::to_string(port_);
  result += path;
  return result;
}

int unused_port() {
  const base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return bind_loopback(fd.get());
}

}  // namespace patchbay::net
