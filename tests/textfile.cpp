// SPDX-License-Identifier: MIT
#include <flowviz_metrics/textfile.hpp>

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include <flowviz_metrics/flowviz_metrics.hpp>

#include "refusal.hpp"
#include "support/text_validator.hpp"
#include "temporary_folder.hpp"

using flowviz::Counter;
using flowviz::Registry;
using flowviz::write_textfile;

namespace {

std::string read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, std::string_view text) { std::ofstream(path) << text; }

/// The names of what lies in a folder.
std::vector<std::string> names_in(const TemporaryFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) names.push_back(entry.path().filename());
  return names;
}

mode_t mode_of(const std::string& path) {
  struct stat status{};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

struct Fixture {
  TemporaryFolder folder;
  std::string path = folder.file("import.prom");
  Registry registry;
  Counter<> lots{registry, "lots_total", "Lots."};
};

/// No file gets larger than this while it lives; without the signal that would end the process.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit limit{bytes, before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = std::signal(SIGXFSZ, SIG_IGN);
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a textfile holds the registry's metrics and takes the place of the one before") {
  write(path, "what was there before, and was longer than what comes\n" + std::string(1000, '#'));
  lots.inc(3);
  CHECK(!write_textfile(path, registry));
  CHECK(read(path) == "# HELP lots_total Lots.\n# TYPE lots_total counter\nlots_total 3\n");
  CHECK(names_in(folder) == std::vector<std::string>{"import.prom"});
}

TEST_CASE_FIXTURE(Fixture, "all may read a textfile, whatever the umask") {
  const mode_t umask = ::umask(077);
  CHECK(!write_textfile(path, registry));
  ::umask(umask);
  CHECK(mode_of(path) == 0644);
}

TEST_CASE_FIXTURE(Fixture, "what every registry has is left out of a textfile unless it is named") {
  flowviz::expose_process_metrics(registry);
  CHECK(!write_textfile(path, registry));
  CHECK(!says(read(path), "process_"));
  CHECK(!says(read(path), "flowviz_metrics_"));
  CHECK(!write_textfile(path, registry, {.names = {"process_max_fds", "flowviz_metrics_allocation_failures_total"}}));
  CHECK(says(read(path), "\nprocess_max_fds "));
  CHECK(says(read(path), "\nflowviz_metrics_allocation_failures_total 0\n"));
  CHECK(!says(read(path), "lots_total"));
  CHECK(!says(read(path), "process_open_fds"));
}

TEST_CASE("a textfile of several registries has each metric once, and no format but text") {
  const TemporaryFolder folder;
  const std::string path = folder.file("sites.prom");
  Registry north{{{"site", "north"}}}, south{{{"site", "south"}}};
  const Counter in_north{north, "lots_total", "Lots."}, in_south{south, "lots_total", "Lots."};
  in_south.inc();
  CHECK(!write_textfile(path, {&north, &south}, {.accept = "application/openmetrics-text"}));
  CHECK(read(path) ==
        "# HELP lots_total Lots.\n# TYPE lots_total counter\nlots_total{site=\"north\"} 0\nlots_total{site=\"south\"} "
        "1\n");
}

TEST_CASE_FIXTURE(Fixture, "a textfile that no collector would read is refused") {
  for (const std::string name : {"import", "import.prom.txt", "prom", "import.PROM", ""}) {
    CAPTURE(name);
    const std::string said = refusal([&] { static_cast<void>(write_textfile(folder.file(name), registry)); });
    CHECK(says(said, "a textfile ends in .prom"));
    CHECK(says(said, folder.file(name)));
  }
  CHECK(names_in(folder).empty());
}

TEST_CASE_FIXTURE(Fixture, "a textfile in a folder that is not there is told about") {
  const std::error_code error = write_textfile(folder.file("nowhere/import.prom"), registry);
  CHECK(error == std::errc::no_such_file_or_directory);
  CHECK(error.message() == "No such file or directory");
  CHECK(names_in(folder).empty());
}

TEST_CASE_FIXTURE(Fixture, "a textfile that cannot be written whole leaves the old one and nothing else") {
  write(path, "old_total 1\n");
  {
    const FileSizeLimit limit(10);
    CHECK(write_textfile(path, registry) == std::errc::file_too_large);
  }
  CHECK(read(path) == "old_total 1\n");
  CHECK(names_in(folder) == std::vector<std::string>{"import.prom"});
}

TEST_CASE_FIXTURE(Fixture, "a textfile that cannot take its place leaves nothing behind") {
  std::filesystem::create_directory(path);
  CHECK(write_textfile(path, registry) == std::errc::is_a_directory);
  CHECK(names_in(folder) == std::vector<std::string>{"import.prom"});
}

TEST_CASE_FIXTURE(Fixture, "of several writers to one textfile each writes it whole") {
  const Counter zones{registry, "zones_total", "Zones.", flowviz::OpenLabel{"zone", 300}};
  for (int i = 0; i < 300; ++i) zones.with(std::string(100, 'x') + std::to_string(i)).inc();
  REQUIRE(!write_textfile(path, registry));
  const std::string whole = read(path);
  CHECK(support::parse_samples(whole).size() == 301);
  std::vector<std::thread> writers;
  std::vector<std::error_code> errors(4);
  for (std::error_code& error : errors) {
    writers.emplace_back([&] {
      for (int i = 0; i < 25 && !error; ++i) error = write_textfile(path, registry);
    });
  }
  bool same = true;
  for (int i = 0; i < 500; ++i) same = same && read(path) == whole;
  for (std::thread& writer : writers) writer.join();
  CHECK(same);
  for (const std::error_code& error : errors) CHECK(!error);
  CHECK(names_in(folder) == std::vector<std::string>{"import.prom"});
}
