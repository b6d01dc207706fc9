// SPDX-License-Identifier: MIT
// A batch job that has ended when Prometheus comes by: node-exporter serves the file that it leaves behind.
//   example_textfile /var/lib/prometheus/node-exporter/import.prom acme "north farm"

#include <flowviz_metrics/flowviz_metrics.hpp>
#include <flowviz_metrics/textfile.hpp>

#include <chrono>
#include <cstdio>
#include <system_error>

int main(int argc, char** argv) {
  if (argc < 2) return std::fputs("usage: example_textfile FILE.prom [SUPPLIER]...\n", stderr), 2;
  const char* file = argv[1];
  flowviz::Registry registry;
  const flowviz::Counter imported{registry, "import_lots_total", "Lots that the last import has read.",
                                  flowviz::OpenLabel{"supplier", 100}};
  const flowviz::Gauge succeeded{registry, "import_last_success_timestamp_seconds", "When an import last succeeded."};

  for (int i = 2; i < argc; ++i) imported.with(argv[i]).inc();  // stands for the work

  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  succeeded.set(now.count());
  if (const std::error_code error = flowviz::write_textfile(file, registry)) {
    std::fprintf(stderr, "%s: %s\n", file, error.message().c_str());
    return 1;
  }
}
