// SPDX-License-Identifier: MIT
// One thread per connection. Request k of the whole shift is due at start + k / rate and belongs to connection k modulo
// N, so neither a slow answer nor a slow neighbour moves the moment from which a latency is measured.

#include "shift.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "connection.hpp"
#include "plant.hpp"

namespace wms_traffic {
namespace {

using std::chrono::steady_clock;
constexpr auto grace = std::chrono::seconds(10);

/// The file of acknowledgements: one write per line, so that what was acknowledged is in it whatever happens next.
class Acks {
 public:
  explicit Acks(const std::string& path) {
    if (path.empty()) return;
    file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (file_ < 0) throw std::runtime_error("cannot open " + path);
  }
  ~Acks() {
    if (file_ >= 0) ::close(file_);
  }
  Acks(const Acks&) = delete;
  Acks& operator=(const Acks&) = delete;

  void write(const Acknowledged& what) {
    if (file_ < 0) return;
    const char* const made = what.what == Makes::lot        ? "lot"
                             : what.what == Makes::decision ? "decision"
                                                            : "offline_lot";
    nlohmann::json line{{"what", made}, {"kind", what.kind}, {"id", what.id}};
    if (what.what == Makes::decision) line["lot_id"] = what.lot_id;
    const std::string text = line.dump() + "\n";
    if (::write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) failed_ = true;
  }
  bool failed() const { return failed_; }

 private:
  int file_ = -1;
  std::atomic<bool> failed_ = false;
};

/// What the progress line shows; the only thing that the connections share while they work.
struct Progress {
  std::atomic<std::uint64_t> answered = 0;
  std::atomic<std::uint64_t> without_answer = 0;
  std::atomic<std::uint64_t> unexpected = 0;
  std::atomic<std::size_t> connections_at_work = 0;
};

struct Schedule {
  steady_clock::time_point start;
  double requests_per_second;
  std::uint64_t planned;

  steady_clock::time_point due(std::uint64_t k) const {
    const std::chrono::duration<double> offset(static_cast<double>(k) / requests_per_second);
    return start + std::chrono::duration_cast<steady_clock::duration>(offset);
  }
};

void handle(const Step& step, const Answer& answer, const Options& options, Plant& plant, Tally& tally, Acks& acks,
            Progress& progress) {
  const auto unexpected = [&](std::string detail) {
    tally.record_unexpected({{step.route, step.method}, step.expected_status, answer.status, std::move(detail)});
    ++progress.unexpected;
  };
  if (answer.outcome != Outcome::answered) {
    ++progress.without_answer;
    plant.forget(step);
    if (options.disconnects == Disconnects::are_failures) unexpected(answer.fault);
    return;
  }
  ++progress.answered;
  if (answer.status != step.expected_status) {
    plant.forget(step);
    unexpected(answer.body.substr(0, 500));
    return;
  }
  if (!answer.fault.empty()) unexpected(answer.fault);
  std::vector<Acknowledged> acknowledged;
  if (std::string fault = plant.learn(step, answer.body, acknowledged); !fault.empty()) unexpected(std::move(fault));
  for (Acknowledged& one : acknowledged) {
    acks.write(one);
    tally.acknowledged.push_back(std::move(one));
  }
}

void run_connection(std::size_t index, const Options& options, const Schedule& schedule, Plant plant, Acks& acks,
                    const std::atomic<bool>& stop, Progress& progress, Tally& tally) {
  Connection connection(options);
  const auto give_up = schedule.due(schedule.planned) + grace;
  for (std::uint64_t k = index; k < schedule.planned; k += options.connections) ++tally.planned;
  for (std::uint64_t k = index; k < schedule.planned; k += options.connections) {
    const auto due = schedule.due(k);
    // In short naps, so that an interrupt ends the shift soon.
    while (!stop && steady_clock::now() < due) {
      std::this_thread::sleep_until(std::min(due, steady_clock::now() + std::chrono::milliseconds(200)));
    }
    if (stop || steady_clock::now() > give_up) break;
    const Step step = plant.next();
    const Answer answer = connection.send(step);
    tally.record(step, answer, steady_clock::now() - due);
    handle(step, answer, options, plant, tally, acks, progress);
  }
  --progress.connections_at_work;
}

/// Shows how it goes: in place on a terminal, every five seconds elsewhere.
class ProgressLine {
 public:
  ProgressLine(const Options& options, const Schedule& schedule, const Progress& progress)
      : options_(options), schedule_(schedule), progress_(progress), terminal_(::isatty(STDERR_FILENO) == 1) {}

