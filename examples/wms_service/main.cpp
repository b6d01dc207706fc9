// SPDX-License-Identifier: MIT
// Starts the service from its settings, and ends it when it is told to.

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <flowviz_metrics/describe.hpp>
#include <iostream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include "app.hpp"
#include "http/listener.hpp"
#include "log.hpp"
#include "metrics.hpp"
#include "quoted.hpp"
#include "settings.hpp"
#include "storage/postgresql_storage.hpp"
#include "storage/sqlite_storage.hpp"
#include "time_zone.hpp"

namespace {

constexpr int exit_wrong_settings = 2;

// Orchestrators kill ten seconds after SIGTERM.
constexpr std::chrono::seconds time_to_finish{5};

/// Allows this process as many descriptors as it may have, and leaves both listeners room beside the database.
wms::ConnectionLimits connection_limits() {
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);
  getrlimit(RLIMIT_NOFILE, &descriptors);

  wms::ConnectionLimits limits;
  constexpr rlim_t others = 100;
  const rlim_t each = descriptors.rlim_cur > 2 * others ? (descriptors.rlim_cur - others) / 2 : others / 2;
  limits.connections = static_cast<std::size_t>(std::min<rlim_t>(limits.connections, each));
  return limits;
}

/// The signals that end the service. Blocked here, before there are threads, so that only `wait_for` gets them.
sigset_t block_signals() {
  std::signal(SIGPIPE, SIG_IGN);  // whoever stops reading the log does not end the service
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int wait_for(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  return signal;
}

/// A setting whose value turned out to be of no use.
struct WrongSetting : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::unique_ptr<wms::Storage> open_database(const wms::Settings& settings, const wms::Metrics& metrics) {
  const bool is_sqlite = !settings.sqlite_path.empty();
  const std::string which = settings.database_origin + " " +
                            wms::escaped(is_sqlite ? "sqlite:" + settings.sqlite_path : settings.postgresql.url) + ": ";
  try {
    if (is_sqlite) return std::make_unique<wms::SqliteStorage>(settings.sqlite_path, &metrics.database, settings.pool);
    return std::make_unique<wms::PostgresqlStorage>(settings.postgresql, &metrics.database, settings.pool);
  } catch (const wms::DatabaseError& error) {
    // A server may come back; a file that cannot be opened stays one.
    const bool may_pass = error.is_unavailable() && !(is_sqlite && error.is_fatal_to_connection());
    if (may_pass) throw std::runtime_error(which + error.reason());
    throw WrongSetting(which + error.reason());
  } catch (const std::exception& error) {
    throw WrongSetting(which + error.what());
  }
}

void run(wms::Settings settings) {
  using wms::log::Level;
  wms::log::set_level(settings.log_level);
  wms::set_time_zone(settings.time_zone);
  const sigset_t signals = block_signals();
  const wms::ConnectionLimits limits = connection_limits();

  // The ports first: a start that is refused one leaves no database behind.
  wms::Socket operations_port = wms::listen_on(settings.metrics_listen);
  wms::Socket api_port = wms::listen_on(settings.listen);
  flowviz::Registry registry;
  wms::Metrics metrics(registry);
  const std::unique_ptr<wms::Storage> storage = open_database(settings, metrics);
  const bool make_tokens = !settings.tokens;
  const wms::Tokens tokens = make_tokens ? wms::Tokens::generate() : *settings.tokens;
  wms::App app(*storage, metrics, tokens, settings.metrics_token, settings.app);
  wms::Listener operations(std::move(operations_port), app.operations(), limits);
  wms::Listener api(std::move(api_port), app.api(), limits);

  // Once nothing can go wrong any more: whoever started the service without tokens reads them here.
  if (make_tokens) {
    for (const auto& entry : tokens.entries()) std::cout << entry.identity.operator_name << ' ' << entry.token << '\n';
    std::cout << std::flush;
  }
  app.start_background_work();
  operations.start();
  api.start();
  wms::log::write(Level::info, "ready", {{"api", api.address().text()}, {"metrics", operations.address().text()}});

  const int signal = wait_for(signals);
  wms::log::write(Level::info, "stopping", {{"signal", signal}});
  app.stop_background_work();
  api.stop(time_to_finish);  // probes and scrapes are answered to the end
  operations.stop(std::chrono::seconds(1));
  wms::log::write(Level::info, "stopped");
}

/// What /metrics can show, whatever the settings are: of an app that nobody serves, on a database that nobody keeps.
std::string catalogue() {
  namespace fs = std::filesystem;
  std::string folder = fs::temp_directory_path() / "wms_service-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error(folder + " cannot be made");
  flowviz::Registry registry;
  wms::Metrics metrics(registry);
  std::string text;
  {
    wms::SqliteStorage storage(folder + "/wms.db", &metrics.database);
    const wms::App app(storage, metrics, wms::Tokens::generate(), std::nullopt);
    text = flowviz::to_json(flowviz::describe(registry));
  }
  fs::remove_all(folder);
  return text;
}

const char* from_environment(const char* name) { return std::getenv(name); }

}  // namespace

int main(int argc, char** argv) {
  auto settings = wms::Settings::from(std::span<const char* const>(argv + 1, argv + argc), from_environment);
  if (!settings) {
    if (const auto* print = std::get_if<wms::Settings::Print>(&settings.error())) {
      std::cout << print->text;
      return EXIT_SUCCESS;
    }
    std::cerr << "wms_service: " << std::get<wms::Settings::Wrong>(settings.error()).message << '\n';
    return exit_wrong_settings;
  }
  try {
    if (settings->describe) {
      std::cout << catalogue();
    } else {
      run(std::move(*settings));
    }
    return EXIT_SUCCESS;
  } catch (const WrongSetting& error) {
    std::cerr << "wms_service: " << error.what() << '\n';
    return exit_wrong_settings;
  } catch (const std::exception& error) {
    std::cerr << "wms_service: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
