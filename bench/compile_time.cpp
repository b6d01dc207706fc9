// SPDX-License-Identifier: MIT
// How long does a compiler take for a file that includes the library? In CPU time of the compiler that built this program.

#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "sampling.hpp"

extern char** environ;

namespace bench {

namespace {

// BENCH_COMPILER and BENCH_INCLUDES are given by the build: a path, and options that are separated by semicolons.
std::vector<std::string> command(const std::string& file) {
  std::vector<std::string> words{BENCH_COMPILER, "-std=c++20", "-O2", "-c", "-o", "/dev/null", "-x", "c++", file};
  const std::string includes = BENCH_INCLUDES;
  for (std::size_t at = 0; at < includes.size();) {
    const std::size_t end = std::min(includes.find(';', at), includes.size());
    if (end > at) words.push_back("-I" + includes.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

double cpu_seconds(const std::string& file) {
  std::vector<std::string> words = command(file);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t compiler = 0;
  if (posix_spawnp(&compiler, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0) {
    give_up(std::string("cannot start ") + arguments[0]);
  }
  int status = 0;
  rusage used{};
  if (wait4(compiler, &status, 0, &used) != compiler || status != 0) give_up(file + " does not compile");
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

Round file_with(const std::string& code) {
  return value([code] {
    char name[] = "/tmp/flowviz_metrics_bench.XXXXXX";
    const int file = mkstemp(name);
    if (file < 0 || write(file, code.data(), code.size()) != static_cast<ssize_t>(code.size())) give_up("no /tmp");
    close(file);
    const double took = cpu_seconds(name);
    unlink(name);
    return took;
  });
}

}  // namespace

Question compile_time() {
  return {"compiling a file that includes it, -O2, in CPU time",
          "s",
          {{"nothing", file_with("int main() {}\n")},
           {"flowviz_metrics.hpp", file_with("#include <flowviz_metrics/flowviz_metrics.hpp>\nint main() {}\n")},
           {"counter.hpp", file_with("#include <flowviz_metrics/counter.hpp>\nint main() {}\n")},
           {"prometheus-cpp", file_with("#include <prometheus/counter.h>\n#include <prometheus/gauge.h>\n"
                                        "#include <prometheus/histogram.h>\n#include <prometheus/registry.h>\n"
                                        "#include <prometheus/text_serializer.h>\nint main() {}\n")}},
          {Claim::within(8, "flowviz_metrics.hpp", "prometheus-cpp", 1.3),
           Claim::within(8, "counter.hpp", "prometheus-cpp", 1)},
          9};
}

}  // namespace bench
