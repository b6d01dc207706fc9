// SPDX-License-Identifier: MIT
// A file that has all state of the library: metrics, pages, a server.
#include <flowviz_metrics/adapters/httplib.hpp>
#include <flowviz_metrics/adapters/httplib_pushgateway.hpp>
#include <flowviz_metrics/adapters/libpq.hpp>
#include <flowviz_metrics/adapters/sqlite.hpp>
#include <flowviz_metrics/bundles/errors.hpp>
#include <flowviz_metrics/describe.hpp>
#include <flowviz_metrics/flowviz_metrics.hpp>
#include <flowviz_metrics/testing.hpp>
#include <flowviz_metrics/textfile.hpp>

enum class Side { left, right };

void use(httplib::Server& server, flowviz::Registry& registry) {
  flowviz::httplib::Instrument http{server, registry};
  http.Get("/lots/{lot}", [](const httplib::Request& request, httplib::Response& response) {
    response.set_content(std::string(flowviz::httplib::path_param(request, "lot")), "text/plain");
  });
  const flowviz::Counter counter{"hits_total", "Hits.", flowviz::Label<Side>{"side"}, flowviz::OpenLabel{"page", 10}};
  counter.with(Side::left, "/").inc(1, {{"trace_id", "a"}});
  const flowviz::Histogram took{"took_seconds", "Took.", flowviz::Buckets::http(),
                                flowviz::OpenLabel{"zone", 10}.expires_after(std::chrono::hours(1))};
  took.with("a").observe(0.5);
  const flowviz::NativeHistogram native{"size_bytes", "Sizes.", flowviz::NativeBuckets{}};
  native.observe(1);
  const flowviz::GaugeCallback depth{registry, "depth", "Depth.", [] { return 1.0; }};
  std::string page;
  flowviz::scrape_into(page, {&registry, &flowviz::default_registry()});
  flowviz::write_textfile("metrics.prom", registry);
  static_cast<void>(flowviz::describe(registry));
}
