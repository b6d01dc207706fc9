// SPDX-License-Identifier: MIT
// Does a scrape hold writers up? One thread writes, another makes one page after the other. Blocked is the time in which the
// writer neither ran nor waited for a core: it slept, for a lock.

#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "pages.hpp"
#include "sampling.hpp"

namespace bench {

namespace {

constexpr std::size_t there = 50'000;         // series before anybody writes
constexpr std::size_t at_most_new = 100'000;  // a round adds no more than these
constexpr std::int64_t length_ns = 250'000'000;

enum class Scraping { no, in_a_loop };

struct Ours : OurPage {
  flowviz::Counter<flowviz::Text> counter{registry, "items_total", "Items.",
                                          flowviz::MaxSeries{there + at_most_new + 1},
                                          flowviz::OpenLabel{"item", there + at_most_new}};
  flowviz::CounterSeries kept;
  Ours() {
    for (std::size_t i = 0; i < there; ++i) look_up(item(i));
    kept = counter.with(item(0));
  }
  void increment() const { kept.inc(); }
  void look_up(const std::string& text) const { counter.with(text).inc(); }
};

struct Theirs : TheirCounters {
  prometheus::Counter& kept = family.Add({{"item", item(0)}});
  Theirs() : TheirCounters(there) {}
  void increment() const { kept.Increment(); }
  void look_up(const std::string& text) const { family.Add({{"item", text}}).Increment(); }
};

struct Increment {
  static constexpr auto name = "increments";
  static constexpr std::size_t between = 256;  // writes that are not timed, for one that is
  template <class Subject>
  static void write(const Subject& subject, const std::vector<std::string>&, std::size_t) {
    subject.increment();
  }
};
struct LookUp {
  static constexpr auto name = "look-ups";
  static constexpr std::size_t between = 32;
  template <class Subject>
  static void write(const Subject& subject, const std::vector<std::string>& texts, std::size_t i) {
    subject.look_up(texts[i % 1024]);
  }
};
struct NewSeries {
  static constexpr auto name = "new series";
  static constexpr std::size_t between = 0;
  template <class Subject>
  static void write(const Subject& subject, const std::vector<std::string>& texts, std::size_t i) {
    subject.look_up(texts[there + i]);
  }
};

const std::vector<std::string>& texts() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> made;
    for (std::size_t i = 0; i < there + at_most_new; ++i) made.push_back(item(i));
    return made;
  }();
  return all;
}

// How a thread has spent its time so far, as the kernel knows it.
struct Spent {
  std::int64_t ran_ns = thread_cpu_ns();
  double waited_ns = 0;  // for a core
  long sleeps = 0;       // how often it gave its core up of itself
  Spent() {
    std::FILE* file = std::fopen("/proc/thread-self/schedstat", "r");
    if (file == nullptr || std::fscanf(file, "%*f %lf", &waited_ns) != 1) {
      std::fputs("this kernel has no /proc/thread-self/schedstat, without which no blocked time can be told\n", stderr);
      std::exit(1);
    }
    std::fclose(file);
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    sleeps = usage.ru_nvcsw;
  }
};

// Calls `writes(subject, until)` while another thread scrapes, or not. With a registry of its own, for it grows.
template <class Subject, class Writes>
void beside(Scraping scraping, Writes writes) {
  auto subject = std::make_unique<Subject>();
  std::atomic<bool> done{false};
  std::atomic<int> pages{0};
  std::thread scraper([&] {
    while (scraping == Scraping::in_a_loop && !done) {
      subject->scrape();
      ++pages;
    }
  });
  while (scraping == Scraping::in_a_loop && pages == 0) std::this_thread::yield();
  writes(*subject);
  done = true;
  scraper.join();
}

// Writes for a quarter of a second: `timed(write)` with one write, or the next new series, then some on their own.
template <class Kind, class Subject, class Timed>
void write_for_a_while(const Subject& subject, Timed timed) {
  const std::int64_t end = now_ns() + length_ns;
  for (std::size_t i = 0; now_ns() < end && (Kind::between > 0 || i < at_most_new); ++i) {
    timed([&] { Kind::write(subject, texts(), i); });
    for (std::size_t k = 0; k < Kind::between; ++k) Kind::write(subject, texts(), i + k);
  }
}

template <class Subject, class Kind>
Round share() {
  return [](std::vector<double>& samples) {
    beside<Subject>(Scraping::in_a_loop, [&](const Subject& subject) {
      const std::int64_t start = now_ns();
      const Spent before;
      write_for_a_while<Kind>(subject, [](auto write) { write(); });
      const Spent after;
      const auto took = static_cast<double>(now_ns() - start);
      const double busy = static_cast<double>(after.ran_ns - before.ran_ns) + after.waited_ns - before.waited_ns;
      // Who never slept was not blocked: what is missing then was taken by interrupts, or by a hypervisor.
      samples.push_back(after.sleeps > before.sleeps && busy < took ? (1 - busy / took) * 100 : 0);
    });
  };
}

template <class Subject, class Kind>
Round writes(Scraping scraping) {
  return [scraping](std::vector<double>& samples) {
    beside<Subject>(scraping, [&](const Subject& subject) {
      write_for_a_while<Kind>(subject, [&](auto write) { time_each(samples, 1, [&](std::size_t) { write(); }); });
    });
  };
}

constexpr auto ours = "flowviz_metrics, ";
constexpr auto theirs = "prometheus-cpp, ";

template <class Kind>
void ask_share(Question& question) {
  texts();
  question.contestants.push_back({std::string(ours) + Kind::name, share<Ours, Kind>()});
  question.contestants.push_back({std::string(theirs) + Kind::name, share<Theirs, Kind>()});
  // None at all is what is promised; once a thread has slept at all, the kernel's clocks do not agree to the last digit.
  question.claims.push_back(Claim::at_most(6, std::string(ours) + Kind::name, 0.1));
}

template <class Kind>
void ask_writes(Question& question) {
  const auto add = [&](const char* who, const char* how, Round round) {
    question.contestants.push_back({std::string(who) + Kind::name + how, std::move(round)});
  };
  add(ours, ", no scrape", writes<Ours, Kind>(Scraping::no));
  add(ours, ", scraped in a loop", writes<Ours, Kind>(Scraping::in_a_loop));
  add(theirs, ", no scrape", writes<Theirs, Kind>(Scraping::no));
  add(theirs, ", scraped in a loop", writes<Theirs, Kind>(Scraping::in_a_loop));
}

}  // namespace

Question blocked_share() {
  Question question{"time that a writer is blocked while another thread scrapes in a loop", "%", {}, {}};
  ask_share<Increment>(question);
  ask_share<LookUp>(question);
  ask_share<NewSeries>(question);
  question.rounds_at_most = 5;
  return question;
}

Question blocked_writes() {
  Question question{"single writes, and the same while another thread scrapes in a loop", "ns", {}, {}};
  ask_writes<Increment>(question);
  ask_writes<LookUp>(question);
  ask_writes<NewSeries>(question);
  question.rounds_at_most = 3;
  question.tails = true;
  return question;
}

}  // namespace bench
