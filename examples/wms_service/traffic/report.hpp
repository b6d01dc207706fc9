// SPDX-License-Identifier: MIT
#pragma once

// What a shift comes to: the verdict, the tables for people and the JSON report for programs.

#include <cstddef>
#include <iosfwd>
#include <string>
#include <vector>

#include "options.hpp"
#include "shift.hpp"
#include "tally.hpp"

namespace wms_traffic {

struct Verdict {
  std::vector<std::size_t> starved_connections;
  std::uint64_t unexpected = 0;
  bool good() const { return starved_connections.empty() && unexpected == 0; }
};

/// A connection is starved when it dealt with less than half of what was planned for it.
Verdict judge(const ShiftResult& result);

void print_tables(std::ostream& out, const ShiftResult& result, const Verdict& verdict);

/// Throws std::runtime_error if the file cannot be written.
void write_report(const std::string& path, const Options& options, const ShiftResult& result, const Verdict& verdict);

}  // namespace wms_traffic
