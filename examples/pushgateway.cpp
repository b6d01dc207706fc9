// SPDX-License-Identifier: MIT
// A batch job that pushes what it has counted to a Pushgateway, in a group of the site that it ran for:
//   example_pushgateway http://127.0.0.1:9091 push north acme "north farm"
//   example_pushgateway http://127.0.0.1:9091 remove north

#include <flowviz_metrics/adapters/httplib_pushgateway.hpp>
#include <flowviz_metrics/flowviz_metrics.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return std::fputs("usage: example_pushgateway URL push|add|remove SITE [SUPPLIER]...\n", stderr), 2;
  const std::string what = argv[2];
  flowviz::Registry registry;
  const flowviz::Counter imported{registry, "import_lots_total", "Lots that the last import has read.",
                                  flowviz::OpenLabel{"supplier", 100}};
  for (int i = 4; i < argc; ++i) imported.with(argv[i]).inc();  // stands for the work

  try {
    const flowviz::httplib::Pushgateway gateway{{.url = argv[1],
                                                 .job = "lot import",
                                                 .labels = {{"site", argv[3]}},
                                                 .user = environment("PUSHGATEWAY_USER"),
                                                 .password = environment("PUSHGATEWAY_PASSWORD")}};
    const auto outcome = what == "remove" ? gateway.remove()
                         : what == "add"  ? gateway.add(registry)
                                          : gateway.push(registry);
    if (outcome.ok()) return 0;
    std::fprintf(stderr, "%d %s\n", outcome.status, outcome.reason.c_str());
  } catch (const flowviz::Error& error) {  // what is wrong with the configuration
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 1;
}
