// SPDX-License-Identifier: MIT
// A catalogue for tools: `example_describe --describe` prints what the page can ever show, as JSON, and without it the page.
// From either, scripts/observe makes a Grafana board, a scrape job and alerts.

#include <cstdio>
#include <string>
#include <string_view>

#include <flowviz_metrics/bundles/http_server.hpp>
#include <flowviz_metrics/describe.hpp>
#include <flowviz_metrics/flowviz_metrics.hpp>

enum class Payment { card, invoice };

struct Metrics {
  flowviz::Registry registry;
  flowviz::bundles::HttpServer http{registry};
  flowviz::Counter<Payment> orders{registry, "shop_orders_total", "Orders taken.", flowviz::Label<Payment>{"payment"}};
  flowviz::Counter<flowviz::Text> uploads{registry, "shop_upload_bytes_total", "Bytes of pictures that came in.",
                                          flowviz::OpenLabel{"client", 100}};
  flowviz::Gauge<> fill{registry, "shop_shelf_fill_ratio", "How full the shelves are."};
  flowviz::Gauge<> counted{registry, "shop_stock_counted_timestamp_seconds", "When the stock was last counted."};
  flowviz::Histogram<Payment> paying{registry, "shop_payment_duration_seconds", "Time until a payment went through.",
                                     flowviz::Buckets{0.1, 1, 10}, flowviz::Label<Payment>{"payment"}};
  flowviz::Info build{registry, "shop_build_info", "What is running.", {{"version", "1.2.3"}}};

  Metrics() { flowviz::expose_process_metrics(registry); }
};

int main(int argc, char** argv) {
  const Metrics metrics;
  if (argc > 1 && std::string_view(argv[1]) == "--describe") {
    std::fputs(flowviz::to_json(flowviz::describe(metrics.registry)).c_str(), stdout);
    return 0;
  }
  const auto route = metrics.http.route(flowviz::Method::get, "/orders/{order_id}");
  metrics.http.begin(route).finish(200);
  metrics.orders.with(Payment::card).inc();
  metrics.uploads.with("acme").inc(4096);
  std::fputs(flowviz::scrape(metrics.registry).body.c_str(), stdout);
}
