// SPDX-License-Identifier: MIT

#include "tally.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace wms_traffic {
namespace {

constexpr std::size_t kept_examples = 20;

}  // namespace

void Tally::record(const Step& step, const Answer& answer, std::chrono::duration<double, std::milli> latency) {
  EndpointTally& endpoint = endpoints[{step.route, step.method}];
  ++dealt_with;
  switch (answer.outcome) {
    case Outcome::answered:
      ++endpoint.answers[answer.status];
      endpoint.latencies_ms.push_back(latency.count());
      break;
    case Outcome::never_sent:
      ++endpoint.never_sent;
      break;
    case Outcome::unknown:
      ++endpoint.unknown;
      break;
  }
}

void Tally::record_unexpected(Unexpected what) {
  ++unexpected_count;
  if (unexpected.size() < kept_examples) unexpected.push_back(std::move(what));
}

void Tally::add(const Tally& other) {
  for (const auto& [endpoint, theirs] : other.endpoints) {
    EndpointTally& mine = endpoints[endpoint];
    for (const auto& [status, count] : theirs.answers) mine.answers[status] += count;
    mine.latencies_ms.insert(mine.latencies_ms.end(), theirs.latencies_ms.begin(), theirs.latencies_ms.end());
    mine.unknown += theirs.unknown;
    mine.never_sent += theirs.never_sent;
  }
  acknowledged.insert(acknowledged.end(), other.acknowledged.begin(), other.acknowledged.end());
  for (const Unexpected& what : other.unexpected) {
    if (unexpected.size() < kept_examples) unexpected.push_back(what);
  }
  unexpected_count += other.unexpected_count;
  planned += other.planned;
  dealt_with += other.dealt_with;
}

std::uint64_t Tally::answered() const {
  std::uint64_t sum = 0;
  for (const auto& [endpoint, tally] : endpoints) sum += tally.latencies_ms.size();
  return sum;
}

std::uint64_t Tally::without_answer() const {
  std::uint64_t sum = 0;
  for (const auto& [endpoint, tally] : endpoints) sum += tally.unknown + tally.never_sent;
  return sum;
}

std::optional<double> quantile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return std::nullopt;
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace wms_traffic
