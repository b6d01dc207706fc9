// SPDX-License-Identifier: MIT
#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

namespace bench {

namespace {

struct Verdict {
  bool measured = false, holds = false;
  double value = 0, short_percent = 0;
};

const Figure& find(const Answer& answer, std::string_view name) {
  for (const Figure& figure : answer.figures) {
    if (figure.contestant == name) return figure;
  }
  std::fprintf(stderr, "a claim names the contestant '%.*s', which there is not\n", static_cast<int>(name.size()),
               name.data());
  std::exit(1);
}

Verdict judge(const Answer& answer, const Claim& claim) {
  const auto number = [&](const Figure& figure) {
    return claim.statistic == Statistic::p999 ? figure.p999 : figure.median;
  };
  const Figure& subject = find(answer, claim.subject);
  const Figure& peer = claim.peer.empty() ? subject : find(answer, claim.peer);
  Verdict verdict;
  verdict.measured = subject.samples > 0 && peer.samples > 0;
  if (!verdict.measured) return verdict;
  switch (claim.kind) {
    case Claim::Kind::at_most:
      verdict.value = number(subject);
      break;
    case Claim::Kind::within:
      verdict.value = number(subject) / number(peer);
      break;
    case Claim::Kind::faster:
      verdict.value = number(peer) / number(subject);
      verdict.holds = verdict.value >= claim.limit;
      verdict.short_percent = (1 - verdict.value / claim.limit) * 100;
      return verdict;
    case Claim::Kind::more_per:
      verdict.value = (number(subject) - number(peer)) / claim.per;
      break;
  }
  verdict.holds = verdict.value <= claim.limit;
  verdict.short_percent = (verdict.value / claim.limit - 1) * 100;
  return verdict;
}

// A number with as many digits as say something; what is very small, as ns written in ms, with its exponent.
std::string digits(double value) {
  char text[64];
  const double size = std::abs(value);
  const char* format = size == 0      ? "%.0f"
                       : size < 0.001 ? "%.2e"
                       : size < 0.1   ? "%.4f"
                       : size < 10    ? "%.2f"
                       : size < 1'000 ? "%.1f"
                                      : "%.0f";
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string in_words(const Claim& claim, const Verdict& verdict, const std::string& unit) {
  const std::string value = digits(verdict.value), limit = digits(claim.limit);
  const std::string which = claim.statistic == Statistic::p999 ? " (p99.9)" : "";
  switch (claim.kind) {
    case Claim::Kind::at_most:
      return claim.subject + which + ": " + value + " " + unit + ", at most " + limit;
    case Claim::Kind::within:
      return claim.subject + " is " + value + " times " + claim.peer + ", at most " + limit;
    case Claim::Kind::faster:
      return claim.subject + " is " + value + " times faster than " + claim.peer + ", at least " + limit;
    case Claim::Kind::more_per:
      return claim.subject + " exceeds " + claim.peer + " by " + value + " " + claim.unit + ", at most " + limit;
  }
  return {};
}

std::string verdict_in_words(const Claim& claim, const Verdict& verdict) {
  if (!verdict.measured) return "NOT MEASURED";
  if (verdict.holds) return "holds";
  return claim.limit == 0 ? "falls short"
                          : "falls short by " + std::to_string(std::lround(std::ceil(verdict.short_percent))) + " %";
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

Machine this_machine() {
  Machine machine{"unknown processor", {}, BENCH_OPTIONS, {}, std::thread::hardware_concurrency()};
  std::ifstream cpus("/proc/cpuinfo");
  for (std::string line; std::getline(cpus, line);) {
    if (line.starts_with("model name")) machine.processor = line.substr(line.find(':') + 2);
  }
#if defined(__clang__)
  machine.compiler = "clang++ " __clang_version__;
#else
  machine.compiler = "g++ " __VERSION__;
#endif
  const std::time_t now = std::time(nullptr);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%d", std::gmtime(&now));
  machine.date = date;
  return machine;
}

void print_machine(const Machine& machine) {
  std::printf("%s, %u cores; %s %s; %s\n", machine.processor.c_str(), machine.cores, machine.compiler.c_str(),
              machine.options.c_str(), machine.date.c_str());
}

void print_answer(const Answer& answer) {
  std::printf("\n%s (%s, %zu rounds)\n", answer.name.c_str(), answer.unit.c_str(), answer.rounds);
  std::printf("  %-50s %9s %9s %9s", "", "median", "quartile", "quartile");
  std::printf(answer.tails ? " %10s %10s %9s\n" : "\n", "p99.9", "maximum", "samples");
  for (const Figure& figure : answer.figures) {
    std::printf("  %-50s", figure.contestant.c_str());
    if (figure.samples == 0) {
      std::puts(" NOT MEASURED");
      continue;
    }
    std::printf(" %9s %9s %9s", digits(figure.median).c_str(), digits(figure.low).c_str(), digits(figure.high).c_str());
    if (answer.tails) {
      std::printf(" %10s %10s %9zu", digits(figure.p999).c_str(), digits(figure.max).c_str(), figure.samples);
    }
    std::puts("");
  }
  for (const Claim& claim : answer.claims) {
    const Verdict verdict = judge(answer, claim);
    std::printf("  -> target %d: %s: %s\n", claim.target, in_words(claim, verdict, answer.unit).c_str(),
                verdict_in_words(claim, verdict).c_str());
  }
  std::fflush(stdout);
}

void print_targets(const std::vector<Answer>& answers) {
  int highest = 0, claims = 0, held = 0, measured = 0;
  for (const Answer& answer : answers) {
    for (const Claim& claim : answer.claims) highest = std::max(highest, claim.target);
  }
  std::puts("\nThe targets");
  for (int target = 1; target <= highest; ++target) {
    for (const Answer& answer : answers) {
      for (const Claim& claim : answer.claims) {
        if (claim.target != target) continue;
        const Verdict verdict = judge(answer, claim);
        ++claims;
        measured += verdict.measured ? 1 : 0;
        held += verdict.measured && verdict.holds ? 1 : 0;
        std::printf("  %2d  %-22s %s: %s\n", target, verdict_in_words(claim, verdict).c_str(), answer.name.c_str(),
                    in_words(claim, verdict, answer.unit).c_str());
      }
    }
  }
  std::printf("%d hold, %d fall short, %d not measured\n", held, measured - held, claims - measured);
}

void write_json(std::FILE* file, const Machine& machine, const std::vector<Answer>& answers) {
  std::fprintf(file, "{\"machine\": {\"processor\": %s, \"cores\": %u, \"compiler\": %s, \"options\": %s},\n",
               quoted(machine.processor).c_str(), machine.cores, quoted(machine.compiler).c_str(),
               quoted(machine.options).c_str());
  std::fprintf(file, " \"date\": %s,\n \"questions\": [", quoted(machine.date).c_str());
  const char* between = "\n";
  for (const Answer& answer : answers) {
    std::fprintf(file, "%s  {\"name\": %s, \"unit\": %s, \"rounds\": %zu,\n   \"figures\": [", between,
                 quoted(answer.name).c_str(), quoted(answer.unit).c_str(), answer.rounds);
    between = ",\n";
    const char* comma = "\n";
    for (const Figure& figure : answer.figures) {
      std::fprintf(file, "%s    {\"contestant\": %s, \"samples\": %zu", comma, quoted(figure.contestant).c_str(),
                   figure.samples);
      std::fprintf(file, ", \"median\": %.6g, \"low\": %.6g, \"high\": %.6g, \"p999\": %.6g, \"max\": %.6g",
                   figure.median, figure.low, figure.high, figure.p999, figure.max);
      if (!figure.curve.empty()) {
        std::fprintf(file, ", \"curve\": %s, \"x\": %g", quoted(figure.curve).c_str(), figure.x);
      }
      std::fputs("}", file);
      comma = ",\n";
    }
    std::fputs("],\n   \"claims\": [", file);
    comma = "\n";
    for (const Claim& claim : answer.claims) {
      const Verdict verdict = judge(answer, claim);
      std::fprintf(file,
                   "%s    {\"target\": %d, \"claim\": %s, \"value\": %.6g, \"limit\": %.6g, \"measured\": %s, "
                   "\"holds\": %s}",
                   comma, claim.target, quoted(in_words(claim, verdict, answer.unit)).c_str(), verdict.value,
                   claim.limit, verdict.measured ? "true" : "false", verdict.holds ? "true" : "false");
      comma = ",\n";
    }
    std::fputs("]}", file);
  }
  std::fputs("\n]}\n", file);
}

}  // namespace bench
