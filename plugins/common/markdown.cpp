#include "common/markdown.hpp"

#include <algorithm>
#include <array>
#include <md4c.h>
#include <string>
#include <utility>

#include "common/markdown_entities.hpp"
#include "common/markdown_table.hpp"
#include "common/utf.hpp"

namespace patchbay::common {
namespace {

constexpr unsigned kFlags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS |
                            MD_FLAG_PERMISSIVEURLAUTOLINKS | MD_FLAG_NOHTML;
constexpr std::size_t kDeepestIndent = 8;  // levels; a chat is narrow

bool is_linkable(std::string_view address) {
  constexpr std::array<std::string_view, 5> kSchemes{"http://", "https://",
                                                     "mailto:", "tel:", "tg://"};
  const std::string start = to_lower(address.substr(0, 8));
  return std::any_of(kSchemes.begin(), kSchemes.end(),
                     [&](std::string_view scheme) { return start.starts_with(scheme); });
}

std::string attribute_text(const MD_ATTRIBUTE& attribute) {
  std::string out;
  for (unsigned i = 0; attribute.size > 0 && attribute.substr_offsets[i] < attribute.size; ++i) {
    const unsigned begin = attribute.substr_offsets[i];
    const std::string_view part(attribute.text + begin, attribute.substr_offsets[i + 1] - begin);
    switch (attribute.substr_types[i]) {
      case MD_TEXT_ENTITY:
        out += decode_entity(part);
        break;
      case MD_TEXT_NULLCHAR:
        out += "\xEF\xBF\xBD";
        break;
      default:
        out += part;
    }
  }
  return out;
}

// What md4c reports, written down as visible text and spans. Space between blocks is owed until
// something visible follows, so that a text neither begins nor ends with it.
class Writer {
 public:
  RichText take() {
    for (; !open_.empty(); open_.pop_back()) {
      innermost().end = rich_.text.size();
    }
    std::erase_if(rich_.spans, [](const Span& span) { return span.begin >= span.end; });
    return std::move(rich_);
  }

  void enter_block(MD_BLOCKTYPE type, void* detail) {
    switch (type) {
      case MD_BLOCK_QUOTE:
        separate(2);
        open(SpanKind::kQuote);
        at_start_ = true;
        break;
      case MD_BLOCK_UL:
        enter_list({false, 0, static_cast<MD_BLOCK_UL_DETAIL*>(detail)->is_tight != 0});
        break;
      case MD_BLOCK_OL: {
        const auto* list = static_cast<MD_BLOCK_OL_DETAIL*>(detail);
        enter_list({true, list->start, list->is_tight != 0});
        break;
      }
      case MD_BLOCK_LI:
        enter_item(*static_cast<MD_BLOCK_LI_DETAIL*>(detail));
        break;
      case MD_BLOCK_HR:
        separate(2);
        write("———");
        separate(2);
        break;
      case MD_BLOCK_H:
        separate(2);
        open(SpanKind::kBold);
        break;
      case MD_BLOCK_CODE:
        separate(2);
        open(SpanKind::kPre, attribute_text(static_cast<MD_BLOCK_CODE_DETAIL*>(detail)->lang));
        break;
      case MD_BLOCK_P:
        separate(2);
        break;
      case MD_BLOCK_TABLE:
        separate(2);
        table_.clear();
        in_table_ = true;
        break;
      case MD_BLOCK_TR:
        table_.emplace_back();
        break;
      case MD_BLOCK_TH:
      case MD_BLOCK_TD:
        table_.back().emplace_back();
        break;
      default:
        break;
    }
  }

  void leave_block(MD_BLOCKTYPE type) {
    switch (type) {
      case MD_BLOCK_QUOTE:
        at_start_ = false;  // it may have been empty
        close(SpanKind::kQuote);
        separate(2);
        break;
      case MD_BLOCK_H:
        close(SpanKind::kBold);
        separate(2);
        break;
      case MD_BLOCK_UL:
      case MD_BLOCK_OL:
        lists_.pop_back();
        separate(lists_.empty() ? 2 : 1);
        break;
      case MD_BLOCK_LI:
        at_start_ = false;  // it may have been empty
        separate(lists_.back().tight ? 1 : 2);
        break;
      case MD_BLOCK_P:
        separate(2);
        break;
      case MD_BLOCK_CODE:
        if (!open_.empty() && rich_.text.size() > innermost().begin && rich_.text.ends_with('\n')) {
          rich_.text.pop_back();
        }
        close(SpanKind::kPre);
        separate(2);
        break;
      case MD_BLOCK_TABLE:
        in_table_ = false;
        open(SpanKind::kPre);
        write(layout_table(table_));
        close(SpanKind::kPre);
        separate(2);
        break;
      default:
        break;
    }
  }

  void enter_span(MD_SPANTYPE type, void* detail) {
    if (in_table_) {
      return;
    }
    switch (type) {
      case MD_SPAN_EM:
        open(SpanKind::kItalic);
        break;
      case MD_SPAN_STRONG:
        open(SpanKind::kBold);
        break;
      case MD_SPAN_DEL:
        open(SpanKind::kStrike);
        break;
      case MD_SPAN_CODE:
        open(SpanKind::kCode);
        break;
      case MD_SPAN_A:
        open(SpanKind::kLink, attribute_text(static_cast<MD_SPAN_A_DETAIL*>(detail)->href));
        break;
      case MD_SPAN_IMG:
        open(SpanKind::kLink, attribute_text(static_cast<MD_SPAN_IMG_DETAIL*>(detail)->src));
        break;
      default:
        break;
    }
  }

