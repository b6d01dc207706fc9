// SPDX-License-Identifier: MIT
// wms_traffic plays plants against a running wms_service and compares every answer with its plan.

#include <atomic>
#include <csignal>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "connection.hpp"
#include "crew.hpp"
#include "options.hpp"
#include "quoted.hpp"
#include "report.hpp"
#include "shift.hpp"

namespace {

std::atomic<bool> stop_requested = false;
static_assert(std::atomic<bool>::is_always_lock_free, "the signal handler writes it");

extern "C" void request_stop(int) { stop_requested = true; }

}  // namespace

int main(int argument_count, char** arguments) {
  try {
    const wms_traffic::Options options =
        wms_traffic::parse_options(std::vector<std::string>(arguments + 1, arguments + argument_count));
    if (options.help) {
      std::cout << wms_traffic::help_text;
      return 0;
    }
    const std::vector<wms_traffic::Operator> operators = wms_traffic::read_operators(options.tokens_path);
    // Who tolerates a service that goes away may also begin without it.
    if (options.disconnects == wms_traffic::Disconnects::are_failures) {
      if (const auto fault = wms_traffic::connection_fault(options)) {
        throw std::runtime_error("cannot connect to " + wms::escaped(options.url) + ": " + *fault);
      }
    }
    std::signal(SIGINT, request_stop);
    std::signal(SIGTERM, request_stop);
    std::signal(SIGPIPE, SIG_IGN);  // a service that goes away is an outcome, not the end of this program

    const wms_traffic::ShiftResult result = wms_traffic::work(options, operators, stop_requested);
    wms_traffic::Verdict verdict = wms_traffic::judge(result);
    if (stop_requested) verdict.starved_connections.clear();  // cut short by the user, not by the service
    wms_traffic::print_tables(std::cout, result, verdict);
    if (!options.report_path.empty()) wms_traffic::write_report(options.report_path, options, result, verdict);
    return verdict.good() ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "wms_traffic: " << error.what() << "\n";
    return 2;
  }
}
