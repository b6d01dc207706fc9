// SPDX-License-Identifier: MIT
// Runs the questions and prints figures, ratios and, with --json, the same as data.

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "bench.hpp"

namespace bench {

void on_threads(std::size_t threads, const std::function<void(std::size_t)>& work) {
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i) running.emplace_back(work, i);
  for (std::thread& thread : running) thread.join();
}

}  // namespace bench

namespace {

const bench::Figure& find(const std::vector<bench::Figure>& figures, std::string_view name) {
  for (const bench::Figure& figure : figures) {
    if (figure.contestant == name) return figure;
  }
  std::fprintf(stderr, "a claim names the contestant '%.*s', which there is not\n", static_cast<int>(name.size()),
               name.data());
  std::exit(1);
}

void print_help() {
  std::puts(
      "flowviz_metrics_bench [--rounds N] [--only WORD] [--json FILE]\n\n"
      "Compares the library with its limits (an own thread-local cell, fetch_add) and with prometheus-cpp, in\n"
      "alternating rounds of one process. Figures are medians with quartiles; what counts is the ratio of two of "
      "them.\n\n"
      "  --rounds N   rounds per question (default 15)\n"
      "  --only WORD  only the questions whose name holds WORD\n"
      "  --json FILE  writes the figures as JSON too\n");
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t rounds = 15;
  std::string only;
  const char* json = nullptr;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    const auto value = [&]() -> const char* {
      if (i + 1 < argc) return argv[++i];
      std::fprintf(stderr, "%s needs a value; see --help\n", argv[i]);
      std::exit(2);
    };
    if (flag == "--help") {
      print_help();
      return 0;
    } else if (flag == "--rounds") {
      const std::string_view text = value();
      if (std::from_chars(text.data(), text.data() + text.size(), rounds).ec != std::errc{} || rounds == 0) {
        std::fputs("--rounds takes a number from 1 on\n", stderr);
        return 2;
      }
    } else if (flag == "--only") {
      only = value();
    } else if (flag == "--json") {
      json = value();
    } else {
      std::fprintf(stderr, "unknown option %s; see --help\n", argv[i]);
      return 2;
    }
  }

  std::string data = "[";
  const auto ask = [&](bench::Question (*make)()) {
    const bench::Question question = make();
    if (question.name.find(only) == std::string::npos) return;
    const std::vector<bench::Figure> figures = bench::ask(question, rounds);
    std::printf("\n%s (%s, median of %zu rounds, quartiles)\n", question.name.c_str(), question.unit.c_str(), rounds);
    const double scale = question.unit == "ms" ? 1e-6 : 1;
    for (const bench::Figure& figure : figures) {
      std::printf("  %-44s %10.2f   %10.2f %10.2f\n", figure.contestant.c_str(), figure.median * scale,
                  figure.low * scale, figure.high * scale);
      char row[256];
      std::snprintf(row, sizeof row,
                    "%s\n {\"question\":\"%s\",\"contestant\":\"%s\",\"ns\":%.4f,\"low\":%.4f,\"high\":%.4f}",
                    data.size() > 1 ? "," : "", question.name.c_str(), figure.contestant.c_str(), figure.median,
                    figure.low, figure.high);
      data += row;
    }
    for (const bench::Claim& claim : question.claims) {
      const double ratio = find(figures, claim.subject).median / find(figures, claim.peer).median;
      const char* verdict = ratio <= claim.factor ? "holds" : "falls short";
      if (claim.factor >= 1) {
        std::printf("  -> %s / %s = %.2f, at most %.2f: %s\n", claim.subject.c_str(), claim.peer.c_str(), ratio,
                    claim.factor, verdict);
      } else {
        std::printf("  -> %s is %.1f times faster than %s, at least %.1f: %s\n", claim.subject.c_str(), 1 / ratio,
                    claim.peer.c_str(), 1 / claim.factor, verdict);
      }
    }
  };
  for (bench::Question (*make)() :
       {bench::increment, bench::increment_on_two_threads, bench::closed_label, bench::open_labels, bench::observation,
        bench::gauge, bench::scrape_counters, bench::scrape_histograms}) {
    ask(make);
  }
  if (json != nullptr) {
    std::FILE* file = std::fopen(json, "w");
    if (file == nullptr) {
      std::perror(json);
      return 1;
    }
    std::fprintf(file, "%s\n]\n", data.c_str());
    std::fclose(file);
  }
}