  void leave_span(MD_SPANTYPE type) {
    if (in_table_) {
      return;
    }
    switch (type) {
      case MD_SPAN_A:
      case MD_SPAN_IMG:
        close_link();
        break;
      case MD_SPAN_EM:
        close(SpanKind::kItalic);
        break;
      case MD_SPAN_STRONG:
        close(SpanKind::kBold);
        break;
      case MD_SPAN_DEL:
        close(SpanKind::kStrike);
        break;
      case MD_SPAN_CODE:
        close(SpanKind::kCode);
        break;
      default:
        break;
    }
  }

  void text(MD_TEXTTYPE type, std::string_view text) {
    switch (type) {
      case MD_TEXT_NULLCHAR:
        write("\xEF\xBF\xBD");
        break;
      case MD_TEXT_BR:
      case MD_TEXT_SOFTBR:
        break_line();
        break;
      case MD_TEXT_ENTITY:
        write(decode_entity(text));
        break;
      default:
        write(text);
    }
  }

 private:
  struct List {
    bool ordered = false;
    unsigned number = 0;
    bool tight = true;
  };

  void enter_list(List list) {
    separate(lists_.empty() ? 2 : 1);
    lists_.push_back(list);
  }

  void enter_item(const MD_BLOCK_LI_DETAIL& item) {
    separate(1);
    List& list = lists_.back();
    pay_separation(lists_.size() - 1);
    if (item.is_task != 0) {
      rich_.text += item.task_mark == ' ' ? "☐ " : "☑ ";
    } else {
      rich_.text += list.ordered ? std::to_string(list.number) + ". " : "• ";
    }
    ++list.number;
    at_start_ = true;
  }

  // At least so many line ends before what comes next; none at the start of the text or of a quote,
  // nor between a bullet and its text.
  void separate(int line_ends) {
    if (!rich_.text.empty() && !at_start_) {
      owed_ = std::max(owed_, line_ends);
    }
  }

  void pay_separation(std::size_t depth) {
    if (owed_ > 0) {
      rich_.text.append(static_cast<std::size_t>(owed_), '\n');
      owed_ = 0;
      indent(depth);
    }
  }

  void indent(std::size_t depth) { rich_.text.append(2 * std::min(depth, kDeepestIndent), ' '); }

  void break_line() {
    if (in_table_) {
      write(" ");
      return;
    }
    rich_.text += '\n';
    indent(lists_.size());
  }

  void write(std::string_view text) {
    if (in_table_) {
      if (!table_.empty() && !table_.back().empty()) {
        table_.back().back() += text;
      }
      return;
    }
    pay_separation(lists_.size());
    rich_.text += text;
    at_start_ = false;
  }

  void open(SpanKind kind, std::string argument = {}) {
    pay_separation(kind == SpanKind::kPre ? 0 : lists_.size());
    open_.push_back(rich_.spans.size());
    rich_.spans.push_back({kind, rich_.text.size(), rich_.text.size(), std::move(argument)});
  }

  [[nodiscard]] Span& innermost() { return rich_.spans[open_.back()]; }

  // Ends the innermost open span of the kind and those in it. md4c ends some spans that it never
  // began when strikethrough crosses emphasis (seen with 0.4.8): those are nothing here.
  void close(SpanKind kind) {
    const auto matches = [&](std::size_t index) { return rich_.spans[index].kind == kind; };
    if (std::none_of(open_.begin(), open_.end(), matches)) {
      return;
    }
    for (bool found = false; !found; open_.pop_back()) {
      found = innermost().kind == kind;
      innermost().end = rich_.text.size();
    }
  }

  // Text that does not tell where a link goes that the chat cannot follow, is told.
  void close_link() {
    if (open_.empty() || innermost().kind != SpanKind::kLink) {
      close(SpanKind::kLink);
      return;
    }
    const std::string address = innermost().argument;
    const std::string_view shown = std::string_view(rich_.text).substr(innermost().begin);
    const bool linkable = is_linkable(address);
    if (shown.empty()) {
      write(address);
    } else if (!linkable && !address.empty() && shown != address) {
      write(" (" + address + ")");
    }
    innermost().end = linkable ? rich_.text.size() : innermost().begin;
    open_.pop_back();
  }

  RichText rich_;
  std::vector<std::size_t> open_;  // indices of spans
  std::vector<List> lists_;
  std::vector<TableRow> table_;
  int owed_ = 0;
  bool in_table_ = false;
  bool at_start_ = false;
};

Writer& writer_of(void* data) { return *static_cast<Writer*>(data); }

}  // namespace

RichText parse_markdown(std::string_view markdown) {
  const std::string valid = to_valid_utf8(markdown);
  Writer writer;
  MD_PARSER parser{};
  parser.flags = kFlags;
  parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* data) {
    writer_of(data).enter_block(type, detail);
    return 0;
  };
  parser.leave_block = [](MD_BLOCKTYPE type, void*, void* data) {
    writer_of(data).leave_block(type);
    return 0;
  };
  parser.enter_span = [](MD_SPANTYPE type, void* detail, void* data) {
    writer_of(data).enter_span(type, detail);
    return 0;
  };
  parser.leave_span = [](MD_SPANTYPE type, void*, void* data) {
    writer_of(data).leave_span(type);
    return 0;
  };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* data) {
    writer_of(data).text(type, {text, size});
    return 0;
  };
  if (md_parse(valid.data(), static_cast<MD_SIZE>(valid.size()), &parser, &writer) != 0) {
    return plain_text(valid);  // only when memory runs out; the text matters more than its form
  }
  return writer.take();
}

}  // namespace patchbay::common
