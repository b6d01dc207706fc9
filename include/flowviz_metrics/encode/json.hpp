// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Writes JSON (RFC 8259): what the catalogue needs of it.

#include <string>
#include <string_view>

#include <flowviz_metrics/encode/escape.hpp>
#include <flowviz_metrics/encode/number.hpp>
#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace encode {

/// Appends one document to a string, with the commas where they belong. What is no UTF-8 is repaired.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) noexcept : out_(out) {}

  template <class Members>
  void object(Members members) {
    nested('{', members, '}');
  }
  template <class Values>
  void array(Values values) {
    nested('[', values, ']');
  }
  /// The name of the member whose value comes next.
  JsonWriter& member(std::string_view name) {
    separate();
    quoted(name);
    out_ += ": ";
    first_ = true;
    return *this;
  }
  /// What comes next starts a line.
  JsonWriter& line() {
    if (!first_) out_ += ',';
    out_ += '\n';
    first_ = true;
    return *this;
  }
  void string(std::string_view text) {
    separate();
    quoted(text);
  }
  void boolean(bool value) {
    separate();
    out_ += value ? "true" : "false";
  }
  /// A finite number: a double or an integer, which is printed with all its digits.
  template <class Number>
  void number(Number value) {
    separate();
    char digits[max_number];
    out_.append(digits, write_number(digits, value));
  }

 private:
  template <class Inside>
  void nested(char open, Inside inside, char close) {
    separate();
    out_ += open;
    first_ = true;
    inside();
    out_ += close;
    first_ = false;
  }
  void separate() {
    if (!first_) out_ += ", ";
    first_ = false;
  }
  void quoted(std::string_view text) {
    std::string clean;
    append_repaired(clean, text);
    out_ += '"';
    for (const char c : clean) {
      if (c == '"' || c == '\\') {
        out_ += '\\';
        out_ += c;
      } else if (static_cast<unsigned char>(c) < 0x20) {
        out_ += "\\u00";
        out_ += "01"[c >> 4];
        out_ += "0123456789abcdef"[c & 15];
      } else {
        out_ += c;
      }
    }
    out_ += '"';
  }

  std::string& out_;
  bool first_ = true;  // of what is being written, nothing is there yet
};

}  // namespace encode
FLOWVIZ_METRICS_END
