// SPDX-License-Identifier: MIT
/// \file
/// Series that end, on the simulated machine: whatever look-ups, handles, scrapes and rounds do at the same time, no
/// increment is lost or counted under another text, and nothing is used after it was freed.

#include "scenarios.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <flowviz_metrics/cells/expiring_series.hpp>

#include "sim_platform.hpp"

namespace {

using checker::check;
using checker::HeavyFence;
using checker::Machine;
using checker::narrow_bounds;
using checker::SimPlatform;
using flowviz::cells::Chunk;
using flowviz::cells::ExpiringSeries;
using flowviz::cells::ExpiringTexts;
using flowviz::cells::Place;
using flowviz::cells::Readers;
using flowviz::cells::Slots;

/// A counter with one label that expires, and one that does not and has `kinds` values.
template <class P>
struct Metric {
  using Section = typename Readers<P>::Section;

  Metric(Machine& m, std::uint32_t cap, std::uint32_t kinds = 1)
      : machine(m),
        texts(cap),
        kind_count(kinds),
        series(slots, {(cap + 1) * kinds, 1 + ExpiringSeries<P>::handle_cells}) {
    machine.name(slots, "slots");
    machine.name(readers, "readers");
    machine.name(texts, "texts");
    machine.name(series, "series");
    machine.on_thread_exit([this] { slots.leave(P::this_thread()); });
    if (P::own_columns == 1) slots.settle(P::this_thread());  // the only one goes to the set-up
    machine.require(texts.ready() && series.ready() && series.add_refuge("other"), "memory is there");
  }

  /// A handle onto the series of a text.
  class Handle {
   public:
    Handle(Metric& metric, Place<P> place) : metric_(&metric), place_(place) {}
    Handle(const Handle& other) noexcept : metric_(other.metric_), place_(other.place_) { arrive(); }
    Handle& operator=(const Handle&) = delete;
    ~Handle() { ExpiringSeries<P>::depart(*place_.chunk, metric_->series.handles_of(place_)); }

    void arrive() const { ExpiringSeries<P>::arrive(*place_.chunk, metric_->series.handles_of(place_)); }
    void count(std::uint64_t n) const { place_.chunk->add(place_.at, n); }

   private:
    Metric* metric_;
    Place<P> place_;
  };

  Handle with(std::string_view text, std::uint32_t kind = 0) {
    const Section section(readers);
    auto value = texts.find(text);
    if (value.number == 0) value = texts.find_or_add(text);
    machine.require(value.number == 0 || value.text == text, "a number stands for the text that it was given for");
    const std::uint32_t combination = value.number * kind_count + kind;
    const std::string labels = (value.number == 0 ? "other" : std::string(text)) + std::string(kind, '\'');
    Place<P> place = series.find(combination);
    if (place.chunk == nullptr) place = series.find_or_add(combination, labels);
    Handle handle(*this, place);
    handle.arrive();
    return handle;
  }

  /// The page: counts by text.
  std::map<std::string, std::uint64_t> page() {
    const Section section(readers);
    std::map<std::string, std::uint64_t> counts;
    series.each_segment(labels(), [&](Chunk<P>& chunk, std::uint32_t at, const auto* link, std::uint32_t) {
      const auto* one = link->load(std::memory_order_relaxed);
      std::uint64_t total = 0;
      chunk.read_counts(at, {&total, 1});
      machine.require(counts.emplace(one->labels(), total).second, "no text is there twice");
    });
    return counts;
  }

  /// What a scrape does first, at a time of its own.
  void round(std::int64_t now) {
    series.round(readers, now, labels(), [](const auto&) {});
  }

  /// The scrapes at these times, one after the other: the largest count of a text that one of them has shown.
  std::uint64_t most_shown(const std::string& text, std::initializer_list<std::int64_t> times) {
    std::uint64_t most = 0;
    for (const std::int64_t now : times) {
      round(now);
      most = std::max(most, page()[text]);
    }
    return most;
  }

  std::array<typename ExpiringSeries<P>::Label, 1> labels() { return {{{&texts, kind_count, lifetime}}}; }

  static constexpr std::int64_t lifetime = 10;

