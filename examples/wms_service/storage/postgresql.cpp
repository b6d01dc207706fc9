// SPDX-License-Identifier: MIT
#include "storage/postgresql.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace wms::postgresql {
namespace {

using Clock = std::chrono::steady_clock;

const Sql commit_transaction{"commit", DbOperation::transaction, "COMMIT"};
const Sql rollback_transaction{"rollback", DbOperation::transaction, "ROLLBACK"};
const Sql check_connection{"check_connection", DbOperation::select, "SELECT 1"};

// What is sent at a transaction's begin depends on the time that is left.
Sql begin_read(const std::string& settings) {
  return {"begin_read", DbOperation::transaction, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; " + settings};
}
Sql begin_write(const std::string& settings) {
  return {"begin_write", DbOperation::transaction, "BEGIN ISOLATION LEVEL READ COMMITTED; " + settings};
}

// Who was idle for less is not asked: it would double the statements of a busy service.
constexpr std::chrono::seconds trusted_for{1};
// By how much the server gives up earlier than we do, so that its answer is still in time and the connection survives.
constexpr std::chrono::milliseconds earlier{50};

Failure failure_of(std::string_view severity, std::string_view state) {
  if (severity == "FATAL" || severity == "PANIC" || state.starts_with("08")) return Failure::lost;
  if (state == "40001" || state == "40P01") return Failure::conflict;  // serialization_failure, deadlock_detected
  // Resources, intervention of an operator (a timeout among them), the system; a lock; a standby that only reads.
  const bool passes = state.starts_with("53") || state.starts_with("57") || state.starts_with("58") ||
                      state == "55P03" || state == "25006";
  return passes ? Failure::unavailable : Failure::mistake;
}

/// In one line.
std::string message_of(const PGconn* connection) {
  std::string text = PQerrorMessage(connection);
  while (text.ends_with('\n')) text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.empty() ? "the connection was lost" : text;
}

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

std::int64_t number_in(const char* text) {
  std::int64_t number = 0;
  std::from_chars(text, text + std::char_traits<char>::length(text), number);
  return number;
}

/// $1 for ?1.
std::string with_dollars(std::string text) {
  std::replace(text.begin(), text.end(), '?', '$');
  return text;
}

/// Parameters as libpq takes them.
class Values {
 public:
  explicit Values(std::span<const Parameter> parameters) {
    texts_.reserve(parameters.size());  // what points_ points to stays where it is
    for (const Parameter& parameter : parameters) {
      if (const auto* number = std::get_if<std::int64_t>(&parameter.value())) {
        texts_.push_back(std::to_string(*number));
      } else if (const auto* text = std::get_if<std::string_view>(&parameter.value())) {
        if (text->find('\0') != std::string_view::npos) {
          throw DatabaseError(Failure::mistake, "PostgreSQL takes no text that holds NUL");
        }
        texts_.emplace_back(*text);
      } else {
        pointers_.push_back(nullptr);
        continue;
      }
      pointers_.push_back(texts_.back().c_str());
    }
  }

  int size() const { return static_cast<int>(pointers_.size()); }
  const char* const* data() const { return pointers_.data(); }

 private:
  std::vector<std::string> texts_;
  std::vector<const char*> pointers_;
};

}  // namespace

/// The rows of a result, all of which are here.
class Connection::Table : public Rows {
 public:
  explicit Table(Result result) : result_(std::move(result)) {}

  bool next() override { return ++row_ < PQntuples(result_.get()); }
  std::int64_t integer(int column) const override { return number_in(PQgetvalue(result_.get(), row_, column)); }
  bool is_null(int column) const override { return PQgetisnull(result_.get(), row_, column) == 1; }
  std::string text(int column) const override {
    return {PQgetvalue(result_.get(), row_, column),
            static_cast<std::size_t>(PQgetlength(result_.get(), row_, column))};
  }

