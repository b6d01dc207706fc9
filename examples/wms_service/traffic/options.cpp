// SPDX-License-Identifier: MIT

#include "options.hpp"

#include <charconv>
#include <cmath>
#include <sstream>
#include <system_error>

#include "quoted.hpp"

namespace wms_traffic {
namespace {

template <typename Number>
Number number(const std::string& flag, std::string_view text, Number lowest, Number highest) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= lowest && value <= highest)) {
    std::ostringstream message;  // which writes 100000 where std::to_string writes 100000.000000
    message << flag << " must be a number from " << lowest << " to " << highest << ", not " << wms::in_quotes(text);
    throw OptionError(message.str());
  }
  return value;
}

void set_url(Options& options, std::string_view url) {
  const auto refuse = [&] { throw OptionError("--url must look like http://HOST:PORT, not " + wms::in_quotes(url)); };
  constexpr std::string_view scheme = "http://";
  std::string_view rest = url;
  if (rest.substr(0, scheme.size()) != scheme) refuse();
  rest.remove_prefix(scheme.size());
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || rest.find('/') != std::string_view::npos) refuse();
  options.url = std::string(url);
  options.host = std::string(rest.substr(0, colon));
  options.port = number("the port of --url", rest.substr(colon + 1), 1, 65535);
}

}  // namespace

const std::string_view help_text =
    R"(usage: wms_traffic --tokens FILE [flags]

Plays plants against a running wms_service: operators register raw lots and make intermediate and finished ones from them,
plan production runs and move them on, send some requests again under the same Idempotency-Key, record lots offline and send
them in batches, some of them twice; inspectors decide on quality, everybody reads and traces, and some make mistakes. Every answer is compared with the plan.

  --url URL              the service (http://127.0.0.1:8000)
  --tokens FILE          JSON array of {"token", "operator", "role"}; all its operators take part
  --rate N               requests per second over all connections (50)
  --duration SECONDS     how long to send (60)
  --connections N        kept-alive connections, one plant each (16)
  --seed N               the plan of each plant follows from it (1)
  --mistakes PERCENT     how many of a hundred requests are mistakes, which the service has to refuse (12)
  --report FILE          write what was counted as JSON: requests by route, method and status, latencies,
                         acknowledged lots and decisions with their ids, lots recorded offline with their client_ids
  --acks FILE            append one JSON line for each acknowledged lot (offline ones, too) or decision, at once
  --tolerate-disconnects a service that goes away is no failure: requests without an answer are recorded as of
                         unknown outcome, and sending goes on
  --help                 this text

Pacing is open-loop: request k is due at k / rate, whether or not earlier ones were answered, and its latency runs from
that moment. A service that stalls therefore shows the whole wait of everybody behind the stall; a closed loop, which
waits for an answer before it thinks of the next request, would hide it. Request k belongs to connection k modulo N,
so a connection that is not served falls behind its share: with less than half of it answered it counts as starved.
Requests that are still unsent 10 seconds after the end are given up and shown.

An answer of 429 is not to plan: work should not meet the service's rate limits. Fifty operators, each of whom may register
100 lots a minute, do 100 requests per second; for more, or with fewer, give the service higher ones.

Exit status: 0 all went to plan; 1 a connection was starved or an answer was not what the plan expected;
2 a wrong flag or file, or nobody to connect to at the start.
)";

Options parse_options(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string flag = arguments[i];
    if (flag == "--help") {
      options.help = true;
      return options;
    }
    if (flag == "--tolerate-disconnects") {
      options.disconnects = Disconnects::are_recorded;
      continue;
    }
    std::string value;
    if (const std::size_t equals = flag.find('='); equals != std::string::npos) {
      value = flag.substr(equals + 1);
      flag.resize(equals);
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    } else {
      throw OptionError("unknown flag, or no value after it: " + wms::in_quotes(flag));
    }
    if (flag == "--url") {
      set_url(options, value);
    } else if (flag == "--tokens") {
      options.tokens_path = value;
    } else if (flag == "--rate") {
      options.requests_per_second = number(flag, value, 0.1, 100'000.0);
    } else if (flag == "--duration") {
      options.duration = std::chrono::duration<double>(number(flag, value, 0.1, 7 * 86'400.0));
    } else if (flag == "--connections") {
      options.connections = number<std::size_t>(flag, value, 1, 4'096);
    } else if (flag == "--seed") {
      options.seed = number<std::uint64_t>(flag, value, 0, UINT64_MAX);
    } else if (flag == "--mistakes") {
      options.mistakes_percent = number<unsigned>(flag, value, 0, 100);
    } else if (flag == "--report") {
      options.report_path = value;
    } else if (flag == "--acks") {
      options.acks_path = value;
    } else {
      throw OptionError("unknown flag " + wms::in_quotes(flag));
    }
  }
  if (options.tokens_path.empty()) throw OptionError("--tokens FILE is missing");
  return options;
}

}  // namespace wms_traffic
