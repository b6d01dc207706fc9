// SPDX-License-Identifier: MIT
#include <flowviz_metrics/info.hpp>

#include <doctest/doctest.h>

#include <string>

#include "page.hpp"
#include "refusal.hpp"

using flowviz::Info;
using flowviz::Registry;

TEST_CASE("an info shows its labels with the value 1, as a gauge") {
  Registry registry;
  const std::string compiler = "g++ \"12\"";
  Info{registry, "wms_build_info", "What is running.", {{"version", "0.1.0"}, {"compiler", compiler}}};
  CHECK(family_on(valid_page(registry), "wms_build_info") ==
        "# HELP wms_build_info What is running.\n# TYPE wms_build_info gauge\n"
        "wms_build_info{version=\"0.1.0\",compiler=\"g++ \\\"12\\\"\"} 1\n");
}

TEST_CASE("an info without labels is 1") {
  Registry registry;
  Info{registry, "bare_info", "Bare.", {}};
  CHECK(samples_of(registry, "bare_info") == "bare_info 1\n");
}

TEST_CASE("an info may have as many labels as any metric") {
  Registry registry;
  const std::string message = refusal([&] {
    Info{registry,
         "wide_info",
         "Wide.",
         {{"a", "1"},
          {"b", "1"},
          {"c", "1"},
          {"d", "1"},
          {"e", "1"},
          {"f", "1"},
          {"g", "1"},
          {"h", "1"},
          {"i", "1"},
          {"j", "1"},
          {"k", "1"},
          {"l", "1"},
          {"m", "1"},
          {"n", "1"},
          {"o", "1"},
          {"p", "1"}}};
  });
  CHECK(message == "");
  CHECK(says(samples_of(registry, "wide_info"), "p=\"1\"} 1\n"));
}

TEST_CASE("the same info again is one, with another value it is refused") {
  Registry registry;
  Info{registry, "wms_build_info", "B.", {{"version", "1"}}};
  Info{registry, "wms_build_info", "B.", {{"version", "1"}}};
  CHECK(samples_of(registry, "wms_build_info") == "wms_build_info{version=\"1\"} 1\n");
  CHECK(says(refusal([&] { Info{registry, "wms_build_info", "B.", {{"version", "2"}}}; }),
             "'wms_build_info' is registered already"));
}

TEST_CASE("a value that no page can show is refused") {
  Registry registry;
  CHECK(says(refusal([&] { Info{registry, "wms_build_info", "B.", {{"version", "\xff"}}}; }), "UTF-8"));
  CHECK(says(refusal([&] { Info{registry, "wms_build_info", "B.", {{"version", "1"}, {"version", "2"}}}; }),
             "a label name occurs once"));
}

TEST_CASE("an info whose registry is left out is on the page of the default one") {
  Info{"default_registry_info", "I.", {{"a", "b"}}};
  CHECK(samples_of(flowviz::default_registry(), "default_registry_info") == "default_registry_info{a=\"b\"} 1\n");
}
