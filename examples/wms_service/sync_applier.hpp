// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Applies the lots that were recorded offline, one after another: what the thread behind POST /api/sync/lots does.

#include "background_worker.hpp"
#include "metrics.hpp"
#include "storage/storage.hpp"

namespace wms {

class SyncApplier {
 public:
  SyncApplier(Storage& storage, Metrics& metrics) : storage_(storage), metrics_(metrics) {}

  /// Registers the next lot, or notes why it cannot be, and counts it. Fails if the database is away; the lot is still in
  /// the queue then.
  BackgroundWorker::Step step();

 private:
  BackgroundWorker::Step applied(const SyncAttempt& attempt);
  BackgroundWorker::Step refused(const SyncAttempt& attempt, Deadline deadline);

  Storage& storage_;
  Metrics& metrics_;
};

}  // namespace wms
