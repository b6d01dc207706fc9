// SPDX-License-Identifier: MIT
// Asks the questions and prints figures, whether each target holds and, with --json, the same as data.

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "bench.hpp"
#include "report.hpp"

namespace {

struct Named {
  std::string_view name;
  bench::Question (*make)();
};
constexpr Named questions[] = {
    {"increment", bench::increment},
    {"increment_on_two_threads", bench::increment_on_two_threads},
    {"increment_of_one_on_two_threads", bench::increment_of_one_on_two_threads},
    {"increment_against_threads", bench::increment_against_threads},
    {"shared_slot", bench::shared_slot},
    {"closed_label", bench::closed_label},
    {"open_labels", bench::open_labels},
    {"open_labels_on_two_threads", bench::open_labels_on_two_threads},
    {"open_labels_against_threads", bench::open_labels_against_threads},
    {"open_labels_allocations", bench::open_labels_allocations},
    {"first_touch", bench::first_touch},
    {"observation", bench::observation},
    {"observation_on_two_threads", bench::observation_on_two_threads},
    {"gauge", bench::gauge},
    {"up_down_counter", bench::up_down_counter},
    {"scrape_counters", bench::scrape_counters},
    {"scrape_histograms", bench::scrape_histograms},
    {"scrape_against_series", bench::scrape_against_series},
    {"scrape_against_threads", bench::scrape_against_threads},
    {"scrape_memory", bench::scrape_memory},
    {"blocked_share", bench::blocked_share},
    {"blocked_writes", bench::blocked_writes},
    {"series_memory", bench::series_memory},
    {"service_memory", bench::service_memory},
    {"service_scrape", bench::service_scrape},
    {"compile_time", bench::compile_time},
    {"shared_object", bench::shared_object},
    {"http_request", bench::http_request},
    {"http_allocations", bench::http_allocations},
};

struct Options {
  std::size_t rounds = 15;
  std::string only;
  const char* json = nullptr;
};

void print_help() {
  std::puts(
      "flowviz_metrics_bench [--rounds N] [--only WORD] [--json FILE] [--list]\n\n"
      "Compares the library with its limits (an own thread-local cell, fetch_add, a page that is only copied) and "
      "with\n"
      "prometheus-cpp, in alternating rounds of one process. Figures are medians with quartiles; what counts is the\n"
      "ratio of two of them. Says of each target in bench/RESULTS.md whether it holds.\n\n"
      "  --rounds N   rounds of a question (default 15); what takes long has fewer\n"
      "  --only WORD  only the questions whose name in --list holds WORD\n"
      "  --json FILE  writes the figures as JSON too\n"
      "  --list       the questions\n\n"
      "A target that falls short is a result, and no failure; so is one that could not be measured, as without a core\n"
      "for each of two threads.");
}

[[noreturn]] void misuse(const char* what, std::string_view which) {
  std::fprintf(stderr, "%s %.*s; see --help\n", what, static_cast<int>(which.size()), which.data());
  std::exit(2);
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    const auto value = [&]() -> const char* {
      if (i + 1 == argc) misuse("a value is missing after", flag);
      return argv[++i];
    };
    if (flag == "--help") {
      print_help();
      std::exit(0);
    } else if (flag == "--list") {
      for (const Named& question : questions) std::printf("%s\n", question.name.data());
      std::exit(0);
    } else if (flag == "--rounds") {
      const std::string_view text = value();
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), options.rounds);
      if (error != std::errc{} || end != text.data() + text.size() || options.rounds == 0) {
        misuse("--rounds takes a number from 1 on, not", text);
      }
    } else if (flag == "--only") {
      options.only = value();
    } else if (flag == "--json") {
      options.json = value();
    } else {
      misuse("unknown option", flag);
    }
  }
  return options;
}

bench::Figure figure_of(const bench::Contestant& contestant, std::vector<double> samples) {
  bench::Figure figure{contestant.name, samples.size(), 0, 0, 0, 0, 0, contestant.curve, contestant.x};
  if (samples.empty()) return figure;
  std::sort(samples.begin(), samples.end());
  const auto at = [&](double part) {
    return samples[static_cast<std::size_t>(part * static_cast<double>(samples.size() - 1) + 0.5)];
  };
  figure.median = at(0.5);
  figure.low = at(0.25);
  figure.high = at(0.75);
  figure.p999 = at(0.999);
  figure.max = samples.back();
  return figure;
}

// All contestants in turn, round by round, after one round that does not count.
bench::Answer ask(const bench::Question& question, std::size_t rounds) {
  rounds = std::min(rounds, question.rounds_at_most);
  const std::size_t warm_up = question.rounds_at_most == 1 ? 0 : 1;  // one that gives the same each time needs none
  std::vector<std::vector<double>> samples(question.contestants.size());
  for (std::size_t round = 0; round < rounds + warm_up; ++round) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      question.contestants[i].round(samples[i]);
      if (round < warm_up) samples[i].clear();
    }
  }
  bench::Answer answer{question.name, question.unit, question.tails, rounds, {}, question.claims};
  for (std::size_t i = 0; i < samples.size(); ++i) {
    answer.figures.push_back(figure_of(question.contestants[i], std::move(samples[i])));
  }
  return answer;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  std::FILE* json = nullptr;
  if (options.json != nullptr && (json = std::fopen(options.json, "w")) == nullptr) {
    std::perror(options.json);
    return 1;
  }
  const bench::Machine machine = bench::this_machine();
  bench::print_machine(machine);
  std::vector<bench::Answer> answers;
  for (const Named& question : questions) {
    if (question.name.find(options.only) == std::string_view::npos) continue;
    answers.push_back(ask(question.make(), options.rounds));
    bench::print_answer(answers.back());
  }
  if (answers.empty()) misuse("no question's name holds", options.only);
  bench::print_targets(answers);
  if (json != nullptr) {
    bench::write_json(json, machine, answers);
    std::fclose(json);
  }
}
