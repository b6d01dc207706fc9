// SPDX-License-Identifier: MIT
#include <flowviz_metrics/encode/label_text.hpp>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace encode = flowviz::encode;
using encode::Escaping;
using encode::NameOf;

TEST_CASE("labels are joined by commas") {
  std::string out;
  encode::append_label(out, "a", "x\"y");
  CHECK(out == "a=\"x\\\"y\"");
  encode::append_label(out, "b", "");
  CHECK(out == "a=\"x\\\"y\",b=\"\"");
}

TEST_CASE("a name that is not of the classic alphabet stands between quotation marks, escaped as a value is") {
  const auto shown = [](std::string_view name, NameOf of) {
    std::string out;
    encode::append_name(out, name, of);
    return out;
  };
  CHECK(shown("a_b1", NameOf::metric) == "a_b1");
  CHECK(shown("a:b", NameOf::metric) == "a:b");
  CHECK(shown("a:b", NameOf::label) == "\"a:b\"");
  CHECK(shown("a.b", NameOf::metric) == "\"a.b\"");
  CHECK(shown("1a", NameOf::label) == "\"1a\"");
  CHECK(shown("a \"b\" \\", NameOf::label) == "\"a \\\"b\\\" \\\\\"");
  std::string labels;
  encode::append_label(labels, "a", "x");
  encode::append_label(labels, "http.route", "/\"");
  CHECK(labels == "a=\"x\",\"http.route\"=\"/\\\"\"");
}

TEST_CASE("labels read back as they were written, whatever is in them") {
  struct Label {
    std::string name, value;
  };
  const std::vector<Label> all{{"a", "x"},
                               {"a.b", ""},
                               {"c\"=\"d,", "\",\"e\"=\"\\"},
                               {"f", ",\"g.h\"=\"i\""},
                               {"\\", "line\nfeed"},
                               {"\xc3\xa4", "\xe2\x80\xae"}};
  std::string text;
  for (const Label& label : all) encode::append_label(text, label.name, label.value);
  std::string_view rest = text;
  for (const Label& label : all) {
    CAPTURE(label.name);
    REQUIRE(!rest.empty());
    const encode::LabelText taken = encode::take_label(rest);
    std::string name, value;
    encode::append_unescaped(name, taken.name);
    encode::append_unescaped(value, taken.value);
    CHECK(name == label.name);
    CHECK(value == label.value);
    CHECK(taken.quoted == !encode::is_classic(label.name, NameOf::label));
  }
  CHECK(rest.empty());
}

TEST_CASE("a scheme changes names that are quoted, and no others, and no values") {
  std::string text;
  encode::append_label(text, "kept_as_it_is", ",\"a.b\"=\"\\");
  encode::append_label(text, "a.b_c", "x\n");
  encode::append_label(text, "d\"e", "");
  const auto escaped = [&](Escaping escaping) {
    std::string out, room;
    encode::append_escaped_labels(out, text, escaping, room);
    return out;
  };
  const std::string first = "kept_as_it_is=\",\\\"a.b\\\"=\\\"\\\\\",";
  CHECK(escaped(Escaping::underscores) == first + "a_b_c=\"x\\n\",d_e=\"\"");
  CHECK(escaped(Escaping::dots) == first + "a_dot_b__c=\"x\\n\",d__e=\"\"");
  CHECK(escaped(Escaping::values) == first + "U__a_2e_b__c=\"x\\n\",U__d_22_e=\"\"");
}
