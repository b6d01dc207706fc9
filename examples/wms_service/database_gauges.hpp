// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The gauges that come out of the database: all instances of the service, which share it, show the same numbers. Who sent
/// a request is remembered here and written down every few seconds, so that no request waits for it.

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

#include "metrics.hpp"
#include "storage/storage.hpp"

namespace wms {

class DatabaseGauges {
 public:
  DatabaseGauges(Storage& storage, Metrics& metrics) : storage_(storage), metrics_(metrics) {}
  ~DatabaseGauges();

  /// Refreshes the gauges now and then every five seconds, on a thread of its own.
  void start();

  /// This operator sent a request. Thread-safe.
  void seen(const std::string& operator_name);

  /// Writes down who was seen, and counts who was active within the 15 minutes before `time` and what work there is. The
  /// gauges keep their values if the database is away, and what could not be written is kept for the next time.
  void refresh(Timestamp time);

 private:
  void run();

  Storage& storage_;
  Metrics& metrics_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::unordered_map<std::string, Timestamp> seen_;
  std::thread thread_;
};

}  // namespace wms
