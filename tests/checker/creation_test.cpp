// SPDX-License-Identifier: MIT
/// \file
/// Creation on the simulated machine: label values, series, chains and pools that several threads extend at the same time,
/// also when one of them stops in the middle or memory is lacking.

#include "scenarios.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <flowviz_metrics/cells/arena.hpp>
#include <flowviz_metrics/cells/chain.hpp>
#include <flowviz_metrics/cells/chunk.hpp>
#include <flowviz_metrics/cells/pool.hpp>
#include <flowviz_metrics/cells/series_table.hpp>
#include <flowviz_metrics/cells/text_set.hpp>

#include "sim_platform.hpp"

namespace {

using checker::check;
using checker::Machine;
using checker::narrow_bounds;
using flowviz::cells::Arena;
using flowviz::cells::Chain;
using flowviz::cells::Chunk;
using flowviz::cells::Place;
using flowviz::cells::Pool;
using flowviz::cells::SeriesTable;
using flowviz::cells::Slots;
using flowviz::cells::TextSet;

constexpr std::uint64_t one = 1;

// ------------------------------------------------------------------------------------------------------ memory

struct Piece {
  explicit Piece(std::size_t i) { of.set(i); }
  checker::Plain<std::size_t> of;
};

// Pieces that are kept to the end, each by another one.
template <class Memory>
struct Kept {
  void take(std::size_t i) {
    void* memory = from.take(sizeof(Piece));
    machine.require(memory != nullptr, "there is memory");
    pieces[i] = new (memory) Piece(i);
  }
  void require_apart() {
    for (std::size_t i = 0; i < pieces.size(); ++i) machine.require(pieces[i]->of.get() == i, "a piece belongs to one");
    for (Piece* piece : pieces) piece->~Piece();
  }
  Machine& machine;
  Memory& from;
  std::array<Piece*, 3> pieces{};
};

template <std::size_t room>
void take_pieces(Machine& machine) {
  Arena<checker::SimPlatform<1, 1>> arena;
  if (room != 0) arena.expect(room * sizeof(Piece));
  machine.name(arena, "arena");
  Kept<decltype(arena)> kept{machine, arena};
  for (std::size_t i = 0; i < 3; ++i) {
    machine.thread(std::string(1, static_cast<char>('A' + i)), [&, i] { kept.take(i); });
  }
  machine.run();
  kept.require_apart();
}

TEST_CASE("threads that take pieces of memory at the same time get one each") {
  check(take_pieces<0>, narrow_bounds());
  check(take_pieces<2>, narrow_bounds());
}

// ------------------------------------------------------------------------------------------------- label values

using P1 = checker::SimPlatform<1, 1>;

// What must be so of a set that has been given these texts, whoever has stopped.
void require_consistent(Machine& machine, TextSet<P1>& texts, std::initializer_list<std::string_view> given) {
  std::map<std::uint32_t, std::string_view> by_number;
  for (const std::string_view text : given) {
    const auto first = texts.find_or_add(text);
    machine.require(first.number <= texts.cap(), "no number is beyond the cap");
    machine.require(texts.find_or_add(text).number == first.number, "a text keeps its number");
    if (first.number == 0) continue;
    machine.require(first.text == text, "a number stands for the text it was given for");
    machine.require(by_number.emplace(first.number, text).second, "no two texts have one number");
    machine.require(texts.find(text).number == first.number, "a text that was added is found");
  }
  machine.require(by_number.size() == texts.size(), "no text is there twice");
  machine.require(texts.size() <= texts.cap(), "the cap holds");
}

void same_text(Machine& machine) {
  TextSet<P1> texts(2);
  machine.name(texts, "texts");
  std::array<std::uint32_t, 3> numbers{};
  for (std::size_t i = 0; i < 3; ++i) {
    machine.thread(std::string(1, static_cast<char>('A' + i)), [&, i] { numbers[i] = texts.find_or_add("x").number; });
  }
  machine.run();
  machine.require(numbers[0] == 1 && numbers[1] == 1 && numbers[2] == 1, "all get the one number");
  require_consistent(machine, texts, {"x"});
}

TEST_CASE("threads that add one text at the same time get one number") { check(same_text); }

void text_cap(Machine& machine) {
  TextSet<P1> texts(1);
  machine.name(texts, "texts");
  std::array<std::uint32_t, 3> numbers{};
  for (std::size_t i = 0; i < 3; ++i) {
    machine.thread(std::string(1, static_cast<char>('A' + i)), [&, i] {
      const std::string_view text = std::string_view("abc").substr(i, 1);
      const auto added = texts.find_or_add(text);
      numbers[i] = added.number;
      machine.require(added.number == 0 || added.text == text, "a number stands for the text it was given for");
    });
  }
  machine.run();
  machine.require(numbers[0] + numbers[1] + numbers[2] == 1, "exactly one text finds room");
  require_consistent(machine, texts, {"a", "b", "c"});
}

TEST_CASE("texts that compete for the last place fill the cap exactly") { check(text_cap); }

// Texts that begin their search at the same place of the table, so that entries stand behind each other.
std::array<std::string_view, 2> colliding_texts() {
  static const std::string letters = "abcdefghijklmnopqrstuvwxyz";
  const auto home = [](std::size_t i) { return flowviz::cells::hash_text(letters.data() + i, 1) & 3; };
  std::size_t other = 1;
  while (home(other) != home(0)) ++other;
  return {std::string_view(letters.data(), 1), std::string_view(letters.data() + other, 1)};
}

void stopped_adder(Machine& machine) {
  const auto [x, y] = colliding_texts();
  TextSet<P1> texts(2);
  machine.name(texts, "texts");
  machine.thread("mortal", [&, x = x] { texts.find_or_add(x); }).may_stop();
  machine.thread("A", [&, x = x, y = y] {
    const std::uint32_t first = texts.find_or_add(y).number;
    machine.require(first != 0, "there is room for both");
    const std::uint32_t second = texts.find_or_add(x).number;
    machine.require(second != 0 && second != first, "a second text gets a second number");
    machine.require(texts.find_or_add(y).number == first, "a text keeps its number");
  });
  machine.run();
  require_consistent(machine, texts, {x, y});
}

TEST_CASE("a thread that stops while it adds a text leaves nothing half done and hangs nobody") {
  check(stopped_adder);
}

void text_reader(Machine& machine) {
  const auto [x, y] = colliding_texts();
  TextSet<P1> texts(2);
  machine.name(texts, "texts");
  machine.thread("A", [&, x = x, y = y] {
    texts.find_or_add(x);
    texts.find_or_add(y);
  });
  machine.thread("reader", [&, x = x, y = y] {
    const auto second = texts.find(y);
    const auto first = texts.find(x);
    machine.require(first.number == 0 || first.text == x, "a text that is found is whole");
    machine.require(second.number == 0 || second.text == y, "a text that is found is whole");
    machine.require(second.number == 0 || first.number == 1, "texts are found in their order");
    machine.require(texts.size() >= second.number, "what is found is counted");
  });
  machine.run();
  require_consistent(machine, texts, {x, y});
}

TEST_CASE("a look-up during an addition finds the whole text or nothing") { check(text_reader); }

void no_memory_for_text(Machine& machine) {
  TextSet<P1> texts(2);
  machine.explore_allocation_failures(2);
  for (const char* text : {"a", "b"}) machine.thread(text, [&, text] { texts.find_or_add(text); });
  machine.run();
  machine.explore_allocation_failures(0);
  require_consistent(machine, texts, {"a", "b"});
  machine.require(texts.size() == 2, "a text that found no memory is added later");
}

TEST_CASE("a text for which memory is lacking gets no number, takes no place, and can come later") {
  check(no_memory_for_text);
}

// ------------------------------------------------------------------------------------------------- series

/// A table of series with two cells each, in a chunk per series or together.
struct Series {
  using Table = SeriesTable<P1>;