  void show() const {
    const std::chrono::duration<double> elapsed = steady_clock::now() - schedule_.start;
    const auto due = static_cast<std::uint64_t>(
        std::min(static_cast<double>(schedule_.planned), std::ceil(elapsed.count() * options_.requests_per_second)));
    const std::uint64_t answered = progress_.answered;
    const std::uint64_t silent = progress_.without_answer;
    const std::uint64_t done = answered + silent;
    std::fprintf(
        stderr, "%straffic: %3.0f of %g s, %llu answered, %llu due and waiting, %llu without answer, %llu unexpected%s",
        terminal_ ? "\r" : "", elapsed.count(), options_.duration.count(), static_cast<unsigned long long>(answered),
        static_cast<unsigned long long>(due > done ? due - done : 0), static_cast<unsigned long long>(silent),
        static_cast<unsigned long long>(progress_.unexpected.load()), terminal_ ? "  " : "\n");
    std::fflush(stderr);
  }
  /// Whether the planned end is less than half an interval away.
  bool is_the_end_near() const {
    const std::chrono::duration<double> past_the_end = steady_clock::now() - schedule_.start - options_.duration;
    return std::chrono::abs(past_the_end) < interval() / 2;
  }
  void end() const {
    show();
    if (terminal_) std::fputc('\n', stderr);
  }
  std::chrono::milliseconds interval() const { return std::chrono::milliseconds(terminal_ ? 500 : 5'000); }

 private:
  const Options& options_;
  const Schedule& schedule_;
  const Progress& progress_;
  bool terminal_;
};

/// Distinguishes this run's lot codes from those of every other run on the same database.
std::string run_stamp() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  auto number = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
  std::string stamp;
  for (; number != 0; number /= 36) stamp += "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[number % 36];
  return stamp;
}

}  // namespace

ShiftResult work(const Options& options, const std::vector<Operator>& operators, const std::atomic<bool>& stop) {
  Acks acks(options.acks_path);
  ShiftResult result;
  result.connections.resize(options.connections);
  const std::string stamp = run_stamp();
  const double planned = std::ceil(options.requests_per_second * options.duration.count());
  const Schedule schedule{steady_clock::now(), options.requests_per_second, static_cast<std::uint64_t>(planned)};
  Progress progress;
  progress.connections_at_work = options.connections;

  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < options.connections; ++i) {
    const std::uint64_t seed = options.seed * 1'000'003 + i;
    Plant plant(Crew(operators, i), stamp + "-" + std::to_string(i), seed, options.mistakes_percent);
    threads.emplace_back(run_connection, i, std::cref(options), std::cref(schedule), std::move(plant), std::ref(acks),
                         std::cref(stop), std::ref(progress), std::ref(result.connections[i]));
  }

  const ProgressLine line(options, schedule, progress);
  auto next_line = schedule.start + line.interval();
  while (progress.connections_at_work != 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (steady_clock::now() < next_line) continue;
    // The last line, which comes in a moment, would only repeat it.
    if (!line.is_the_end_near()) line.show();
    next_line += line.interval();
  }
  for (std::thread& thread : threads) thread.join();
  result.elapsed = steady_clock::now() - schedule.start;
  line.end();
  if (acks.failed()) throw std::runtime_error("cannot write " + options.acks_path);
  return result;
}

}  // namespace wms_traffic
