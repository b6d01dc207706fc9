// SPDX-License-Identifier: MIT
#pragma once

// Reading a page in the Prometheus text formats 0.0.4 and 1.0.0: its lines as HELP, TYPE, sample, comment or blank. The reader
// goes on after a line it cannot read and notes every fault of a single line; text_validator.hpp adds the rules that
// span lines.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace support {

/// One broken rule: its name, the line (from 1) and what was found there.
struct Violation {
  std::string rule;
  std::size_t line = 0;
  std::string detail;
};

/// Who wrote the page: ours have one exact layout; others may use whatever the format leaves open.
enum class Producer { flowviz, other };
enum class Timestamps { refused, allowed };
/// Whether counters, and only counters, have to end in `_total` (`LegacyName` lifts that rule in the library).
enum class CounterNames { end_in_total, any };

/// Which names a page may have: those of the classic alphabet; others between quotation marks as well (text 1.0.0, and
/// whatever was negotiated with escaping=allow-utf-8); any of them between quotation marks, as the formats permit.
enum class Names { classic, utf8, any_quoted };

struct ValidationOptions {
  Producer producer = Producer::flowviz;
  Timestamps timestamps = Timestamps::refused;
  CounterNames counter_names = CounterNames::end_in_total;
  Names names = Names::classic;
};

using LabelPairs = std::vector<std::pair<std::string, std::string>>;

struct HelpLine {
  std::string name;
  std::string text;
};

struct TypeLine {
  std::string name;
  std::string type;
};

/// What stands behind a sample's value in OpenMetrics.
struct SampleExemplar {
  LabelPairs labels;  // in the order of the page
  double value = 0;
  std::optional<double> timestamp{};  // seconds since 1970 (UTC)
};

/// A sample; `labels` are sorted by name and unescaped, `value_text` is what the page says (all digits of an integer).
struct Sample {
  std::string name;
  LabelPairs labels;
  double value = 0;
  std::string value_text;
  std::size_t line = 0;
  std::optional<SampleExemplar> exemplar{};

  /// The value of a label, or nullptr if the sample has none of that name.
  const std::string* label(std::string_view label_name) const;
};

struct CommentLine {};
struct BlankLine {};
struct UnreadableLine {};

struct PageLine {
  std::size_t number = 0;
  std::variant<UnreadableLine, BlankLine, CommentLine, HelpLine, TypeLine, Sample> content;
};

/// Splits a page into its lines; every fault of a single line is appended to `violations`.
std::vector<PageLine> read_lines(std::string_view page, const ValidationOptions& options,
                                 std::vector<Violation>& violations);

/// The number as Go's ParseFloat would read it out of a page, or nothing.
std::optional<double> parse_number(std::string_view text);

/// The number as Go's FormatFloat(value, 'g', -1, 64) prints it. Written from Go's rules and not with
/// `std::chars_format::general`, so that it is a second opinion on the library's own printing.
std::string go_number(double value);

/// Whether the text is a whole number in its only form: no plus sign, no leading zero, within 64 bits.
bool is_plain_integer(std::string_view text);

}  // namespace support
