// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The process_* metrics under the names that every Prometheus client uses, read from the system at each scrape, so
/// that a forked child shows its own. What cannot be read is left out rather than shown wrong.

#include <flowviz_metrics/version.hpp>  // first: it says which system this needs

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include <flowviz_metrics/own_metrics.hpp>
#include <flowviz_metrics/registry.hpp>

FLOWVIZ_METRICS_BEGIN

/// Adds the process_* metrics to a registry's page: CPU, memory, file descriptors, threads, start time. Each scrape
/// then reads two files of /proc and counts the open descriptors, some tens of microseconds.
inline void expose_process_metrics(Registry& registry) noexcept { registry.show_process(); }

namespace process {

// Templates, without a choice, so that only files that make a page compile them.

/// The first `limit` bytes of a file, which may be one of /proc; empty if it cannot be read.
template <class = void>
std::string read_file(const char* path, std::size_t limit = 65536) {
  std::string text(limit, '\0');  // before the file is opened, for it may throw
  std::FILE* file = std::fopen(path, "re");
  text.resize(file == nullptr ? 0 : std::fread(text.data(), 1, limit, file));
  if (file != nullptr) std::fclose(file);
  return text;
}

/// `text` from `at` on, which may lie beyond its end.
template <class = void>
std::string_view from(std::string_view text, std::size_t at) {
  return at < text.size() ? text.substr(at) : std::string_view{};
}

/// The whole number at the start of `text`, after blanks.
template <class = void>
std::optional<double> leading_number(std::string_view text) {
  text = from(text, text.find_first_not_of(" \t"));
  std::uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{}) return std::nullopt;
  return static_cast<double>(value);
}

/// The field with this number, counted from 1 as proc(5) does, of /proc/self/stat. The second one, a name in
/// parentheses, may hold blanks and parentheses itself, so fields are counted from the last closing one.
template <class = void>
std::optional<double> stat_field(std::string_view stat, int field) {
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  stat.remove_prefix(name_end + 1);
  for (int at = 3; at < field; ++at) {
    stat = from(stat, stat.find_first_not_of(' '));
    stat = from(stat, stat.find(' '));
  }
  return leading_number(stat);
}

template <class = void>
std::optional<double> open_descriptors() {
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return std::nullopt;
  double count = 0;
  while (const dirent* entry = ::readdir(directory)) count += entry->d_name[0] == '.' ? 0 : 1;
  ::closedir(directory);
  return count - 1;  // the directory itself
}

template <class = void>
std::optional<double> limit(int resource) {
  rlimit value{};
  // An unlimited resource has no number.
  if (::getrlimit(static_cast<decltype(RLIMIT_NOFILE)>(resource), &value) != 0 || value.rlim_cur == RLIM_INFINITY)
    return std::nullopt;
  return static_cast<double>(value.rlim_cur);
}

template <class = void>
std::optional<double> cpu_seconds() {
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) != 0) return std::nullopt;
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

template <class = void>
std::optional<double> start_time_now(std::string_view stat) {
  const std::string system = read_file("/proc/stat", std::size_t{1} << 20);
  const std::size_t line = system.find("\nbtime ");
  const std::optional<double> ticks = stat_field(stat, 22);
  const long per_second = ::sysconf(_SC_CLK_TCK);
  if (line == std::string::npos || !ticks || per_second <= 0) return std::nullopt;
  const std::optional<double> boot = leading_number(std::string_view(system).substr(line + 7));
  if (!boot) return std::nullopt;
  return *boot + *ticks / static_cast<double>(per_second);
}

/// Read once by each process: when the system booted moves with its clock, and a start that moves reads like a restart.
template <class = void>
FLOWVIZ_METRICS_SHARED std::optional<double> start_time(std::string_view stat) {
  static constinit std::atomic<pid_t> process{0};
  static constinit std::atomic<double> start{0};
  const pid_t me = ::getpid();
  // Acquire, paired with the release below: who sees the process sees its start.
  if (process.load(std::memory_order_acquire) == me) return start.load(std::memory_order_relaxed);
  const std::optional<double> now = start_time_now(stat);
  if (now) {
    start.store(*now, std::memory_order_relaxed);
    process.store(me, std::memory_order_release);
  }
  return now;
}

}  // namespace process

/// Calls `visit(name, help, rises, value)` for each process metric that can be read here.
template <class Visit>
void each_process_metric(Visit visit) {
  const std::string stat = process::read_file("/proc/self/stat");
  const std::string statm = process::read_file("/proc/self/statm");
  const auto pages = [&](std::string_view text) -> std::optional<double> {
    const std::optional<double> count = process::leading_number(text);
    if (!count) return std::nullopt;
    return *count * static_cast<double>(::sysconf(_SC_PAGESIZE));
  };
  // In the order of own::process.
  const std::array<std::optional<double>, own::process.size()> values{
      process::cpu_seconds(),        process::open_descriptors(),
      process::limit(RLIMIT_NOFILE), pages(statm),
      process::limit(RLIMIT_AS),     pages(process::from(statm, statm.find(' '))),
      process::start_time(stat),     process::stat_field(stat, 20)};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const own::ProcessMetric& metric = own::process[i];
    if (values[i]) visit(metric.name, metric.help, metric.rises, *values[i]);
  }
}

FLOWVIZ_METRICS_END
