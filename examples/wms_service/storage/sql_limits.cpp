// SPDX-License-Identifier: MIT
// What the storage does with requests that count for limits. The clock is the database's: one for all instances, whose own
// may disagree, or be set.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "storage/admission_log.hpp"
#include "storage/sql_storage.hpp"

namespace wms {
namespace {

// How often it is asked again, because something changed between two statements.
constexpr int most_attempts = 5;

}  // namespace

Storage::Outcome<Storage::Wait> SqlStorage::admit(const LimitedRequest& request, Deadline deadline) {
  return transactions_.change<Wait>(deadline, [&](Connection& db) -> Outcome<Wait> {
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
      if (db.run(statements_.admit_request, request.operator_name, request.route, request.limit) != 0) return Wait();
      std::string text;
      std::int64_t time = 0;
      {
        const auto row = db.query(statements_.admissions, request.operator_name, request.route);
        if (!row->next()) continue;  // too old to be kept
        text = row->text(0);
        time = row->integer(1);
      }
      const AdmissionLog log{text};
      if (const std::int64_t ahead = log.at(0) - time; ahead > 0) {
        // The clock was set back. The newest is taken as now and those before it keep their distance: nobody gets more
        // than the limit, or waits for longer than a minute. Should others do so first, this finds nothing to change.
        db.run(statements_.replace_admissions, request.operator_name, request.route, text, log.moved_back(ahead));
        continue;
      }
      const auto limit = static_cast<std::size_t>(request.limit);
      if (log.size() < limit) continue;  // it has room: others were at it
      const std::chrono::milliseconds wait(log.at(limit - 1) - time + std::chrono::milliseconds(limit_span).count());
      if (wait.count() > 0) return Wait(wait);
    }
    return Refusal(Unavailable{"the log of a limit does not come to rest"});
  });
}

Storage::Outcome<int> SqlStorage::count_near_limit(std::string_view route, int admitted, Deadline deadline) {
  return transactions_.read<int>(deadline, [&](Connection& db) -> Outcome<int> {
    const auto row = db.query(statements_.count_near_limit, route, admitted);
    row->next();
    return static_cast<int>(row->integer(0));
  });
}

Storage::Outcome<Storage::Done> SqlStorage::forget_admissions(Deadline deadline) {
  return transactions_.change<Done>(deadline, [&](Connection& db) -> Outcome<Done> {
    db.run(statements_.forget_admissions);
    return Done{};
  });
}

}  // namespace wms
