// SPDX-License-Identifier: MIT
#pragma once

// A shift: all plants at work on their connections, each request sent when it is due.

#include <atomic>
#include <chrono>
#include <vector>

#include "crew.hpp"
#include "options.hpp"
#include "tally.hpp"

namespace wms_traffic {

struct ShiftResult {
  std::vector<Tally> connections;
  std::chrono::duration<double> elapsed{};
};

/// Runs until every planned request was dealt with, the grace after the end is over or `stop` is set. Blocks; shows a
/// progress line on stderr. Throws std::runtime_error if the file for acknowledgements cannot be opened or written.
ShiftResult work(const Options& options, const std::vector<Operator>& operators, const std::atomic<bool>& stop);

}  // namespace wms_traffic
