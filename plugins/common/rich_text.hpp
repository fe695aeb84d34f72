// Text as people see it, and what is marked in it: the model between CommonMark, which agents
// write, and the dialects of the platforms. Limits count visible text, so splitting works here,
// before markup exists that could be torn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::common {

enum class SpanKind : std::uint8_t { kBold, kItalic, kStrike, kCode, kPre, kLink, kQuote };

// Bytes [begin, end) of RichText::text.
struct Span {
  SpanKind kind = SpanKind::kBold;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string argument;  // kPre: the language, may be empty. kLink: the address

  bool operator==(const Span&) const = default;
};

struct RichText {
  std::string text;  // valid UTF-8, no markup
  // Properly nested, in the order in which they open: of two that begin together the outer one
  // stands first. None is empty.
  std::vector<Span> spans;

  bool operator==(const RichText&) const = default;
  [[nodiscard]] bool blank() const;  // nothing but white space: no platform accepts it
};

// Bytes [begin, end) of `rich`; spans that cross an end are closed there, and opened again by the
// slice that goes on.
[[nodiscard]] RichText slice(const RichText& rich, std::size_t begin, std::size_t end);

[[nodiscard]] RichText plain_text(std::string_view text);

// How one dialect writes a span and the text in it.
class Dialect {
 public:
  virtual ~Dialect() = default;
  virtual void open(const Span& span, std::string& out) const = 0;
  virtual void close(const Span& span, std::string& out) const = 0;
  // `innermost`: the kind of the span around the text, or null.
  virtual void write(std::string_view text, const SpanKind* innermost, std::string& out) const = 0;
  // Whether `span` may stand inside the spans `around`; one that may not leaves only its text.
  [[nodiscard]] virtual bool allows(const Span& span,
                                    const std::vector<const Span*>& around) const = 0;
};

[[nodiscard]] std::string render(const RichText& rich, const Dialect& dialect);

}  // namespace patchbay::common