  Machine& machine;
  Slots<P> slots;
  Readers<P> readers{slots};
  ExpiringTexts<P> texts;
  std::uint32_t kind_count;
  ExpiringSeries<P> series;
};

/// Everything with a fence for all threads and without, on columns of both kinds and on a shared one alone.
using Fenced = SimPlatform<2, 1>;
using Unfenced = SimPlatform<2, 1, HeavyFence::missing>;
using Crowded = SimPlatform<1, 1>;

// "a" was counted once, by a thread whose column others take over, is on a page, and is due to end.
template <class P>
void let_grow_old(Metric<P>& metric) {
  metric.machine.thread("first", [&] { metric.with("a").count(1); });
  metric.machine.run();
  metric.round(0);
}

template <class P>
void use_against_end(Machine& machine) {
  Metric<P> metric(machine, 1);
  let_grow_old(metric);
  machine.thread("user", [&] { metric.with("a").count(1); });
  machine.thread("ender", [&] { metric.round(100); });
  machine.run();
  auto page = metric.page();
  const std::uint64_t left = page["a"] + page["other"];
  machine.require(left == 2 || left == 1,
                  "what is counted while the text ends is counted once, whether it lives on or not");
}

template <class P>
void two_sections(Machine& machine) {
  Metric<P> metric(machine, 1);
  let_grow_old(metric);
  machine.thread("user", [&] { metric.with("a").count(1); });
  machine.thread("other", [&] { const typename Metric<P>::Section section(metric.readers); });
  machine.thread("ender", [&] { metric.round(100); });
  machine.run();
  auto page = metric.page();
  machine.require(page["a"] + page["other"] >= 1, "nothing is lost");
}

template <class P>
void place_for_another(Machine& machine) {
  Metric<P> metric(machine, 1);
  let_grow_old(metric);
  machine.thread("old", [&] { metric.with("a").count(1); });
  machine.thread("new", [&] { metric.with("b").count(100); });
  machine.thread("ender", [&] { metric.round(100); });
  machine.run();
  auto page = metric.page();
  machine.require(page["a"] < 100 && page["b"] % 100 == 0, "nothing is counted under another text");
  const std::uint64_t sum = page["a"] + page["b"] + page["other"];
  machine.require(sum == 102 || sum == 101, "and nothing is lost");
}

template <class P>
void kept_handle(Machine& machine) {
  Metric<P> metric(machine, 1);
  auto kept = metric.with("a");
  metric.round(0);
  machine.thread("keeper", [&] {
    kept.count(1);
    kept.count(1);
  });
  machine.thread("ender", [&] {
    metric.round(100);
    metric.round(200);
  });
  machine.thread("new", [&] { metric.with("b").count(100); });
  machine.run();
  const auto page = metric.page();
  machine.require(page == std::map<std::string, std::uint64_t>{{"a", 2}, {"other", 100}}, "what is kept does not end");
}

// A handle is copied by one thread and destroyed by another one, which makes sure that the copy was made.
template <class P>
void passed_on(Machine& machine) {
  Metric<P> metric(machine, 1);
  std::optional first(metric.with("a"));
  metric.round(0);
  typename P::template atomic<int> copied{0};
  machine.thread("taker", [&] {
    const auto copy = *first;
    copied.store(1, std::memory_order_release);
    copy.count(1);
  });
  machine.thread("giver", [&] {
    if (copied.load(std::memory_order_acquire) == 1) first.reset();
  });
  std::uint64_t shown = 0;
  machine.thread("ender", [&] { shown = metric.most_shown("a", {100, 200}); });
  machine.run();
  machine.require(std::max(shown, metric.page()["a"]) == 1, "as long as one of the copies is there the series is");
}

template <class P>
void another_series(Machine& machine) {
  Metric<P> metric(machine, 1, 2);
  let_grow_old(metric);
  machine.thread("user", [&] { metric.with("a", 1).count(1); });
  machine.thread("ender", [&] { metric.round(100); });
  machine.run();
  auto page = metric.page();
  machine.require(page["a'"] + page["other'"] + page["other"] == 1,
                  "what is counted under a text that ends is counted");
}

// A handle that a page has seen counts, and goes.
template <class P>
void let_count_and_go(Metric<P>& metric, std::optional<typename Metric<P>::Handle>& kept) {
  metric.round(0);
  metric.machine.thread("keeper", [&kept] {
    kept->count(1);
    kept.reset();
  });
}

// It is there when the next page is made.
template <class P>
void gone_handle(Machine& machine) {
  Metric<P> metric(machine, 1);
  std::optional kept(metric.with("a"));
  let_count_and_go(metric, kept);
  machine.thread("ender", [&] { metric.round(100); });
  machine.run();
  machine.require(metric.page()["a"] == 1, "no page has shown what the handle has counted, so it does not end");
}

// Rounds go on: what it has counted is on a page before the series ends.
template <class P>
void gone_for_good(Machine& machine) {
  Metric<P> metric(machine, 1);
  std::optional kept(metric.with("a"));
  let_count_and_go(metric, kept);
  std::uint64_t shown = 0;
  machine.thread("ender", [&] { shown = metric.most_shown("a", {100, 200}); });
  machine.run();
  machine.require(std::max(shown, metric.page()["a"]) == 1, "a page has shown what the handle had counted");
}

// A text in the bucket of "a", of so many.
std::string neighbour(std::uint64_t buckets) {
  const auto bucket = [&](const std::string& text) {
    return flowviz::cells::hash_text(text.data(), text.size()) & (buckets - 1);
  };
  std::string text = "b";
  while (bucket(text) != bucket("a")) ++text[0];
  return text;
}

// A page is made while a text ends, before which another one stands in its bucket, and comes again under another number.
template <class P>
void scrape_against_return(Machine& machine) {
  Metric<P> metric(machine, 3);
  machine.thread("first", [&] { metric.with("a").count(1); });
  machine.run();
  const auto kept = metric.with(neighbour(4));
  metric.round(0);
  machine.thread("scraper", [&] { metric.page(); });  // which requires that it shows a text once
  machine.thread("ender", [&] { metric.round(100); });
  machine.thread("user", [&] { metric.with("a").count(1); });
  machine.run();
}

// A page is made while cells change their owner.
template <class P>
void scrape_against_end(Machine& machine) {
  Metric<P> metric(machine, 1);
  let_grow_old(metric);
  machine.thread("scraper", [&] {
    auto page = metric.page();
    machine.require(page["a"] <= 1 && page["b"] % 100 == 0, "no text is shown with the count of another");
  });
  machine.thread("ender", [&] {
    metric.round(100);
    metric.with("b").count(100);
  });
  machine.run();
}

// Two rounds at once, of which one does nothing; and one that finishes what another could not.
template <class P>
void two_rounds(Machine& machine) {
  Metric<P> metric(machine, 1);
  let_grow_old(metric);
  machine.thread("A", [&] { metric.round(100); });
  machine.thread("B", [&] { metric.round(100); });
  machine.thread("user", [&] { metric.with("a").count(1); });
  machine.run();
  metric.round(101);
  auto page = metric.page();
  const std::uint64_t left = page["a"] + page["other"];
  machine.require(left == 2 || left == 1, "nothing is lost");
}

// Threads that let the same text in, while the one before it goes.
template <class P>
void same_text(Machine& machine) {
  Metric<P> metric(machine, 2);
  let_grow_old(metric);
  const std::string text = neighbour(2);
  for (const char* name : {"A", "B"}) machine.thread(name, [&] { metric.with(text).count(1); });
  machine.thread("ender", [&] { metric.round(100); });
  machine.run();
  auto page = metric.page();
  machine.require(page[text] + page["other"] == 2, "each is counted");
  machine.require(page["a"] <= 1, "and not under another text");
}

// Texts that come in at once, with other amounts each.
template <class P>
void two_texts(Machine& machine) {
  Metric<P> metric(machine, 2);
  machine.thread("A", [&] { metric.with("b").count(1); });
  machine.thread("B", [&] { metric.with("c").count(10); });
  machine.run();
  auto page = metric.page();
  machine.require((page["b"] == 1 || page["b"] == 0) && (page["c"] == 10 || page["c"] == 0),
                  "each in cells of its own");
  machine.require(page["b"] + page["c"] + page["other"] == 11, "and all of it");
}

// Whoever stops while it looks something up keeps others from ending things, and from nothing else.
template <class P>
void stopped_reader(Machine& machine) {
  Metric<P> metric(machine, 2);
  let_grow_old(metric);
  machine.thread("mortal", [&] { metric.with("b").count(1); }).may_stop();
  machine.thread("other", [&] {
    metric.round(100);
    metric.with("b").count(1);
    metric.with("a").count(1);
  });
  machine.run();
  metric.round(1000);
  auto page = metric.page();
  machine.require(page["a"] + page["b"] + page["other"] >= 2, "what the other thread counted is there");
}

// What readers rely on is forbidden to the process after they began to.
void without_fence(Machine& machine) {
  Metric<SimPlatform<2, 1, HeavyFence::failing>> metric(machine, 1);
  let_grow_old(metric);
  machine.thread("user", [&] { metric.with("a").count(1); });
  machine.thread("ender", [&] {
    for (const std::int64_t now : {100, 200, 300}) metric.round(now);
  });
  machine.run();
  machine.require(metric.page()["a"] == 2, "nothing ends");
}

template <class P>
void without_memory(Machine& machine) {
  Metric<P> metric(machine, 2);
  let_grow_old(metric);
  machine.explore_allocation_failures(2);
  machine.thread("A", [&] { metric.with("b").count(1); });
  machine.thread("ender", [&] { metric.round(100); });
  machine.run();
  machine.explore_allocation_failures(0);
  auto page = metric.page();
  machine.require(page["b"] + page["other"] == 1, "what finds no memory is counted under the refuge");
}

}  // namespace

