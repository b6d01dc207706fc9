// SPDX-License-Identifier: MIT
#include <flowviz_metrics/encode/name_escaping.hpp>

#include <doctest/doctest.h>

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>

using flowviz::encode::escaped_name;
using flowviz::encode::Escaping;
using flowviz::encode::escapings;
using flowviz::encode::is_classic;
using flowviz::encode::NameOf;

namespace {

struct Row {
  std::string_view name, underscores, dots, values;
};

/// Names and what the specification makes of them, or Prometheus' own client where that is silent.
constexpr Row table[] = {
    {"a.b", "a_b", "a_dot_b", "U__a_2e_b"},
    {"a.b_c", "a_b_c", "a_dot_b__c", "U__a_2e_b__c"},
    {"metric.name/with/slashes", "metric_name_with_slashes", "metric_dot_name__with__slashes",
     "U__metric_2e_name_2f_with_2f_slashes"},
    {"http.status:sum", "http_status:sum", "http_dot_status:sum", "U__http_2e_status:sum"},
    {"mysystem.prod.west.cpu.load_total", "mysystem_prod_west_cpu_load_total",
     "mysystem_dot_prod_dot_west_dot_cpu_dot_load__total", "U__mysystem_2e_prod_2e_west_2e_cpu_2e_load__total"},
    {"label with \xf0\x9f\x98\xb1", "label_with__", "label__with____", "U__label_20_with_20__1f631_"},
    {"\xe8\x8a\xb1\xe7\x81\xab", "__", "____", "U___82b1__706b_"},
    {"label with \xc4\x80", "label_with__", "label__with____", "U__label_20_with_20__100_"},
    {"1st.place", "_st_place", "__st_dot_place", "U___31_st_2e_place"},
    {"2", "_", "__", "U___32_"},
    {".", "_", "_dot_", "U___2e_"},
    {"a\"b\\c", "a_b_c", "a__b__c", "U__a_22_b_5c_c"},
    {"a\x7f", "a_", "a__", "U__a_7f_"},
    {"\xf4\x8f\xbf\xbf", "_", "__", "U___10ffff_"},
};

/// The name that `values` stands for, by a reading of its own.
std::string read_back(std::string_view escaped) {
  if (!escaped.starts_with("U__")) return std::string(escaped);
  escaped.remove_prefix(3);
  std::string name;
  while (!escaped.empty()) {
    if (escaped[0] != '_') {
      name += escaped[0];
      escaped.remove_prefix(1);
    } else if (escaped.starts_with("__")) {
      name += '_';
      escaped.remove_prefix(2);
    } else {
      const std::size_t end = escaped.find('_', 1);
      const auto code = std::stoul(std::string(escaped.substr(1, end - 1)), nullptr, 16);
      const auto part = [&](unsigned lead, unsigned shift) { return static_cast<char>(lead | (code >> shift & 0x3f)); };
      if (code < 0x80) {
        name += static_cast<char>(code);
      } else if (code < 0x800) {
        name += {static_cast<char>(0xc0 | code >> 6), part(0x80, 0)};
      } else if (code < 0x10000) {
        name += {static_cast<char>(0xe0 | code >> 12), part(0x80, 6), part(0x80, 0)};
      } else {
        name += {static_cast<char>(0xf0 | code >> 18), part(0x80, 12), part(0x80, 6), part(0x80, 0)};
      }
      escaped.remove_prefix(end + 1);
    }
  }
  return name;
}

}  // namespace

TEST_CASE("each scheme makes of a name what the specification says") {
  for (const Row& row : table) {
    CAPTURE(row.name);
    CHECK(escaped_name(row.name, NameOf::metric, Escaping::underscores) == row.underscores);
    CHECK(escaped_name(row.name, NameOf::metric, Escaping::dots) == row.dots);
    CHECK(escaped_name(row.name, NameOf::metric, Escaping::values) == row.values);
    CHECK(escaped_name(row.name, NameOf::metric, Escaping::allow_utf8) == row.name);
  }
}

TEST_CASE("a name of the classic alphabet stays as it is") {
  for (const std::string_view name : {"http_requests_total", "Name", "_", "a1", "no:escaping_required", ":a"}) {
    for (const Escaping escaping : escapings) CHECK(escaped_name(name, NameOf::metric, escaping) == name);
  }
}

TEST_CASE("a colon is of the classic alphabet in the name of a metric, and not of a label") {
  CHECK(is_classic("a:b", NameOf::metric));
  CHECK_FALSE(is_classic("a:b", NameOf::label));
  CHECK(escaped_name("a:b", NameOf::label, Escaping::underscores) == "a_b");
  CHECK(escaped_name("a:b", NameOf::label, Escaping::dots) == "a__b");
  CHECK(escaped_name("a:b", NameOf::label, Escaping::values) == "U__a_3a_b");
}

TEST_CASE("what is escaped is of the classic alphabet, and by values the name can be had back") {
  // All names of up to four pieces, the awkward ones among them.
  constexpr std::string_view pieces[] = {"a", "U", "_", ".", "2", ":", "2e", "\xc3\xa4"};
  std::set<std::string> names;
  for (const std::string_view a : pieces)
    for (const std::string_view b : pieces)
      for (const std::string_view c : pieces)
        for (const std::string_view d : pieces) names.insert(std::string(a).append(b).append(c).append(d));
  int wrong = 0;
  for (const NameOf of : {NameOf::metric, NameOf::label}) {
    std::set<std::string> by_values;
    for (const std::string& name : names) {
      for (const Escaping escaping : {Escaping::underscores, Escaping::dots, Escaping::values}) {
        if (!is_classic(escaped_name(name, of, escaping), of)) ++wrong;
      }
      if (is_classic(name, of)) continue;
      const std::string escaped = escaped_name(name, of, Escaping::values);
      if (read_back(escaped) != name || !by_values.insert(escaped).second) ++wrong;
    }
  }
  CHECK(wrong == 0);
}
