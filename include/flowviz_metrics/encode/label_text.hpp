// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The labels of a series as one text, which is what cells keep: `method="GET","http.route"="/lots"`. Values are escaped and
/// names beyond the classic alphabet stand between quotation marks, so that pages of text show it as it is, and the other
/// formats and schemes read it.

#include <cstddef>
#include <string_view>

#include <flowviz_metrics/encode/escape.hpp>
#include <flowviz_metrics/encode/name_escaping.hpp>
#include <flowviz_metrics/version.hpp>

FLOWVIZ_METRICS_BEGIN
namespace encode {

// Out is what text is appended to with +=, as in escape.hpp.

/// Appends a name as text shows it: as it is if it is of the classic alphabet, else between quotation marks.
template <class Out>
void append_name(Out& out, std::string_view name, NameOf of) {
  if (is_classic(name, of)) {
    out += name;
    return;
  }
  out += '"';
  append_escaped_value(out, name);
  out += '"';
}

/// Appends `name="value"`, after a comma if there is something before it.
template <class Out>
void append_label(Out& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out += ',';
  append_name(out, name, NameOf::label);
  out += "=\"";
  append_escaped_value(out, value);
  out += '"';
}

/// A label as it stands in a label text, without the quotation marks: what was escaped is so.
struct LabelText {
  std::string_view name;
  bool quoted = false;  ///< the name was
  std::string_view value;
};

/// Takes what stands between the quotation marks at the beginning of `text` off it.
inline std::string_view take_quoted(std::string_view& text) noexcept {
  std::size_t end = 1;
  while (text[end] != '"') end += text[end] == '\\' ? 2u : 1u;
  const std::string_view inside = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  return inside;
}

/// Takes the first label off a label text, which has one.
inline LabelText take_label(std::string_view& labels) noexcept {
  LabelText label;
  label.quoted = labels.front() == '"';
  if (label.quoted) {
    label.name = take_quoted(labels);
  } else {
    label.name = labels.substr(0, labels.find('='));
    labels.remove_prefix(label.name.size());
  }
  labels.remove_prefix(1);  // the equals sign
  label.value = take_quoted(labels);
  if (!labels.empty()) labels.remove_prefix(1);  // the comma
  return label;
}

/// Appends the text that was escaped.
template <class Out>
void append_unescaped(Out& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
    } else {
      ++i;
      out += text[i] == 'n' ? '\n' : text[i];
    }
  }
}

/// Appends a name that stood in a label text, as a scheme has it; `room` is for what was escaped in it.
template <class Out, class Room>
void append_escaped_name(Out& out, const LabelText& label, Escaping escaping, Room& room) {
  if (!label.quoted) {
    out += label.name;
    return;
  }
  room.clear();
  append_unescaped(room, label.name);
  append_escaped_name(out, room, NameOf::label, escaping);
}

/// Appends a label text with its names as a scheme that is not `allow_utf8` has them.
template <class Out, class Room>
void append_escaped_labels(Out& out, std::string_view labels, Escaping escaping, Room& room) {
  while (!labels.empty()) {
    const LabelText label = take_label(labels);
    append_escaped_name(out, label, escaping, room);
    out += "=\"";
    out += label.value;
    out += labels.empty() ? std::string_view("\"") : std::string_view("\",");
  }
}

}  // namespace encode
FLOWVIZ_METRICS_END
