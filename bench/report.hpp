// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What came out: a table as text, and the same as JSON.

#include <cstdio>
#include <string>
#include <vector>

#include "bench.hpp"

namespace bench {

/// A question with its answers.
struct Answer {
  std::string name, unit;
  bool tails;
  std::size_t rounds;
  std::vector<Figure> figures;
  std::vector<Claim> claims;
};

/// The processor, the compiler, its options and the time, in words.
struct Machine {
  std::string processor, compiler, options, date;
  unsigned cores;
};
[[nodiscard]] Machine this_machine();

void print_machine(const Machine& machine);
void print_answer(const Answer& answer);

/// Each target of RESULTS.md: holds, or by how much it falls short.
void print_targets(const std::vector<Answer>& answers);

void write_json(std::FILE* file, const Machine& machine, const std::vector<Answer>& answers);

}  // namespace bench
