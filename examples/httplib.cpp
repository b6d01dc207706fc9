// SPDX-License-Identifier: MIT
// A server of cpp-httplib with metrics: example_httplib [port], then
//   curl -d '' http://127.0.0.1:8000/lots/raw; curl http://127.0.0.1:8000/metrics

#include <flowviz_metrics/adapters/httplib.hpp>
#include <flowviz_metrics/flowviz_metrics.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

enum class LotType { raw, intermediate, finished };

int main(int argc, char** argv) {
  flowviz::Registry registry;
  flowviz::expose_process_metrics(registry);
  flowviz::Counter lots{registry, "lots_registered_total", "Lots registered.", flowviz::Label<LotType>{"lot_type"}};

  httplib::Server server;
  flowviz::httplib::Instrument http{server, registry};
  http.expose("/metrics");

  http.Post("/lots/{lot_type}", [&](const httplib::Request& request, httplib::Response& response) {
    const auto type = flowviz::label_value<LotType>(flowviz::httplib::path_param(request, "lot_type"));
    response.status = type ? 201 : 422;
    if (type) lots.with(*type).inc();
  });
  http.Get("/lots", [&](const httplib::Request&, httplib::Response& response) {
    response.set_content(std::to_string(lots.with(LotType::raw).value()) + " raw lots\n", "text/plain");
  });

  // Threads inherit the mask: SIGINT and SIGTERM wait until they are asked for below.
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);

  int port = argc > 1 ? std::atoi(argv[1]) : 8000;
  if (port == 0) {
    port = server.bind_to_any_port("127.0.0.1");
  } else if (!server.bind_to_port("127.0.0.1", port)) {
    port = -1;
  }
  if (port < 0) return std::fputs("this port cannot be had\n", stderr), 1;
  std::thread listener([&] { server.listen_after_bind(); });
  while (!server.is_running()) std::this_thread::yield();
  std::printf("http://127.0.0.1:%d\n", port);
  std::fflush(stdout);

  int signal = 0;
  sigwait(&stop, &signal);
  server.stop();  // what is being answered is answered
  listener.join();
}
