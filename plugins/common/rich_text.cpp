#include "common/rich_text.hpp"

#include <algorithm>

#include "common/utf.hpp"

namespace patchbay::common {
namespace {

// Writes spans as markup around the text, closing and opening so that tags always nest.
class Renderer {
 public:
  Renderer(const RichText& rich, const Dialect& dialect) : rich_(rich), dialect_(dialect) {}

  std::string run() {
    for (const Span& span : rich_.spans) {
      close_until(span.begin);
      write_until(span.begin);
      if (span.begin < span.end && dialect_.allows(span, open_)) {
        dialect_.open(span, out_);
        open_.push_back(&span);
      }
    }
    close_until(rich_.text.size());
    write_until(rich_.text.size());
    while (!open_.empty()) {
      close_innermost();
    }
    return std::move(out_);
  }

 private:
  void write_until(std::size_t end) {
    if (end > written_) {
      const SpanKind* innermost = open_.empty() ? nullptr : &open_.back()->kind;
      dialect_.write(std::string_view(rich_.text).substr(written_, end - written_), innermost,
                     out_);
      written_ = end;
    }
  }

  void close_until(std::size_t position) {
    while (!open_.empty() && open_.back()->end <= position) {
      write_until(open_.back()->end);
      close_innermost();
    }
  }

  void close_innermost() {
    dialect_.close(*open_.back(), out_);
    open_.pop_back();
  }

  const RichText& rich_;
  const Dialect& dialect_;
  std::vector<const Span*> open_;
  std::size_t written_ = 0;
  std::string out_;
};

}  // namespace

bool RichText::blank() const { return trim(text).empty(); }

RichText slice(const RichText& rich, std::size_t begin, std::size_t end) {
  RichText out;
  out.text = rich.text.substr(begin, end - begin);
  for (const Span& span : rich.spans) {
    if (span.begin >= end) {
      break;  // they stand in the order of their beginning
    }
    if (span.end > begin) {
      out.spans.push_back({span.kind, std::max(span.begin, begin) - begin,
                           std::min(span.end, end) - begin, span.argument});
    }
  }
  return out;
}

RichText plain_text(std::string_view text) { return {to_valid_utf8(text), {}}; }

std::string render(const RichText& rich, const Dialect& dialect) {
  return Renderer(rich, dialect).run();
}

}  // namespace patchbay::common
