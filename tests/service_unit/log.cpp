// SPDX-License-Identifier: MIT
#include "log.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace wms;
using nlohmann::json;

/// Standard error as a pipe, while it lives.
class CapturedErrors {
 public:
  CapturedErrors() : before_(dup(STDERR_FILENO)) {
    REQUIRE(pipe2(ends_.data(), O_CLOEXEC) == 0);
    fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    dup2(ends_[1], STDERR_FILENO);
  }
  ~CapturedErrors() {
    log::set_level(log::Level::info);
    dup2(before_, STDERR_FILENO);
    for (const int descriptor : {ends_[0], ends_[1], before_}) close(descriptor);
  }

  /// The lines that have come since the last call.
  std::vector<std::string> lines() const {
    std::string all;
    std::array<char, 4096> buffer;
    for (ssize_t n = 0; (n = read(ends_[0], buffer.data(), buffer.size())) > 0;) {
      all.append(buffer.data(), static_cast<std::size_t>(n));
    }
    std::vector<std::string> lines;
    for (std::size_t end = 0; (end = all.find('\n')) != std::string::npos; all.erase(0, end + 1)) {
      lines.push_back(all.substr(0, end));
    }
    CHECK(all.empty());  // no line without its end
    return lines;
  }

 private:
  int before_;
  std::array<int, 2> ends_{};
};

}  // namespace

TEST_CASE("a line is a JSON object with time, level and event") {
  CapturedErrors errors;
  log::write(log::Level::warning, "something", {{"number", 7}, {"text", "a"}});
  const auto lines = errors.lines();
  REQUIRE(lines.size() == 1);
  const json line = json::parse(lines[0]);
  CHECK(line["level"] == "warning");
  CHECK(line["event"] == "something");
  CHECK(line["number"] == 7);
  CHECK(line["text"] == "a");
  CHECK(line["time"].get<std::string>().ends_with("Z"));
}

TEST_CASE("lines below the level are left out") {
  CapturedErrors errors;
  log::set_level(log::Level::warning);
  for (const auto& level : names(log::Level{})) log::write(level.value, "event");
  CHECK(errors.lines().size() == 2);
}

TEST_CASE("a line stays one line of valid JSON, whatever it holds") {
  CapturedErrors errors;
  const std::string hostile[] = {"\n\"}{\"forged\": 1}\n",         "\xff\xfe\xc3",
                                 std::string("\0\x01\x1b[31m", 7), std::string(100'000, 'x'),
                                 std::string(100'000, '\x01'),     std::string(100'000, '\xff')};
  for (const std::string& text : hostile)
    log::write(log::Level::info, "event", {{"a", text}, {"b", text}, {"c", text}});
  const auto lines = errors.lines();
  CHECK(lines.size() == std::size(hostile));
  for (const std::string& text : lines) {
    CHECK(text.size() < 4096);
    const json line = json::parse(text, nullptr, false);
    REQUIRE(line.is_object());
    CHECK(line["event"] == "event");
    CHECK_FALSE(line.contains("forged"));
  }
}

TEST_CASE("lines of several threads do not mix") {
  CapturedErrors errors;
  std::vector<std::thread> writers;
  for (int t = 0; t < 4; ++t) {
    writers.emplace_back([t] {
      for (int i = 0; i < 50; ++i) log::write(log::Level::info, "event", {{"thread", t}});
    });
  }
  for (std::thread& writer : writers) writer.join();
  const auto lines = errors.lines();
  CHECK(lines.size() == 200);
  for (const std::string& line : lines) CHECK(json::parse(line, nullptr, false).is_object());
}

TEST_CASE("a log that nobody reads stops nobody, and later tells what is missing") {
  CapturedErrors errors;
  constexpr std::uint64_t written = 10'000;  // a pipe holds some hundreds
  for (std::uint64_t i = 0; i < written; ++i) log::write(log::Level::info, "event", {{"text", std::string(200, 'x')}});
  const std::uint64_t kept = errors.lines().size();
  CHECK(kept < written);
  log::write(log::Level::info, "again");
  const auto lines = errors.lines();
  REQUIRE(lines.size() == 2);
  CHECK(json::parse(lines[0])["event"] == "lines_dropped");
  CHECK(json::parse(lines[0])["count"] == written - kept);
  CHECK(json::parse(lines[1])["event"] == "again");
}
