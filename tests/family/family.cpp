// SPDX-License-Identifier: MIT
#include <flowviz_metrics/family/family.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "refusal.hpp"

using flowviz::Definition;
using flowviz::Family;
using flowviz::Kind;
using flowviz::LabelDefinition;
using flowviz::OtherGauge;

namespace {

LabelDefinition closed(const std::string& name, const std::vector<std::string>& values) {
  return {name, false, values, static_cast<std::uint32_t>(values.size()), OtherGauge::refused};
}
LabelDefinition open(const std::string& name, std::uint32_t cap, const std::vector<std::string>& pinned = {}) {
  return {name, true, pinned, cap, OtherGauge::refused};
}
Definition counter(const std::vector<LabelDefinition>& labels) {
  Definition definition;
  definition.kind = Kind::counter;
  definition.name = "a_total";
  definition.help = "A.";
  definition.labels = labels;
  return definition;
}

/// The label texts of a family's series that a page shows, in their order.
std::string shown(const Family& family) {
  std::string text;
  family.each_segment([&](const flowviz::Chunk&, std::uint32_t, const auto* links, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto* series = links[i].load(std::memory_order_relaxed);
      const auto written = [&](flowviz::Place place) { return family.cells().written(place); };
      if (flowviz::SeriesTable::is_shown(*series, written)) text += std::string(series->labels()) + "\n";
    }
  });
  return text;
}

