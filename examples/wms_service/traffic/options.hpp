// SPDX-License-Identifier: MIT
#pragma once

// The settings of wms_traffic as its flags give them, with their defaults and the help text.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace wms_traffic {

/// What to do when the service goes away in the middle of a request.
enum class Disconnects { are_failures, are_recorded };

struct Options {
  std::string url = "http://127.0.0.1:8000";  // as it was given
  std::string host = "127.0.0.1";
  int port = 8000;
  std::string tokens_path;
  double requests_per_second = 50;
  std::chrono::duration<double> duration{60};
  std::size_t connections = 16;
  std::uint64_t seed = 1;
  unsigned mistakes_percent = 12;
  std::string report_path;
  std::string acks_path;
  Disconnects disconnects = Disconnects::are_failures;
  bool help = false;
};

/// A flag that is unknown, lacks its value or has a wrong one; the message is one line for the user.
struct OptionError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

extern const std::string_view help_text;

/// Reads the flags (without the program's name). Throws OptionError.
Options parse_options(const std::vector<std::string>& arguments);

}  // namespace wms_traffic