 private:
  Result result_;
  int row_ = -1;
};

Connection::Connection(const Address& address, Deadline deadline, const flowviz::bundles::Database* metrics)
    : metrics_(metrics), deadline_(deadline) {
  // Their series are there from the start.
  for (const Sql& sql : {commit_transaction, rollback_transaction, check_connection, begin_read(""), begin_write("")}) {
    metric(sql);
  }
  connect(address);
}

void Connection::connect(const Address& address) {
  const std::string password = address.password.value_or("");
  const std::array keywords{"dbname", "password", "client_encoding", "fallback_application_name",
                            static_cast<const char*>(nullptr)};
  const std::array values{address.url.c_str(), password.c_str(), "UTF8", "wms_service",
                          static_cast<const char*>(nullptr)};
  constexpr int url_in_dbname = 1;
  connection_.reset(PQconnectStartParams(keywords.data(), values.data(), url_in_dbname));
  if (!connection_) throw DatabaseError(Failure::lost, "out of memory");
  PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);  // stderr is for the log
  if (PQstatus(connection_.get()) == CONNECTION_BAD) lose("connect");
  for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK; state = PQconnectPoll(connection_.get())) {
    if (state == PGRES_POLLING_FAILED) lose("connect");
    wait_for(state == PGRES_POLLING_READING ? POLLIN : POLLOUT, "connect");
  }
  if (PQsetnonblocking(connection_.get(), 1) != 0) lose("connect");
}

void Connection::run_script(const Sql& script) { execute_script(script); }

void Connection::begin(Access access) {
  // No parameters can be bound here; what stands in the text is a number of our own.
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now()) - earlier;
  const auto timeout_ms = std::clamp<std::int64_t>(left.count(), 1, INT_MAX);
  const std::string timeout = "SET LOCAL statement_timeout = " + std::to_string(timeout_ms);
  execute_script(access == Access::read ? begin_read(timeout) : begin_write(timeout));
}

void Connection::commit() {
  try {
    const Result result = execute(commit_transaction, {});
    if (std::string_view(PQcmdStatus(result.get())) != "COMMIT") {
      throw DatabaseError(Failure::mistake, "the transaction had failed before", "commit");
    }
  } catch (const DatabaseError& error) {
    // A server that says no has rolled it back. One that says nothing may have committed it.
    if (error.failure() == Failure::lost) throw DatabaseError(Failure::unknown_outcome, error.what());
    throw;
  }
}

void Connection::rollback() noexcept {
  try {
    execute(rollback_transaction, {});
  } catch (const DatabaseError&) {
    connection_.reset();  // which rolls back as well
  }
}

bool Connection::in_transaction() const {
  return connection_ && PQtransactionStatus(connection_.get()) != PQTRANS_IDLE;
}

bool Connection::is_usable() const noexcept {
  return connection_ && PQstatus(connection_.get()) == CONNECTION_OK &&
         PQtransactionStatus(connection_.get()) == PQTRANS_IDLE;
}

bool Connection::is_alive(std::chrono::steady_clock::duration idle) noexcept {
  // What a server says unasked is a farewell, whose end is another look away, or of no interest.
  constexpr int looks = 3;
  for (int i = 0; i < looks; ++i) {
    pollfd socket{PQsocket(connection_.get()), POLLIN, 0};
    if (poll(&socket, 1, 0) <= 0) break;
    if (PQconsumeInput(connection_.get()) == 0) return false;
  }
  if (!is_usable()) return false;
  if (idle < trusted_for) return true;
  try {
    execute(check_connection, {});
    return true;
  } catch (const DatabaseError&) {
    return false;
  }
}

std::unique_ptr<Rows> Connection::start(const Sql& sql, std::span<const Parameter> parameters) {
  return std::make_unique<Table>(execute(sql, parameters));
}

std::int64_t Connection::change(const Sql& sql, std::span<const Parameter> parameters) {
  const Result result = execute(sql, parameters);
  return number_in(PQcmdTuples(result.get()));
}

