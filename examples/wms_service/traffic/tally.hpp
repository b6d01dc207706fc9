// SPDX-License-Identifier: MIT
#pragma once

// What happened on one connection or, added up, on all of them: answers by route, method and status, latencies, what
// was acknowledged and what did not go to plan.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "connection.hpp"
#include "plant.hpp"

namespace wms_traffic {

/// A route template with a method.
struct Endpoint {
  std::string route;
  std::string method;
  friend bool operator<(const Endpoint& a, const Endpoint& b) {
    return std::tie(a.route, a.method) < std::tie(b.route, b.method);
  }
};

struct EndpointTally {
  std::map<int, std::uint64_t> answers;  // by status
  std::vector<double> latencies_ms;      // from the moment at which the request was due
  std::uint64_t unknown = 0;
  std::uint64_t never_sent = 0;
};

struct Unexpected {
  Endpoint endpoint;
  int expected_status = 0;
  int status = 0;  // 0: no answer
  std::string detail;
};

struct Tally {
  std::map<Endpoint, EndpointTally> endpoints;
  std::vector<Acknowledged> acknowledged;
  std::vector<Unexpected> unexpected;  // examples; their number is below
  std::uint64_t unexpected_count = 0;
  std::uint64_t planned = 0;
  std::uint64_t dealt_with = 0;  // answered or without an answer, but not left unsent

  void record(const Step& step, const Answer& answer, std::chrono::duration<double, std::milli> latency);
  void record_unexpected(Unexpected what);
  void add(const Tally& other);

  std::uint64_t answered() const;
  std::uint64_t without_answer() const;
};

/// The value below or at which a share of the values lies, by the nearest rank; nothing for no values. `sorted` is
/// ascending.
std::optional<double> quantile(const std::vector<double>& sorted, double share);

}  // namespace wms_traffic
