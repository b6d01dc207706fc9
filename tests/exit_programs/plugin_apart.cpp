// SPDX-License-Identifier: MIT
// Host of a plug-in that does not export its symbols, so the plug-in has copies of all that a process should have once.
// With a registry of the host's it would lose increments; it is told so instead.

#include <dlfcn.h>

#include <cstdio>
#include <string_view>

#include "../concurrency/plugin/metrics.hpp"
#include "check.hpp"

int main(int, char** arguments) {
  void* library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  const void* symbol = library == nullptr ? nullptr : dlsym(library, "plugin_functions");
  if (symbol == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 2;
  }
  const auto& functions = *static_cast<const plugin::Functions*>(symbol);
  exit_programs::expect("the plug-in has a registry of its own",
                        &functions.default_registry() != &flowviz::default_registry());
  flowviz::Registry registry;
  const plugin::Metrics metrics(registry);
  bool refused = false;
#if defined(__cpp_exceptions)  // without, the program ends with that message, and the test leaves it out
  try {
    functions.count(registry, 1);
  } catch (const flowviz::Error& error) {
    refused = std::string_view(error.what()).find("a copy of flowviz_metrics apart") != std::string_view::npos;
    std::fprintf(stderr, "%s\n", error.what());
  }
#endif
  exit_programs::expect("the plug-in cannot register with the host's registry", refused);
  functions.count(functions.default_registry(), 1);  // with its own it can
  return exit_programs::status();
}
