#include "common/telegram_html.hpp"

#include <algorithm>

#include "common/split.hpp"
#include "common/utf.hpp"

namespace patchbay::common {
namespace {

constexpr std::size_t kSourceBytes = 32'000;
constexpr std::size_t kAddressBytes = 2'048;
constexpr std::size_t kLanguageBytes = 32;

void escape(std::string_view text, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
}

std::string escaped(std::string_view text) {
  std::string out;
  escape(text, out);
  return out;
}

// A language is written into an attribute: only what names of languages are made of.
std::string language_of(const Span& span) {
  std::string language;
  for (const char c : span.argument.substr(0, kLanguageBytes)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("+#-_.").find(c) != std::string_view::npos;
    if (!plain) {
      break;
    }
    language += c;
  }
  return language;
}

class TelegramHtml final : public Dialect {
 public:
  void open(const Span& span, std::string& out) const override {
    switch (span.kind) {
      case SpanKind::kBold:
        out += "<b>";
        break;
      case SpanKind::kItalic:
        out += "<i>";
        break;
      case SpanKind::kStrike:
        out += "<s>";
        break;
      case SpanKind::kCode:
        out += "<code>";
        break;
      case SpanKind::kQuote:
        out += "<blockquote>";
        break;
      case SpanKind::kLink:
        out += "<a href=\"";
        escape(span.argument, out);
        out += "\">";
        break;
      case SpanKind::kPre:
        out += "<pre>";
        if (const std::string language = language_of(span); !language.empty()) {
          out += "<code class=\"language-" + language + "\">";
        }
        break;
    }
  }

  void close(const Span& span, std::string& out) const override {
    switch (span.kind) {
      case SpanKind::kBold:
        out += "</b>";
        break;
      case SpanKind::kItalic:
        out += "</i>";
        break;
      case SpanKind::kStrike:
        out += "</s>";
        break;
      case SpanKind::kCode:
        out += "</code>";
        break;
      case SpanKind::kQuote:
        out += "</blockquote>";
        break;
      case SpanKind::kLink:
        out += "</a>";
        break;
      case SpanKind::kPre:
        out += language_of(span).empty() ? "</pre>" : "</code></pre>";
        break;
    }
  }

  void write(std::string_view text, const SpanKind* /*innermost*/,
             std::string& out) const override {
    escape(text, out);
  }

  // "blockquote entities can't be nested", "pre and code entities can't contain other entities".
  bool allows(const Span& span, const std::vector<const Span*>& around) const override {
    if (span.kind == SpanKind::kLink && escaped(span.argument).size() > kAddressBytes) {
      return false;
    }
    return std::none_of(around.begin(), around.end(), [&](const Span* outer) {
      return outer->kind == SpanKind::kCode || outer->kind == SpanKind::kPre ||
             (outer->kind == span.kind);
    });
  }
};

// Much markup for little text: halve the text until its source fits. It ends, since four units of
// text have room for four addresses.
void add_within_source_limit(const RichText& rich, std::vector<TelegramPart>& out) {
  if (rich.blank()) {
    return;
  }
  TelegramPart part{to_telegram_html(rich), rich.text};
  if (part.html.size() <= kSourceBytes) {
    out.push_back(std::move(part));
    return;
  }
  const std::size_t half = utf16_length(rich.text) / 2 + 1;
  for (const RichText& smaller : split(rich, half, TextUnit::kUtf16)) {
    add_within_source_limit(smaller, out);
  }
}

}  // namespace

std::string to_telegram_html(const RichText& rich) { return render(rich, TelegramHtml()); }

std::vector<TelegramPart> to_telegram_parts(const RichText& rich, std::size_t limit,
                                            std::size_t first_limit) {
  std::vector<TelegramPart> parts;
  for (const RichText& part : split(rich, limit, TextUnit::kUtf16, first_limit)) {
    add_within_source_limit(part, parts);
  }
  return parts;
}

}  // namespace patchbay::common