  Series(Machine& m, std::uint32_t combinations, std::uint32_t cells_per_series)
      : machine(m), table(slots, {combinations, cells_per_series}) {
    machine.name(slots, "slots");
    machine.name(table, "table");
    machine.on_thread_exit([this] { slots.leave(P1::this_thread()); });
    machine.require(table.add_refuge("other"), "the table is born with its refuge");
  }

  static std::string labels(std::uint32_t combination) { return "c" + std::to_string(combination); }
  void count(std::uint32_t combination) {
    const std::string text = labels(combination);
    const Place<P1> place = table.find_or_add(combination, text);
    machine.require(place.chunk != nullptr, "there always is a place to count");
    place.chunk->add(place.at, one);
  }

  /// Walks through all series: their texts fit, none is there twice. Returns the counts by combination.
  std::map<std::uint32_t, std::uint64_t> walk() const {
    std::map<std::uint32_t, std::uint64_t> counts;
    table.each_segment([&](Chunk<P1>& chunk, std::uint32_t at, const Table::Link* series, std::uint32_t n) {
      for (std::uint32_t i = 0; i < n; ++i) {
        const Table::Series* one_of_them = series[i].load(std::memory_order_relaxed);
        const std::uint32_t combination = one_of_them->combination.get();
        machine.require(one_of_them->labels() == (combination == 0 ? "other" : labels(combination)),
                        "a series has its own label text");
        std::array<std::uint64_t, 1> total{};
        chunk.read_counts(at + i * table.layout().cells_per_series, total);
        machine.require(counts.emplace(combination, total[0]).second, "no series is there twice");
      }
    });
    return counts;
  }

