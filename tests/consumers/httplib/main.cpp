// SPDX-License-Identifier: MIT
// A program outside of the library's repository that uses the adapter for cpp-httplib.

#include <cstdio>
#include <flowviz_metrics/adapters/httplib.hpp>
#include <flowviz_metrics/flowviz_metrics.hpp>

int main() {
  httplib::Server server;
  flowviz::Registry registry;
  flowviz::httplib::Instrument http{server, registry};
  http.Get("/greeting",
           [](const httplib::Request&, httplib::Response& response) { response.set_content("hello", ""); });
  std::fputs(flowviz::scrape(registry, "").body.c_str(), stdout);
}