namespace checker {
std::vector<Scenario> expiry_scenarios() {
  return {
      use_against_end<Fenced>, use_against_end<Unfenced>,  use_against_end<Crowded>,     place_for_another<Fenced>,
      kept_handle<Fenced>,     passed_on<Fenced>,          passed_on<Crowded>,           another_series<Fenced>,
      two_rounds<Fenced>,      scrape_against_end<Fenced>, scrape_against_end<Unfenced>, same_text<Fenced>,
      stopped_reader<Fenced>,  gone_for_good<Fenced>,      gone_for_good<Crowded>,       scrape_against_return<Fenced>};
}
}  // namespace checker

namespace {

void check_each(std::initializer_list<checker::Scenario> machines, unsigned usual_preemptions) {
  checker::Options bounds = narrow_bounds();
  bounds.preemptions = checker::preemptions(usual_preemptions);
  for (const checker::Scenario& scenario : machines) check(scenario, bounds);
}

}  // namespace

#define ON_EACH_MACHINE(scenario) {scenario<Fenced>, scenario<Unfenced>, scenario<Crowded>}

TEST_CASE("a text that is looked up while it ends lives on or comes again, and no count is lost") {
  check_each(ON_EACH_MACHINE(use_against_end), 2);
}
TEST_CASE("sections on one column all count") { check_each(ON_EACH_MACHINE(two_sections), 2); }
TEST_CASE("a number that changes its text takes no count with it") {
  check_each(ON_EACH_MACHINE(place_for_another), 1);
}
TEST_CASE("a series whose handle somebody keeps does not end") { check_each(ON_EACH_MACHINE(kept_handle), 1); }
TEST_CASE("a handle that was copied keeps its series when the first one goes") {
  check_each(ON_EACH_MACHINE(passed_on), 2);
}
TEST_CASE("what a handle has counted since the last page does not end when the handle goes") {
  check_each(ON_EACH_MACHINE(gone_handle), 2);
}
TEST_CASE("what a handle has counted is on a page before its series ends") {
  check_each(ON_EACH_MACHINE(gone_for_good), 2);
}
TEST_CASE("a page shows a text once, also one that ends and comes again meanwhile") {
  checker::Options bounds = narrow_bounds();
  bounds.preemptions = 2;  // in full, too: one more would be hours
  bounds.stale_reads = 1;
  for (const auto scenario : ON_EACH_MACHINE(scrape_against_return)) check(scenario, bounds);
}
TEST_CASE("a text that gets another series while it ends loses no count") {
  check_each(ON_EACH_MACHINE(another_series), 2);
}
TEST_CASE("a page never shows one text with the count of another") {
  check_each(ON_EACH_MACHINE(scrape_against_end), 2);
}
TEST_CASE("rounds at the same time end each text once") { check_each(ON_EACH_MACHINE(two_rounds), 1); }
TEST_CASE("threads that let a text in while another one ends count under that text") {
  check_each(ON_EACH_MACHINE(same_text), 1);
}
TEST_CASE("texts that expire and come in at the same time get cells of their own") {
  check_each(ON_EACH_MACHINE(two_texts), 2);
}
TEST_CASE("a thread that stops in a look-up of a text that expires hangs nobody") {
  check_each(ON_EACH_MACHINE(stopped_reader), 1);
}
TEST_CASE("nothing ends without the fence that grace periods need") { check(without_fence, narrow_bounds()); }
TEST_CASE("a text that expires and finds no memory is counted under the refuge") {
  check_each(ON_EACH_MACHINE(without_memory), 2);
}
