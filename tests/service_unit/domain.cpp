// SPDX-License-Identifier: MIT
// The domain's small parts: weights, times, identifiers, names, rules.

#include <doctest/doctest.h>

#include <cmath>
#include <flowviz_metrics/label.hpp>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "domain/ids.hpp"
#include "domain/lot.hpp"
#include "domain/names.hpp"
#include "domain/qc_decision.hpp"
#include "domain/quantity.hpp"
#include "domain/refusal.hpp"
#include "domain/rules.hpp"
#include "domain/sync.hpp"
#include "domain/timestamp.hpp"
#include "http/auth.hpp"
#include "log.hpp"

using namespace wms;

TEST_CASE("a weight is counted in whole milligrams") {
  const struct {
    double kg;
    std::int64_t milligrams;
  } cases[] = {{1, 1'000'000}, {0.000001, 1},           {0.1 + 0.2, 300'000},        {100.0 / 3, 33'333'333},
               {0.0000014, 1}, {12.345678, 12'345'678}, {1e9, 1'000'000'000'000'000}};
  for (const auto& c : cases) {
    CAPTURE(c.kg);
    REQUIRE(Quantity::from_kg(c.kg));
    CHECK(Quantity::from_kg(c.kg)->milligrams == c.milligrams);
  }
}

TEST_CASE("a weight that is not above zero, or beyond all measure, is none") {
  for (const double kg : {0.0, -0.0, -1.0, 4e-7, 1.0000001e9, 1e300, std::numeric_limits<double>::infinity(),
                          std::numeric_limits<double>::quiet_NaN()}) {
    CAPTURE(kg);
    CHECK_FALSE(Quantity::from_kg(kg));
  }
}

TEST_CASE("a weight goes out as it came in") {
  for (const double kg : {0.000001, 0.3, 12.345678, 999999999.999999}) CHECK(Quantity::from_kg(kg)->kg() == kg);
}

TEST_CASE("times are told in UTC, to the millisecond") {
  using namespace std::chrono;
  CHECK(to_rfc3339(Timestamp(milliseconds(0))) == "1970-01-01T00:00:00.000Z");
  CHECK(to_rfc3339(Timestamp(milliseconds(951'782'399'999))) == "2000-02-28T23:59:59.999Z");
  CHECK(to_rfc3339(sys_days(2026y / March / 1) + 7h + 45min + 12s + 34ms) == "2026-03-01T07:45:12.034Z");
}

TEST_CASE("identifiers have the form of a UUID of version 7, differ, and sort by their making") {
  std::string last;
  for (int i = 0; i < 20'000; ++i) {  // more than fit into one millisecond's counter
    const std::string id = new_id();
    REQUIRE(is_id(id));
    REQUIRE(id[14] == '7');
    REQUIRE(std::string("89ab").find(id[19]) != std::string::npos);
    REQUIRE(last < id);
    last = id;
  }
}

TEST_CASE("identifiers made by several threads differ") {
  constexpr int threads = 4, each = 5000;
  std::vector<std::vector<std::string>> made(threads);
  std::vector<std::thread> makers;
  for (auto& ids : made) {
    makers.emplace_back([&ids] {
      for (int i = 0; i < each; ++i) ids.push_back(new_id());
    });
  }
  for (std::thread& maker : makers) maker.join();
  std::set<std::string> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  CHECK(all.size() == threads * each);
}

TEST_CASE("what is not an identifier is told from one") {
  CHECK(is_id("01a1fa76-7498-7001-8b99-ad8f757de093"));
  for (const char* text : {"", "01a1fa76-7498-7001-8b99-ad8f757de09", "01a1fa76-7498-7001-8b99-ad8f757de0933",
                           "01A1FA76-7498-7001-8B99-AD8F757DE093", "01a1fa76x7498-7001-8b99-ad8f757de093",
                           "01a1fa76-7498-7001-8b99-ad8f757de0g3", "' OR '1'='1' ----------------------"}) {
    CAPTURE(text);
    CHECK_FALSE(is_id(text));
  }
}

TEST_CASE("random secrets have the length that was asked for, and differ") {
  CHECK(random_hex(24).size() == 48);
  CHECK(random_hex(24) != random_hex(24));
}

/// Every enumerator has a name, by which it is found again, and that it has for the metrics library too.
template <class E>
void check_names(std::size_t count) {
  CHECK(names(E{}).size() == count);
  std::set<std::string_view> seen;
  for (const Name<E>& name : names(E{})) {
    CAPTURE(name.text);
    CHECK(seen.insert(name.text).second);
    CHECK(text_of(name.value) == name.text);
    CHECK(parse<E>(name.text) == name.value);
  }
  CHECK_FALSE(parse<E>(""));
  CHECK_FALSE(parse<E>("no such name"));
}

template <class E>
void check_label_texts() {
  for (const Name<E>& name : names(E{})) CHECK(flowviz::label_value<E>(name.text) == name.value);
}

TEST_CASE("enumerators have names") {
  check_names<LotType>(3);
  check_names<QcStatus>(4);
  check_names<Decision>(3);
  check_names<BusinessRule>(5);
  check_names<SyncStatus>(3);
  check_names<RunState>(4);
  check_names<Role>(4);
  check_names<log::Level>(4);
}

TEST_CASE("label values have the names that clients see") {
  check_label_texts<LotType>();
  check_label_texts<Decision>();
  check_label_texts<BusinessRule>();
  check_label_texts<RunState>();
}

TEST_CASE("a raw lot with inputs breaks a rule, others do not") {
  const std::vector<LotInput> inputs{{"a", {1}}};
  CHECK(violation(NewLot{"A", LotType::raw, {1}, {}, inputs})->rule == BusinessRule::raw_lot_with_inputs);
  CHECK_FALSE(violation(NewLot{"A", LotType::raw, {1}, {}, {}}));
  CHECK_FALSE(violation(NewLot{"A", LotType::finished, {1}, {}, inputs}));
}

TEST_CASE("which inputs may be used") {
  const struct {
    QcStatus status;
    std::int64_t wanted, left;
    std::optional<BusinessRule> broken;
    const char* field;
  } cases[] = {
      {QcStatus::PENDING, 10, 10, std::nullopt, ""},
      {QcStatus::PASS, 1, 10, std::nullopt, ""},
      {QcStatus::HOLD, 1, 10, BusinessRule::input_on_hold_or_failed, "inputs[7].lot_id"},
      {QcStatus::FAIL, 1, 10, BusinessRule::input_on_hold_or_failed, "inputs[7].lot_id"},
      {QcStatus::PASS, 11, 10, BusinessRule::inputs_exceed_remaining, "inputs[7].quantity_kg"},
      {QcStatus::PENDING, 1, 0, BusinessRule::inputs_exceed_remaining, "inputs[7].quantity_kg"},
  };
  for (const auto& [status, wanted, left, broken, field] : cases) {
    const auto found = violation(LotInput{"a", {wanted}}, 7, status, {left});
    REQUIRE(found.has_value() == broken.has_value());
    if (!found) continue;
    CHECK(found->rule == *broken);
    CHECK(found->field == field);
  }
}

TEST_CASE("a violated rule says how much was wanted and how much is left") {
  const auto found = violation(LotInput{"a", {10'500'000}}, 0, QcStatus::PASS, {1});
  REQUIRE(found);
  CHECK(found->message == "10.5 kg of lot a asked for, 0.000001 kg left");
}