struct Fixture {
  flowviz::Pool pool;
  std::string refused(const Definition& definition) {
    return refusal([&] { Family(definition, "", pool); });
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "labels that cannot be are refused with metric, label and rule") {
  const std::string long_text(flowviz::encode::max_label_bytes + 1, 'x');
  struct {
    std::vector<LabelDefinition> labels;
    std::string message;
  } const table[] = {
      {{open("x", 1), closed("x", {"a"})}, "'a_total', label 'x': a label name occurs once"},
      {{open("x", 0)}, "'a_total', label 'x': the cap is at least 1"},
      {{open("x", 1, {"a", "b"})}, "'a_total', label 'x': more values are pinned than the cap lets in"},
      {{open("x", 2, {"a", "a"})}, "'a_total', label 'x': the value 'a' occurs twice"},
      {{closed("x", {"a", "b", "a"})}, "'a_total', label 'x': the value 'a' occurs twice"},
      {{open("x", 2, {"_other"})},
       "'a_total', label 'x': '_other' stands for the values beyond the domain and cannot be one of it"},
      {{closed("x", {"_other"})},
       "'a_total', label 'x': '_other' stands for the values beyond the domain and cannot be one of it"},
      {{open("x", 2, {"\xff"})},
       "'a_total', label 'x': the value '\xff' is not UTF-8, has a carriage return, or is too long"},
      {{open("x", 2, {long_text})},
       "'a_total', label 'x': the value '" + long_text + "' is not UTF-8, has a carriage return, or is too long"},
      {std::vector<LabelDefinition>(17, open("x", 1)), "'a_total': a metric has at most 16 labels"},
  };
  for (const auto& row : table) {
    CAPTURE(row.message);
    CHECK(refused(counter(row.labels)) == row.message);
  }
}

TEST_CASE_FIXTURE(Fixture, "sixteen labels are taken") {
  std::vector<LabelDefinition> labels;
  for (int i = 0; i < 16; ++i) labels.push_back(closed("label" + std::to_string(i), {"v"}));
  Definition definition = counter(labels);
  definition.max_series = 1 << 16;
  CHECK(refused(definition) == "");
}

TEST_CASE_FIXTURE(Fixture, "every combination of closed and pinned values is there from the start, open ones are not") {
  const Family family(counter({closed("kind", {"raw", "done"}), open("page", 3, {"/a", "/b"})}), "", pool);
  CHECK(shown(family) ==
        "kind=\"raw\",page=\"/a\"\nkind=\"raw\",page=\"/b\"\nkind=\"done\",page=\"/a\"\nkind=\"done\",page=\"/b\"\n");
  const Family unborn(counter({closed("kind", {"raw"}), open("page", 3)}), "", pool);
  CHECK(shown(unborn) == "");
  const Family bare(counter({}), "", pool);
  CHECK(shown(bare) == "\n");
}

TEST_CASE_FIXTURE(Fixture, "constant labels come before a series' own") {
  const Family family(counter({closed("kind", {"raw"})}), "site=\"north\"", pool);
  CHECK(shown(family) == "site=\"north\",kind=\"raw\"\n");
  const Family bare(counter({}), "site=\"north\"", pool);
  CHECK(shown(bare) == "site=\"north\"\n");
  Definition definition = counter({closed("kind", {"raw"})});
  definition.constant_labels = {{"zone", "\"a\""}, {"app", "wms"}};
  const Family both(definition, "site=\"north\"", pool);
  CHECK(shown(both) == "site=\"north\",zone=\"\\\"a\\\"\",app=\"wms\",kind=\"raw\"\n");
}

TEST_CASE_FIXTURE(Fixture, "series of closed labels stand side by side, the last label fastest") {
  const Family family(counter({closed("kind", {"raw", "done"}), closed("late", {"no", "yes", "maybe"})}), "", pool);
  const flowviz::Place first = family.first_of_all();
  REQUIRE(first.chunk != nullptr);
  Family& writable = const_cast<Family&>(family);
  for (std::uint32_t kind = 1; kind <= 2; ++kind) {
    for (std::uint32_t late = 1; late <= 3; ++late) {
      const Family::Value values[] = {{kind, {}}, {late, {}}};
      const flowviz::Place place = writable.place(values);
      CHECK(place.chunk == first.chunk);
      CHECK(place.at == first.at + (kind - 1) * 3 + (late - 1));
    }
  }
}

TEST_CASE_FIXTURE(Fixture, "series that an open label or one chunk keeps apart have no first place") {
  std::vector<std::string> many;
  for (int i = 0; i < 600; ++i) many.push_back("v" + std::to_string(i));
  CHECK(Family(counter({open("page", 3)}), "", pool).first_of_all().chunk == nullptr);
  CHECK(Family(counter({closed("kind", many)}), "", pool).first_of_all().chunk == nullptr);
  CHECK(Family(counter({}), "", pool).first_of_all().chunk != nullptr);
}

TEST_CASE_FIXTURE(Fixture, "small families share a chunk, large ones have their own") {
  std::vector<std::string> some;
  for (int i = 0; i < 64; ++i) some.push_back("v" + std::to_string(i));
  const Family a(counter({}), "", pool), b(counter({}), "", pool);
  const Family large(counter({closed("kind", some)}), "", pool);
  CHECK(a.first_of_all().chunk == b.first_of_all().chunk);
  CHECK(a.first_of_all().at != b.first_of_all().at);
  CHECK(large.first_of_all().chunk != a.first_of_all().chunk);
}

TEST_CASE_FIXTURE(Fixture, "a metric without labels has one place, and one series") {
  Family family(counter({}), "", pool);
  CHECK(family.place({}).chunk == family.first_of_all().chunk);
  CHECK(family.place({}).at == family.first_of_all().at);
  family.place({}).chunk->add(family.place({}).at, std::uint64_t{3});
  std::uint64_t total = 0, segments = 0;
  family.each_segment([&](const flowviz::Chunk& chunk, std::uint32_t at, const auto*, std::uint32_t count) {
    ++segments;
    total += chunk.sum_counts(at, count);
  });
  CHECK(segments == 1);
  CHECK(total == 3);
}

TEST_CASE_FIXTURE(Fixture, "a combination has one place for ever") {
  Family family(counter({open("page", 2), closed("kind", {"raw", "done"})}), "", pool);
  const auto place = [&](const char* page, std::uint32_t kind) {
    const Family::Value values[] = {family.open_value(0, page), {kind, {}}};
    return family.place(values);
  };
  const flowviz::Place a_raw = place("/a", 1);
  const flowviz::Place a_done = place("/a", 2);
  const flowviz::Place other = place("/a", 0);
  CHECK(a_raw.at != a_done.at);
  CHECK(other.at != a_raw.at);
  for (int i = 0; i < 3; ++i) {
    CHECK(place("/a", 1).chunk == a_raw.chunk);
    CHECK(place("/a", 1).at == a_raw.at);
    CHECK(place("/a", 2).at == a_done.at);
    CHECK(place("/a", 0).at == other.at);
  }
  CHECK(shown(family) == "page=\"/a\",kind=\"raw\"\npage=\"/a\",kind=\"done\"\npage=\"/a\",kind=\"_other\"\n");
}

TEST_CASE_FIXTURE(Fixture, "the all-_other series is shown once it is written to") {
  Family family(counter({open("page", 1)}), "", pool);
  CHECK(shown(family) == "");
  const Family::Value values[] = {family.open_value(0, "_other")};
  CHECK(family.place(values).chunk != nullptr);
  CHECK(shown(family) == "page=\"_other\"\n");
}

TEST_CASE_FIXTURE(Fixture, "a family copies every text that it was given") {
  std::string help = "Help.", constant = "site=\"north\"";
  Definition definition = counter({closed("kind", {"raw"})});
  definition.help = help;
  const Family family(definition, constant, pool);
  help[0] = constant[0] = definition.labels[0].values[0][0] = 'X';
  CHECK(family.definition().help == "Help.");
  CHECK(shown(family) == "site=\"north\",kind=\"raw\"\n");
}

// Not under an emulator: qemu-user passes RLIMIT_AS over, for it would hit itself.
#ifndef FLOWVIZ_METRICS_EMULATOR
TEST_CASE_FIXTURE(Fixture, "a metric whose table no memory can be had for is refused") {
  const std::vector<std::string> ten{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  std::vector<LabelDefinition> labels;
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g", "h"}) labels.push_back(closed(name, ten));
  Definition definition = counter(labels);
  definition.max_series = 300'000'000;  // 11^8 combinations, a table of 1.7 GB
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit memory{1 << 29, 1 << 29};
    setrlimit(RLIMIT_AS, &memory);
    _exit(refused(definition) == "'a_total': no memory" ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
#endif

TEST_CASE("bounds are padded with +Inf to an even number") {
  const flowviz::Bounds one{1}, two{1, 2};
  CHECK(one.size() == 1);
  CHECK(one.data()[1] == std::numeric_limits<double>::infinity());
  CHECK(std::vector<double>(two.begin(), two.end()) == std::vector<double>{1, 2});
}

TEST_CASE("bounds are the same when they are copied, moved and assigned") {
  const flowviz::Bounds odd{1, 2, 3};
  flowviz::Bounds copy = odd;
  CHECK(copy == odd);
  CHECK(copy.data() != odd.data());
  const flowviz::Bounds moved = std::move(copy);
  CHECK(moved == odd);
  flowviz::Bounds assigned{7};
  assigned = moved;
  CHECK(assigned == odd);
  CHECK(flowviz::Bounds{1, 2} != odd);
  CHECK(flowviz::Bounds{1, 2, 4} != odd);
  CHECK(flowviz::Bounds() == flowviz::Bounds(nullptr, 0));
}
