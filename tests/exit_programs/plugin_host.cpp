// SPDX-License-Identifier: MIT
// Host of a plug-in whose path is the first argument. The plug-in is the first to count, counts beside the program, and
// is unloaded while threads that counted in it are alive. What the program prints is its last page.
//
// The program has to export its symbols (-rdynamic): that is what makes one registry and one set of columns of two.

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <latch>
#include <thread>

#include "../concurrency/plugin/metrics.hpp"
#include "../concurrency/threads.hpp"
#include "check.hpp"

using exit_programs::expect;
using exit_programs::expect_equal;

namespace {

const char* path;
void* library;

const plugin::Functions& load() {
  library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  const void* functions = library == nullptr ? nullptr : dlsym(library, "plugin_functions");
  if (functions == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    _exit(2);
  }
  return *static_cast<const plugin::Functions*>(functions);
}

std::uint32_t leased() { return flowviz::cells::process_slots.leased(); }

}  // namespace

int main(int, char** arguments) {
  path = arguments[1];
  const plugin::Functions* functions = &load();
  expect("the plug-in has the program's default registry",
         &functions->default_registry() == &flowviz::default_registry());

  // A thread of the program whose first increment is the plug-in's, and which outlives the plug-in.
  std::latch has_counted{1}, is_unloaded{1};
  std::thread survivor([&] {
    functions->count(flowviz::default_registry(), 1);
    has_counted.count_down();
    is_unloaded.wait();
  });
  has_counted.wait();
  expect_equal("leases", leased(), 1u);

  // Both count at the same time, on the same cells.
  flowviz::Registry registry;
  const std::size_t threads = 6, times = concurrency::scaled(200'000);
  for (flowviz::Registry* of : {&registry, &flowviz::default_registry()}) {
    concurrency::run_together(threads, [&](std::size_t i) {
      if (i % 3 == 0) functions->count(*of, times);
      if (i % 3 == 1) functions->count_on_own_thread(*of, times);
      if (i % 3 == 2) {
        const plugin::Metrics metrics(*of);
        for (std::size_t n = 0; n < times; ++n) metrics.count();
      }
    });
  }

  dlclose(library);
  expect("the plug-in is gone", dlopen(path, RTLD_NOW | RTLD_NOLOAD) == nullptr);
  const pid_t child = fork();
  if (child == 0) _exit(static_cast<int>(leased()));  // the main thread has not counted yet
  int status = 0;
  waitpid(child, &status, 0);
  expect_equal("the leases of a child", WEXITSTATUS(status), 0);
  expect("the child ends by itself", WIFEXITED(status));
  is_unloaded.count_down();
  survivor.join();
  expect_equal("leases when the thread that outlived the plug-in has ended", leased(), 0u);

  const auto check = [&](const char* what, const flowviz::Registry& of, std::size_t more) {
    const std::string page = flowviz::scrape(of).body;
    const std::size_t wanted = threads * times + more;
    expect_equal(what, exit_programs::sum_of(page, "plugin_total "), wanted);
    expect_equal(what, exit_programs::sum_of(page, "plugin_sizes_count{side=\"left\",handler=\"/both\"}"), wanted);
    expect_equal(what, exit_programs::sum_of(page, "plugin_sizes_sum{side=\"left\",handler=\"/both\"}"), wanted);
    expect_equal(what, exit_programs::sum_of(page, "plugin_own_total{side=\"right\"}"), wanted - times * threads / 3);
  };
  check("a registry of the program's", registry, 0);
  check("the default registry", flowviz::default_registry(), 1);

  // The plug-in comes back and finds its metrics.
  functions = &load();
  functions->count(registry, 1);
  functions->count(flowviz::default_registry(), 1);
  dlclose(library);
  check("a registry of the program's, the plug-in loaded again", registry, 1);
  check("the default registry, the plug-in loaded again", flowviz::default_registry(), 2);
  std::fputs(flowviz::scrape().body.c_str(), stdout);
  return exit_programs::status();
}
