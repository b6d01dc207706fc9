// SPDX-License-Identifier: MIT

#include "report.hpp"

#include <algorithm>
#include <fstream>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <ostream>
#include <stdexcept>
#include <utility>

namespace wms_traffic {
namespace {

using nlohmann::json;

Tally total_of(const ShiftResult& result) {
  Tally total;
  for (const Tally& tally : result.connections) total.add(tally);
  for (auto& [endpoint, tally] : total.endpoints) std::sort(tally.latencies_ms.begin(), tally.latencies_ms.end());
  return total;
}

std::vector<std::uint64_t> completions(const ShiftResult& result) {
  std::vector<std::uint64_t> counts;
  for (const Tally& tally : result.connections) counts.push_back(tally.answered());
  return counts;
}

json latency_json(const std::vector<double>& sorted) {
  json latency;
  for (const auto& [name, share] : {std::pair{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}, {"max", 1.0}}) {
    const auto value = quantile(sorted, share);
    latency[name] = value ? json(*value) : json();
  }
  return latency;
}

std::vector<double> latencies_of_all(const Tally& total) {
  std::vector<double> latencies;
  for (const auto& [endpoint, tally] : total.endpoints) {
    latencies.insert(latencies.end(), tally.latencies_ms.begin(), tally.latencies_ms.end());
  }
  std::sort(latencies.begin(), latencies.end());
  return latencies;
}

std::string told(const Endpoint& endpoint) {
  return endpoint.method + " " + (endpoint.route == no_route ? "(no such route)" : endpoint.route);
}

}  // namespace

Verdict judge(const ShiftResult& result) {
  Verdict verdict;
  for (std::size_t i = 0; i < result.connections.size(); ++i) {
    const Tally& tally = result.connections[i];
    if (tally.dealt_with * 2 < tally.planned) verdict.starved_connections.push_back(i);
    verdict.unexpected += tally.unexpected_count;
  }
  return verdict;
}

void print_tables(std::ostream& out, const ShiftResult& result, const Verdict& verdict) {
  const Tally total = total_of(result);
  const double seconds = result.elapsed.count();
  out << std::fixed << std::setprecision(1) << "\n"
      << total.answered() << " answers in " << seconds << " s (" << static_cast<double>(total.answered()) / seconds
      << "/s), " << total.planned - total.dealt_with << " left unsent, " << total.without_answer()
      << " without answer\n\n"
      << std::left << std::setw(44) << "latency in ms from when it was due" << std::right << std::setw(8) << "count"
      << std::setw(9) << "p50" << std::setw(9) << "p95" << std::setw(9) << "p99"
      << "  answers by status\n";
  for (const auto& [endpoint, tally] : total.endpoints) {
    out << std::left << std::setw(44) << told(endpoint) << std::right << std::setw(8) << tally.latencies_ms.size();
    for (const double share : {0.5, 0.95, 0.99}) {
      if (const auto value = quantile(tally.latencies_ms, share)) {
        out << std::setw(9) << *value;
      } else {
        out << std::setw(9) << "-";
      }
    }
    out << " ";
    for (const auto& [status, count] : tally.answers) out << " " << status << ":" << count;
    if (tally.unknown != 0) out << " unknown:" << tally.unknown;
    if (tally.never_sent != 0) out << " never sent:" << tally.never_sent;
    out << "\n";
  }

  std::vector<std::uint64_t> counts = completions(result);
  std::sort(counts.begin(), counts.end());
  out << "\ncompletions per connection: " << counts.front() << " at least, " << counts[counts.size() / 2]
      << " in the middle, " << counts.back() << " at most, on " << counts.size() << " connections\n";
  for (const std::size_t i : verdict.starved_connections) {
    out << "connection " << i << " was starved: " << result.connections[i].dealt_with << " of "
        << result.connections[i].planned << "\n";
  }
  if (verdict.unexpected != 0) out << "\n" << verdict.unexpected << " not to plan, among them:\n";
  for (const Unexpected& what : total.unexpected) {
    out << "  " << told(what.endpoint) << ": expected " << what.expected_status << ", got "
        << (what.status == 0 ? "no answer" : std::to_string(what.status)) << ": " << what.detail << "\n";
  }
}

void write_report(const std::string& path, const Options& options, const ShiftResult& result, const Verdict& verdict) {
  const Tally total = total_of(result);
  json report{{"rate", options.requests_per_second},
              {"duration_s", options.duration.count()},
              {"elapsed_s", result.elapsed.count()},
              {"seed", options.seed},
              {"planned", total.planned},
              {"answered", total.answered()},
              {"unsent", total.planned - total.dealt_with},
              {"unexpected", verdict.unexpected},
              {"starved_connections", verdict.starved_connections},
              {"completions_per_connection", completions(result)},
              {"requests", json::array()},
              {"latency_ms_of_all", latency_json(latencies_of_all(total))},
              {"latency_ms", json::array()},
              {"without_answer", json::array()},
              {"unexpected_examples", json::array()},
              {"lots", {{"raw", json::array()}, {"intermediate", json::array()}, {"finished", json::array()}}},
              {"offline_lots", {{"raw", json::array()}, {"intermediate", json::array()}}},
              {"decisions", {{"PASS", json::array()}, {"HOLD", json::array()}, {"FAIL", json::array()}}}};
  for (const auto& [endpoint, tally] : total.endpoints) {
    const json key{{"route", endpoint.route}, {"method", endpoint.method}};
    for (const auto& [status, count] : tally.answers) {
      json row = key;
      row.update({{"status", status}, {"count", count}});
      report["requests"].push_back(row);
    }
    json latency = key;
    latency.update(latency_json(tally.latencies_ms));
    report["latency_ms"].push_back(latency);
    if (tally.unknown + tally.never_sent != 0) {
      json silent = key;
      silent.update({{"unknown", tally.unknown}, {"never_sent", tally.never_sent}});
      report["without_answer"].push_back(silent);
    }
  }
  for (const Unexpected& what : total.unexpected) {
    report["unexpected_examples"].push_back({{"route", what.endpoint.route},
                                             {"method", what.endpoint.method},
                                             {"expected_status", what.expected_status},
                                             {"status", what.status},
                                             {"detail", what.detail}});
  }
  for (const Acknowledged& made : total.acknowledged) {
    const char* const list = made.what == Makes::lot        ? "lots"
                             : made.what == Makes::decision ? "decisions"
                                                            : "offline_lots";
    report[list][made.kind].push_back(made.id);
  }
  std::ofstream file(path);
  // What a service sent is quoted in the examples and may be no UTF-8.
  file << report.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
  file.flush();
  if (!file) throw std::runtime_error("cannot write the report " + path);
}

}  // namespace wms_traffic