Connection::Result Connection::execute(const Sql& sql, std::span<const Parameter> parameters) {
  const Values values(parameters);
  const Known& statement = known(sql);
  flowviz::libpq::Query query(statement.metric);
  if (!connection_) throw DatabaseError(Failure::lost, "the connection was dropped", std::string(sql.name.text()));
  const bool sent = PQsendQueryParams(connection_.get(), statement.text.c_str(), values.size(), nullptr, values.data(),
                                      nullptr, nullptr, 0) == 1;
  return receive(query, sent, sql);
}

Connection::Result Connection::execute_script(const Sql& script) {
  flowviz::libpq::Query query(metric(script));
  if (!connection_) throw DatabaseError(Failure::lost, "the connection was dropped", std::string(script.name.text()));
  return receive(query, PQsendQuery(connection_.get(), script.text.c_str()) == 1, script);
}

/// The last result of what was sent, or the first one that is an error, thrown.
Connection::Result Connection::receive(flowviz::libpq::Query& query, bool sent, const Sql& sql) {
  const std::string name(sql.name.text());
  PGconn* const connection = connection_.get();
  if (!sent) lose(name);
  int left = 1;
  while ((left = PQflush(connection)) == 1) {
    wait_for(POLLIN | POLLOUT, name);  // a server that does not read until it is read from would stop us both
    if (PQconsumeInput(connection) == 0) lose(name);
  }
  if (left < 0) lose(name);
  Result answer;
  while (true) {
    while (PQisBusy(connection) == 1) {
      wait_for(POLLIN, name);
      if (PQconsumeInput(connection) == 0) lose(name);
    }
    Result result(query.get_result(connection));
    if (!result) break;
    if (!answer || !flowviz::libpq::is_error(answer.get())) answer = std::move(result);
  }
  if (!answer) lose(name);
  if (!flowviz::libpq::is_error(answer.get())) return answer;

  const std::string severity = field(answer.get(), PG_DIAG_SEVERITY_NONLOCALIZED);  // PgBouncer sends the other one
  const auto failure = failure_of(severity.empty() ? field(answer.get(), PG_DIAG_SEVERITY) : severity,
                                  field(answer.get(), PG_DIAG_SQLSTATE));
  const bool is_gone = failure == Failure::lost || PQstatus(connection) == CONNECTION_BAD;
  const std::string reason = field(answer.get(), PG_DIAG_MESSAGE_PRIMARY);
  if (is_gone && reason.empty()) lose(name);
  if (is_gone) connection_.reset();
  throw DatabaseError(is_gone ? Failure::lost : failure, reason, name);
}

/// Until the socket is ready for one of `events`. What comes too late comes to nobody: the connection is dropped.
void Connection::wait_for(short events, const std::string& what) {
  pollfd socket{PQsocket(connection_.get()), events, 0};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Clock::now()).count();
    const int ready = left <= 0 ? 0 : poll(&socket, 1, static_cast<int>(std::min<std::int64_t>(left, INT_MAX)));
    if (ready > 0) return;
    if (ready < 0 && errno == EINTR) continue;
    connection_.reset();
    throw DatabaseError(Failure::lost, "no answer in time", what);
  }
}

void Connection::lose(const std::string& what) {
  const std::string reason = message_of(connection_.get());
  connection_.reset();
  throw DatabaseError(Failure::lost, reason, what);
}

const Connection::Known& Connection::known(const Sql& sql) {
  const auto [entry, is_new] = statements_.try_emplace(sql.text);
  if (is_new) entry->second = {with_dollars(sql.text), metric(sql)};
  return entry->second;
}

flowviz::bundles::Database::Statement Connection::metric(const Sql& sql) const {
  return metrics_ == nullptr ? flowviz::bundles::Database::Statement() : metrics_->statement(sql.name, sql.operation);
}

}  // namespace wms::postgresql
