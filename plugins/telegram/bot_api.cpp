#include "telegram/bot_api.hpp"

#include <utility>

#include "common/json_value.hpp"

namespace patchbay::telegram {
namespace {

using nlohmann::json;
using sdk::HttpRequest;
using sdk::HttpResponse;
using sdk::Task;

// A file path of Telegram in a URL: "documents/file 7.pdf" → "documents/file%207.pdf".
std::string percent_encoded(std::string_view path) {
  constexpr std::string_view kPlain = "-._~/";
  std::string out;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kPlain.find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', "0123456789ABCDEF"[byte >> 4U], "0123456789ABCDEF"[byte & 0xFU]};
    }
  }
  return out;
}

}  // namespace

std::string BotApi::url_of(std::string_view method) const {
  return settings_.api_base + "/bot" + settings_.token.reveal() + "/" + std::string(method);
}

Task<Answer> BotApi::call(std::string_view method, json arguments, CallOptions options) {
  HttpRequest request = HttpRequest::post_json(url_of(method), common::to_text(arguments));
  request.delivery(options.delivery)
      .timeout(options.timeout)
      .max_response(options.max_answer_bytes);
  if (options.idempotent) {
    request.idempotent();
  }
  const HttpResponse response = co_await http_.send(request);
  co_return read_answer(response, settings_.token);
}

Task<Answer> BotApi::upload(std::string_view method, json arguments, std::string file_field,
                            const sdk::OutboundFile& file, CallOptions options) {
  HttpRequest request = HttpRequest::post(url_of(method));
  for (const auto& [name, value] : arguments.items()) {
    request.field(name, value.is_string() ? value.get<std::string>() : common::to_text(value));
  }
  request.file(std::move(file_field), file.name, file.mime, file.fd, file.size);
  request.delivery(options.delivery).timeout(options.timeout);
  const HttpResponse response = co_await http_.send(request);
  co_return read_answer(response, settings_.token);
}

Task<HttpResponse> BotApi::download(std::string file_path, std::uint64_t staging,
                                    std::chrono::milliseconds timeout) {
  HttpRequest request =
      HttpRequest::get(settings_.api_base + "/file/bot" + settings_.token.reveal() + "/" +
                       percent_encoded(file_path));
  request.idempotent().response_to(staging).timeout(timeout);
  const HttpResponse response = co_await http_.send(request);
  co_return response;
}

}  // namespace patchbay::telegram