  Machine& machine;
  Slots<P1> slots;
  Table table;
};

// As many cells as make one series fill a chunk, so that each series brings a segment of its own.
constexpr std::uint32_t whole_chunk = SeriesTable<P1>::cells_per_chunk;

template <std::uint32_t cells_per_series>
void create_same(Machine& machine) {
  Series series(machine, 3, cells_per_series);
  for (const char* name : {"A", "B"}) machine.thread(name, [&] { series.count(1); });
  machine.thread("scraper", [&] { static_cast<void>(series.walk()); });
  machine.run();
  machine.require(series.walk() == std::map<std::uint32_t, std::uint64_t>{{0, 0}, {1, 2}}, "one series, counted twice");
}

TEST_CASE("threads that create one series at the same time make one, and lose no count") {
  check(create_same<1>, narrow_bounds());
  check(create_same<whole_chunk>, narrow_bounds());
}

template <std::uint32_t cells_per_series>
void create_two(Machine& machine) {
  Series series(machine, 3, cells_per_series);
  machine.thread("A", [&] {
    series.count(1);
    series.count(2);
  });
  machine.thread("B", [&] {
    series.count(2);
    series.count(1);
  });
  machine.run();
  machine.require(series.walk() == std::map<std::uint32_t, std::uint64_t>{{0, 0}, {1, 2}, {2, 2}},
                  "two series, each counted twice");
}

TEST_CASE("threads that create several series in different order make each of them once") {
  check(create_two<1>, narrow_bounds());
  check(create_two<whole_chunk>, narrow_bounds());
}

template <std::uint32_t cells_per_series>
void create_and_stop(Machine& machine) {
  Series series(machine, 3, cells_per_series);
  const auto& mortal = machine.thread("mortal", [&] { series.count(1); }).may_stop();
  machine.thread("A", [&] {
    series.count(2);
    series.count(1);
    series.count(2);
  });
  machine.run();
  auto counts = series.walk();
  machine.require(counts[2] == 2, "the other thread loses no count");
  machine.require(counts[1] == 2 || (mortal.stopped() && counts[1] == 1), "nor where both counted");
  machine.require(counts.size() == 3, "and each series is there");
  for (const std::uint32_t combination : {1U, 2U}) {
    machine.require(series.table.find(combination).chunk != nullptr, "a series that is walked over is found as well");
  }
}

TEST_CASE("a thread that stops while it creates a series leaves nothing half made and hangs nobody") {
  check(create_and_stop<1>, narrow_bounds());
  check(create_and_stop<whole_chunk>, narrow_bounds());
}

template <std::uint32_t cells_per_series>
void create_without_memory(Machine& machine) {
  Series series(machine, 3, cells_per_series);
  machine.explore_allocation_failures(2);
  machine.thread("A", [&] { series.count(1); });
  machine.thread("B", [&] { series.count(1); });
  machine.run();
  machine.explore_allocation_failures(0);
  auto counts = series.walk();
  machine.require(counts[0] + counts[1] == 2, "what finds no series is counted under the refuge");
  const bool shown = counts[0] > 0;
  series.table.each_segment([&](Chunk<P1>&, std::uint32_t, const Series::Table::Link* links, std::uint32_t n) {
    for (std::uint32_t i = 0; i < n; ++i) {
      const auto* each = links[i].load(std::memory_order_relaxed);
      if (each->combination.get() == 0 && shown) {
        machine.require(each->shown.load(std::memory_order_relaxed) == Series::Table::Shown::always,
                        "a refuge that was counted in is shown");
      }
    }
  });
  series.count(1);
  machine.require(series.walk()[1] == counts[1] + 1, "a series that found no memory is created later");
}

TEST_CASE("a series for which memory is lacking is counted under the refuge, without loss") {
  check(create_without_memory<1>, narrow_bounds());
  check(create_without_memory<whole_chunk>, narrow_bounds());
}

// ------------------------------------------------------------------------------------------------- chains and pools

struct Link {
  explicit Link(int k) { key.set(k); }
  P1::atomic<Link*> next{nullptr};
  P1::plain<int> key;
};

void chain_of_nodes(Machine& machine) {
  Chain<P1, Link> chain;
  machine.name(chain, "chain");
  const auto append = [&](int key) {
    auto* node = new (P1::allocate(sizeof(Link), alignof(Link))) Link(key);
    Link* there = chain.append_unless_there(node, [&](Link& l) { return l.key.get() == key; });
    machine.require(there->key.get() == key, "what is returned is the same");
    if (there != node) {
      node->~Link();
      P1::deallocate(node, sizeof(Link), alignof(Link));
    }
  };
  machine.thread("A", [&] { append(1); });
  machine.thread("B", [&] { append(1); });
  machine.thread("C", [&] { append(2); });
  machine.thread("reader", [&] {
    int seen = 0;
    chain.each([&](Link& node) { seen += node.key.get(); });
    machine.require(seen <= 3, "no node is there twice");
  });
  machine.run();
  int sum = 0;
  chain.each([&](Link& node) {
    sum += node.key.get();
    node.~Link();
    P1::deallocate(&node, sizeof(Link), alignof(Link));
  });
  machine.require(sum == 3, "each key is there once");
}

TEST_CASE("a chain takes each key once, and a reader sees whole nodes") { check(chain_of_nodes); }

enum class Supply { plenty, scarce };

template <Supply supply>
void shared_chunks(Machine& machine) {
  Slots<P1> slots;
  Pool<P1> pool;
  machine.name(slots, "slots");
  machine.name(pool, "pool");
  machine.on_thread_exit([&] { slots.leave(P1::this_thread()); });
  machine.explore_allocation_failures(supply == Supply::scarce ? 1 : 0);
  // More than half of a chunk each, so that no two share one; and two small ones that do.
  const std::array<std::uint32_t, 3> wanted{Pool<P1>::cells_per_chunk / 2 + 1, Pool<P1>::cells_per_chunk / 2 + 1, 2};
  std::array<Place<P1>, 3> places{};
  for (std::size_t i = 0; i < 3; ++i) {
    machine.thread(std::string(1, static_cast<char>('A' + i)), [&, i] {
      places[i] = pool.take(slots, wanted[i]);
      if (supply == Supply::scarce && places[i].chunk == nullptr) return;
      machine.require(places[i].chunk != nullptr, "only lack of memory leaves somebody without a row");
      machine.require(places[i].at + wanted[i] <= Pool<P1>::cells_per_chunk, "a row lies within its chunk");
      places[i].chunk->add(places[i].at, one);
    });
  }
  machine.run();
  for (std::size_t i = 0; i < 3; ++i) {
    if (places[i].chunk == nullptr) continue;
    std::array<std::uint64_t, 1> total{};
    places[i].chunk->read_counts(places[i].at, total);
    machine.require(total[0] == 1, "each has cells of its own");
    for (std::size_t j = 0; j < i; ++j) {
      const bool apart = places[i].chunk != places[j].chunk || places[i].at + wanted[i] <= places[j].at ||
                         places[j].at + wanted[j] <= places[i].at;
      machine.require(apart, "no two rows overlap");
    }
  }
}

TEST_CASE("rows taken from a pool at the same time never overlap") {
  checker::Options bounds = narrow_bounds();
  bounds.stale_reads = 1;  // a pool makes large chunks, so an execution is slow
  check(shared_chunks<Supply::plenty>, bounds);
  check(shared_chunks<Supply::scarce>, bounds);
}

}  // namespace

namespace checker {
std::vector<Scenario> creation_scenarios() {
  return {same_text,
          text_cap,
          stopped_adder,
          text_reader,
          no_memory_for_text,
          create_same<1>,
          create_same<whole_chunk>,
          create_two<1>,
          create_two<whole_chunk>,
          create_and_stop<1>,
          create_and_stop<whole_chunk>,
          create_without_memory<1>,
          create_without_memory<whole_chunk>,
          chain_of_nodes,
          shared_chunks<Supply::plenty>,
          shared_chunks<Supply::scarce>,
          take_pieces<0>,
          take_pieces<2>};
}
}  // namespace checker
