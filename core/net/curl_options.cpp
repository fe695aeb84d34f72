// How libcurl is set up for one hop of a request.
#include "base/limits.hpp"
#include "net/curl_transfer.hpp"

namespace patchbay::net {
namespace {

// A proxy has no way to this machine's own services.
bool is_this_machine(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace

void CurlTransfer::configure() {
  requesting_ = false;
  answered_ = false;
  hop_bytes_out_ = 0;
  http_status_ = 0;
  headers_.clear();
  header_bytes_ = 0;
  response_.clear();
  refusal_ = base::Status();
  curl_easy_reset(easy_);
  curl_easy_setopt(easy_, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  // Else giving up a name that is being resolved waits for the resolver, and the loop with it.
  curl_easy_setopt(easy_, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_text_.data());
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(base::Milliseconds(limits::kHttpConnect).count()));
  curl_easy_setopt(easy_, CURLOPT_USERAGENT, options_.user_agent.c_str());
  curl_easy_setopt(easy_, CURLOPT_VERBOSE, 1L);  // or the debug function is not called
  curl_easy_setopt(easy_, CURLOPT_DEBUGFUNCTION, &CurlTransfer::on_debug);
  curl_easy_setopt(easy_, CURLOPT_DEBUGDATA, this);
  curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &CurlTransfer::on_request);
  curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, &CurlTransfer::on_open_socket);
  curl_easy_setopt(easy_, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
  configure_trust_and_way();
  configure_body();
  configure_headers();
}

void CurlTransfer::configure_trust_and_way() {
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy_, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (options_.ca_file.empty()) {
    // The system's folder alone: its bundle file would be parsed anew for each connection (20 ms).
    curl_easy_setopt(easy_, CURLOPT_CAINFO, nullptr);
  } else {
    curl_easy_setopt(easy_, CURLOPT_CAINFO, options_.ca_file.c_str());
    curl_easy_setopt(easy_, CURLOPT_CAPATH, nullptr);
  }
  through_proxy_ = !options_.proxy.empty() && !is_this_machine(origin_.host);
  // Set even if empty, or libcurl reads the environment.
  curl_easy_setopt(easy_, CURLOPT_PROXY, through_proxy_ ? options_.proxy.c_str() : "");
  curl_easy_setopt(easy_, CURLOPT_NOPROXY, "");
  curl_easy_setopt(easy_, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

void CurlTransfer::configure_body() {
  if (body_.present() || request_.method == "POST" || request_.method == "PUT" ||
      request_.method == "PATCH") {
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.size()));
    if (const std::string* whole = body_.in_memory(); whole != nullptr || body_.size() == 0) {
      curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, whole == nullptr ? "" : whole->c_str());
    } else {
      body_.seek(0);
      curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &CurlTransfer::on_read);
      curl_easy_setopt(easy_, CURLOPT_READDATA, this);
      curl_easy_setopt(easy_, CURLOPT_SEEKFUNCTION, &CurlTransfer::on_seek);
      curl_easy_setopt(easy_, CURLOPT_SEEKDATA, this);
    }
  } else if (request_.method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
  } else {
    curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
  }
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
}

void CurlTransfer::configure_headers() {
  curl_slist_free_all(header_list_);
  header_list_ = nullptr;
  // libcurl's own: no waiting for "100 Continue", no type that nobody chose.
  header_list_ = curl_slist_append(header_list_, "Expect:");
  const bool multipart = !body_.content_type().empty();
  if (multipart) {
    header_list_ =
        curl_slist_append(header_list_, ("Content-Type: " + body_.content_type()).c_str());
  } else if (find_header(request_.headers, "content-type") == nullptr) {
    header_list_ = curl_slist_append(header_list_, "Content-Type:");
  }
  for (const HttpHeader& header : request_.headers) {
    if (multipart && find_header({header}, "content-type") != nullptr) {
      continue;
    }
    // "Name;" is how libcurl is told to send an empty value.
    const std::string line =
        header.value.empty() ? header.name + ";" : header.name + ": " + header.value;
    header_list_ = curl_slist_append(header_list_, line.c_str());
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, header_list_);
}

}  // namespace patchbay::net
