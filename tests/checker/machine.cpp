// SPDX-License-Identifier: MIT
#include "machine.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

namespace checker {
namespace {

constexpr ThreadId main_thread = 0;
constexpr unsigned never = ~0U;

const char* order_name(std::memory_order order) noexcept {
  switch (order) {
    case std::memory_order_relaxed:
      return "relaxed";
    case std::memory_order_consume:
      return "consume";
    case std::memory_order_acquire:
      return "acquire";
    case std::memory_order_release:
      return "release";
    case std::memory_order_acq_rel:
      return "acq_rel";
    case std::memory_order_seq_cst:
      return "seq_cst";
  }
  return "?";
}

std::string place_of(Site site) {
  const std::string_view file = site.file;
  const std::size_t slash = file.rfind('/');
  return std::string(slash == std::string_view::npos ? file : file.substr(slash + 1)) + ":" + std::to_string(site.line);
}

void pad(std::string& line, std::size_t width) {
  if (line.size() < width) line.append(width - line.size(), ' ');
}

/// Catches the signals of a bad memory access for the time of an exploration, so that it becomes a failure with a
/// trace.
class CrashHandler {
 public:
  explicit CrashHandler(void (*handler)(int)) {
    stack_t stack{};
    stack.ss_sp = stack_;
    stack.ss_size = sizeof stack_;
    sigaltstack(&stack, &old_stack_);
    struct sigaction action{};
    action.sa_handler = handler;
    // The handler leaves by changing the fibre and never returns, so the signal must not stay blocked.
    action.sa_flags = SA_ONSTACK | SA_NODEFER;
    for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &action, &old_[i]);
  }
  ~CrashHandler() {
    for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &old_[i], nullptr);
    sigaltstack(&old_stack_, nullptr);
  }
  CrashHandler(const CrashHandler&) = delete;
  CrashHandler& operator=(const CrashHandler&) = delete;

 private:
  static constexpr std::array<int, 4> signals{SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
  alignas(16) std::byte stack_[64 * 1024];
  stack_t old_stack_{};
  std::array<struct sigaction, signals.size()> old_{};
};

}  // namespace

// ------------------------------------------------------------------------------------------------ exploring

Machine::Machine(const Options& options) : options_(options), random_(options.seed * 0x9e3779b97f4a7c15U | 1U) {
  threads_[main_thread] = std::make_unique<Thread>(*this, main_thread);
  threads_[main_thread]->name_ = "main";
}

Machine& Machine::running() {
  if (current_machine == nullptr) {
    std::fputs("checker: an atomic of the simulated platform was used outside of checker::explore\n", stderr);
    std::abort();
  }
  return *current_machine;
}

Result explore(const Options& options, const Scenario& scenario) {
  const CrashHandler handler(&Machine::crashed);
  Machine machine(options);
  Result result;
  while (machine.executions_ < options.executions) {
    machine.execute(scenario);
    if (!machine.failure_.empty()) break;
    if (options.search == Search::random) {
      machine.choices_.clear();
    } else if (!machine.advance()) {
      result.exhaustive = true;
      break;
    }
  }
  machine.fill(result);
  if (!result.ok()) {
    // The same choices once more, this time writing down what happens.
    const Result again = replay(options, result.choices, scenario);
    result.trace = again.trace;
    if (again.failure != result.failure) {
      result.failure +=
          "\n(the same choices led elsewhere the second time, so the scenario depends on something else: " +
          (again.ok() ? "nothing failed" : again.failure) + ")";
    }
  }
  return result;
}

Result replay(const Options& options, const std::vector<std::uint32_t>& choices, const Scenario& scenario) {
  const CrashHandler handler(&Machine::crashed);
  Machine machine(options);
  for (const std::uint32_t chosen : choices) machine.choices_.push_back({0, chosen});
  machine.forgetful_ = true;
  machine.tracing_ = true;
  machine.execute(scenario);
  Result result;
  machine.fill(result);
  result.trace = machine.trace_;
  return result;
}

void Machine::fill(Result& result) const {
  result.failure = failure_;
  if (!failure_.empty()) {
    for (const Choice& choice : choices_) result.choices.push_back(choice.chosen);
  }
  result.outcomes = outcomes_;
  result.executions = executions_;
  result.steps = steps_;
  result.bounded = bounded_;
}

std::string Result::report() const {
  std::string text;
  if (!ok()) {
    text += "FAILED: " + failure + "\nchoices: {";
    for (std::size_t i = 0; i < choices.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(choices[i]);
    text += "}\n" + trace;
  }
  text += std::to_string(executions) + " executions, " + std::to_string(steps) + " steps, " +
          (exhaustive ? (bounded ? "exhaustive within the bounds" : "exhaustive") : "not exhaustive") + "\n";
  for (const auto& [outcome, count] : outcomes) text += "  " + std::to_string(count) + " x " + outcome + "\n";
  return text;
}

bool Machine::advance() {
  while (!choices_.empty() && choices_.back().chosen + 1 == choices_.back().options) choices_.pop_back();
  if (choices_.empty()) return false;
  ++choices_.back().chosen;
  return true;
}

std::uint32_t Machine::choose(std::uint32_t n, Purpose purpose) {
  if (n <= 1) return 0;
  if (next_choice_ == choices_.size()) {
    const bool at_random = options_.search == Search::random && !forgetful_;
    choices_.push_back({n, at_random ? choose_at_random(n, purpose) : 0});
  }
  Choice& choice = choices_[next_choice_];
  if (choice.options == 0) choice.options = n;  // a replay knows only what was chosen
  if (choice.options != n || choice.chosen >= n)
    fail("the scenario depends on something that the machine did not choose");
  ++next_choice_;
  return choice.chosen;
}

std::uint32_t Machine::choose(std::uint32_t n) { return choose(n, Purpose::other); }

std::uint32_t Machine::choose_at_random(std::uint32_t n, Purpose purpose) {
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  const auto number = static_cast<std::uint32_t>(random_ >> 33);
  // Going on and reading the latest store are what mostly happens; without that the bounds would be used up at once.
  if ((purpose == Purpose::schedule || purpose == Purpose::store_to_read) && number % 4 != 0) return 0;
  return number / 4 % n;
}

// ------------------------------------------------------------------------------------------------ one execution

void Machine::execute(const Scenario& scenario) {
  scenario_ = &scenario;
  execution_ = ++executions_ever;
  ++executions_;
  next_choice_ = 0;
  preemptions_ = stale_reads_ = stops_ = allocations_ = allocation_failures_left_ = 0;
  allocation_to_fail_ = never;
  fail_all_allocations_ = exit_hook_may_fail_ = leaks_permitted_ = false;
  exit_hook_ = nullptr;
  names_.clear();
  trace_.clear();
  memory_.reset();
  arena_.reset();
  thread_count_ = 1;

  Thread& main = *threads_[main_thread];
  main.wants_exit_hook_ = false;
  main.steps_ = 0;
  self_ = &main;
  main.fibre_.start([](void* machine) { static_cast<Machine*>(machine)->main_body(); }, this);

  Machine* const outer = current_machine;
  current_machine = this;
  Fibre::change(host_, main.fibre_);
  current_machine = outer;
}

void Machine::crashed(int signal) noexcept {
  // The processor refused an access of the code under test, which is a failure of this execution and of nothing else.
  const char* name = signal == SIGABRT ? "aborted" : signal == SIGFPE ? "bad arithmetic" : "access to invalid memory";
  current_machine->fail(std::string("crash: ") + name);
}

void Machine::fail(const std::string& what) {
  failure_ = self_->name_ + ": " + what;
  trace("FAILED: " + what, {});
  Fibre::change(self_->fibre_, host_);
  std::abort();  // an abandoned execution is never gone on with
}

void Machine::main_body() {
  try {
    (*scenario_)(*this);
  } catch (const std::exception& error) {
    fail(std::string("threw ") + error.what());
  } catch (...) {
    fail("threw");
  }
  bool someone_stopped = false;
  for (std::size_t i = 1; i < thread_count_; ++i) {
    if (threads_[i]->state_ == Thread::State::defined)
      fail("thread " + threads_[i]->name_ + " was defined and never run");
    someone_stopped = someone_stopped || threads_[i]->stopped();
  }
  if (!someone_stopped && !leaks_permitted_) {
    for (const Arena::Block& block : arena_.blocks()) {
      if (block.live) fail("leak of " + describe(block.begin));
    }
  }
  Fibre::change(self_->fibre_, host_);
  std::abort();
}

Thread& Machine::thread(std::string_view name, std::function<void()> function) {
  if (thread_count_ == max_threads) fail("more threads than the machine has");
  const auto id = static_cast<ThreadId>(thread_count_++);
  if (threads_[id] == nullptr) threads_[id] = std::make_unique<Thread>(*this, id);
  Thread& thread = *threads_[id];
  thread.state_ = Thread::State::defined;
  thread.may_stop_ = thread.wants_exit_hook_ = false;
  thread.steps_ = 0;
  thread.name_ = name;
  thread.function_ = std::move(function);
  thread.late_ = nullptr;
  thread.late_rounds_ = 0;
  return thread;
}

void Machine::run() {
  if (self_->id_ != main_thread) fail("only the scenario itself can run threads");
  for (std::size_t i = 1; i < thread_count_; ++i) {
    Thread& thread = *threads_[i];
    if (thread.state_ != Thread::State::defined) continue;
    thread.state_ = Thread::State::ready;
    memory_.fork(main_thread, thread.id_);
    thread.fibre_.start(
        [](void* argument) {
          auto& self = *static_cast<Thread*>(argument);
          self.machine_.thread_body(self);
        },
        &thread);
  }
  leave_thread();  // to the first of them; comes back when none is ready any more
  for (std::size_t i = 1; i < thread_count_; ++i) {
    if (threads_[i]->state_ == Thread::State::finished) memory_.join(main_thread, threads_[i]->id_);
  }
  memory_.see_latest(main_thread);
  trace("all threads have finished or stopped", {});
}

void Machine::thread_body(Thread& thread) {
  try {
    thread.function_();
    for (int round = 0; round < Thread::exit_rounds; ++round) {
      if (std::exchange(thread.wants_exit_hook_, false) && exit_hook_) {
        trace("exit hook", {});
        exit_hook_();
      }
      if (round < thread.late_rounds_) thread.late_();
    }
  } catch (const std::exception& error) {
    fail(std::string("threw ") + error.what());
  } catch (...) {
    fail("threw");
  }
  thread.state_ = Thread::State::finished;
  trace("ends", {});
  leave_thread();
}

// Goes on with any thread that is ready, or with the main one.
void Machine::leave_thread() {
  std::array<Thread*, max_threads> ready{};
  std::uint32_t count = 0;
  for (std::size_t i = 1; i < thread_count_; ++i) {
    if (threads_[i]->state_ == Thread::State::ready) ready[count++] = threads_[i].get();
  }
  Thread& next = count == 0 ? *threads_[main_thread] : *ready[choose(count, Purpose::thread)];
  if (&next != self_) change_to(next);
}

void Machine::change_to(Thread& next) {
  Thread& left = *self_;
  self_ = &next;
  Fibre::change(left.fibre_, next.fibre_);
}

// Before each operation on an atomic: who goes next?
void Machine::schedule() {
  ++steps_;
  Thread& self = *self_;
  if (++self.steps_ > options_.steps) {
    fail("thread " + self.name_ + " did not finish in " + std::to_string(options_.steps) + " steps");
  }
  if (self.id_ == main_thread) return;

  std::array<Thread*, max_threads> others{};
  std::uint32_t count = 0;
  // To wait before one's first operation is to be chosen later, which the choice of this thread has been about.
  if (self.steps_ > 1) {
    for (std::size_t i = 1; i < thread_count_; ++i) {
      Thread* other = threads_[i].get();
      if (other != &self && other->state_ == Thread::State::ready) others[count++] = other;
    }
    if (count > 0 && preemptions_ >= options_.preemptions) {
      bounded_ = true;
      count = 0;
    }
  }
  bool may_stop = self.may_stop_;
  if (may_stop && stops_ >= options_.stops) {
    bounded_ = true;
    may_stop = false;
  }
  const std::uint32_t chosen = choose(1 + count + (may_stop ? 1 : 0), Purpose::schedule);
  if (chosen == 0) return;
  if (chosen <= count) {
    ++preemptions_;
    change_to(*others[chosen - 1]);
    return;
  }
  ++stops_;
  self.state_ = Thread::State::stopped;
  trace("stops for ever", {});
  leave_thread();
}

// ------------------------------------------------------------------------------------------------ atomics

void Machine::check_alive(const Tracked& object, Site site) {
  if (object.mark != Tracked::alive || (object.execution != 0 && object.execution != execution_)) {
    const Arena::Block* block = arena_.find(&object);
    const char* what = block != nullptr && !block->live ? "use after free" : "use of an object that is not constructed";
    fail(std::string(what) + ": " + describe(&object) + " at " + place_of(site));
  }
  if (!memory_.happened_before(object.born, self_->id_)) {
    fail("use before initialisation: the construction of " + describe(&object) + " by " +
         threads_[object.born.thread]->name_ + " is not ordered before its use at " + place_of(site));
  }
}

std::memory_order Machine::begin_access(Tracked& object, std::uint64_t initial, std::memory_order order, Site site,
                                        const char* operation) {
  schedule();
  check_alive(object, site);
  if (object.registered != execution_) {
    object.registered = execution_;
    object.id = memory_.add_location(initial);
  }
  return options_.order_of ? options_.order_of({operation, order, site}) : order;
}

std::uint32_t Machine::choose_store(std::uint32_t oldest, std::uint32_t latest) {
  if (oldest >= latest) return latest;
  if (stale_reads_ >= options_.stale_reads) {
    bounded_ = true;
    return latest;
  }
  const std::uint32_t age = choose(latest - oldest + 1, Purpose::store_to_read);
  if (age > 0) ++stale_reads_;
  return latest - age;
}

std::uint64_t Machine::load(Tracked& object, std::uint64_t initial, std::memory_order order, Site site) {
  order = begin_access(object, initial, order, site, "load");
  const std::uint32_t store = choose_store(memory_.oldest(self_->id_, object.id, order), memory_.latest(object.id));
  memory_.read(self_->id_, object.id, store, order);
  const std::uint64_t value = memory_.value(object.id, store);
  if (tracing_) {
    trace(describe(object, "load") + " " + order_name(order) + " -> " + describe_value(object.kind, value) +
              describe_age(object, store),
          site);
  }
  return value;
}

void Machine::store(Tracked& object, std::uint64_t initial, std::uint64_t value, std::memory_order order, Site site) {
  order = begin_access(object, initial, order, site, "store");
  memory_.write(self_->id_, object.id, value, order);
  if (tracing_)
    trace(describe(object, "store") + " " + order_name(order) + " <- " + describe_value(object.kind, value), site);
}

void Machine::finish_read_modify_write(const Tracked& object, std::uint64_t before, std::uint64_t after,
                                       std::memory_order order, Site site, const char* operation) {
  memory_.read_modify_write(self_->id_, object.id, after, order);
  if (tracing_) {
    trace(describe(object, operation) + " " + order_name(order) + " " + describe_value(object.kind, before) + " -> " +
              describe_value(object.kind, after),
          site);
  }
}

bool Machine::compare_exchange(Tracked& object, std::uint64_t initial, std::uint64_t& expected, std::uint64_t desired,
                               std::memory_order success, std::memory_order failure, Site site) {
  success = begin_access(object, initial, success, site, "compare_exchange");
  const std::uint32_t latest = memory_.latest(object.id);
  const bool can_succeed = memory_.value(object.id, latest) == expected;
  // A strong exchange fails only on a value that differs, but that may be an older one than the latest.
  const std::uint32_t oldest = memory_.oldest(self_->id_, object.id, failure);
  std::uint32_t store = latest;
  const auto differs = [&](std::uint32_t i) { return memory_.value(object.id, i) != expected; };
  std::uint32_t differing = 0;
  for (std::uint32_t i = latest; i-- > oldest;) {
    if (differs(i)) ++differing;
  }
  if (differing > 0) {
    if (stale_reads_ >= options_.stale_reads) {
      bounded_ = true;
    } else if (std::uint32_t age = choose(1 + differing, Purpose::store_to_read); age > 0) {
      ++stale_reads_;
      while (age > 0) {
        if (differs(--store)) --age;
      }
    }
  }
  if (store == latest && can_succeed) {
    finish_read_modify_write(object, expected, desired, success, site, "compare_exchange");
    return true;
  }
  if (options_.order_of) failure = options_.order_of({"compare_exchange failure", failure, site});
  memory_.read(self_->id_, object.id, store, failure);
  const std::uint64_t found = memory_.value(object.id, store);
  if (tracing_) {
    trace(describe(object, "compare_exchange") + " " + order_name(failure) + " expected " +
              describe_value(object.kind, expected) + ", found " + describe_value(object.kind, found) +
              describe_age(object, store),
          site);
  }
  expected = found;
  return false;
}

void Machine::fence(std::memory_order order, Site site) {
  schedule();
  if (options_.order_of) order = options_.order_of({"fence", order, site});
  memory_.fence(self_->id_, order);
  trace(std::string("fence ") + order_name(order), site);
}

void Machine::fence_every_thread(Site site) {
  schedule();
  memory_.fence_every_thread(self_->id_, thread_count_);
  trace("fence in every thread", site);
}

// ------------------------------------------------------------------------------------------------ plain members

void Machine::plain_read(Tracked& object, Races& races, Site site) {
  check_alive(object, site);
  if (!memory_.happened_before(races.written, self_->id_)) {
    fail("data race: " + describe(&object) + ", written by " + threads_[races.written.thread]->name_ +
         ", is read unordered at " + place_of(site));
  }
  races.read[self_->id_] = now().time;
}

void Machine::plain_write(Tracked& object, Races& races, Site site) {
  check_alive(object, site);
  if (!memory_.happened_before(races.written, self_->id_)) {
    fail("data race: " + describe(&object) + ", written by " + threads_[races.written.thread]->name_ +
         ", is written unordered at " + place_of(site));
  }
  for (ThreadId reader = 0; reader < max_threads; ++reader) {
    if (!memory_.happened_before({reader, races.read[reader]}, self_->id_)) {
      fail("data race: " + describe(&object) + ", read by " + threads_[reader]->name_ + ", is written unordered at " +
           place_of(site));
    }
  }
  races.written = now();
}

// ------------------------------------------------------------------------------------------------ memory and exit

void* Machine::allocate(std::size_t bytes, std::size_t align) {
  bool refused = fail_all_allocations_ || allocations_ == allocation_to_fail_;
  ++allocations_;
  if (!refused && allocation_failures_left_ > 0) {
    refused = choose(2, Purpose::other) == 1;
    if (refused) --allocation_failures_left_;
  }
  if (refused) {
    if (tracing_) trace("allocate " + std::to_string(bytes) + " bytes: refused", {});
    return nullptr;
  }
  Arena::Block* freed = options_.reuse_memory ? arena_.last_freed(bytes, align) : nullptr;
  const bool again = freed != nullptr && choose(2, Purpose::other) == 1;
  void* p = again ? arena_.allocate_again(*freed, self_->id_) : arena_.allocate(bytes, align, self_->id_);
  if (p == nullptr) fail("the machine's memory is exhausted");
  if (tracing_) trace(std::string(again ? "allocate again " : "allocate ") + describe(p), {});
  return p;
}

void Machine::deallocate(void* p, std::size_t bytes, std::size_t align) {
  if (tracing_) trace("deallocate " + describe(p), {});
  if (const char* wrong = arena_.deallocate(p, bytes, align)) fail(wrong + (": " + describe(p)));
}

bool Machine::at_thread_exit() {
  if (exit_hook_may_fail_ && choose(2, Purpose::other) == 1) {
    trace("at_thread_exit: refused", {});
    return false;
  }
  self_->wants_exit_hook_ = true;
  return true;
}

// ------------------------------------------------------------------------------------------------ traces

void Machine::name_range(const void* begin, std::size_t bytes, std::string_view text) {
  names_.push_back({static_cast<const std::byte*>(begin), bytes, std::string(text)});
}

std::string Machine::describe(const void* address) const {
  const auto* p = static_cast<const std::byte*>(address);
  // The last name given is the most particular one.
  for (auto named = names_.rbegin(); named != names_.rend(); ++named) {
    if (p < named->begin || p >= named->begin + named->bytes) continue;
    const auto offset = p - named->begin;
    return offset == 0 ? named->name : named->name + "+" + std::to_string(offset);
  }
  if (const Arena::Block* block = arena_.find(p)) {
    const auto number = block - arena_.blocks().data() + 1;
    const auto offset = p - block->begin;
    return "block " + std::to_string(number) + (offset == 0 ? "" : "+" + std::to_string(offset)) + " (" +
           std::to_string(block->bytes) + " bytes by " + threads_[block->allocated_by]->name_ +
           (block->live ? ")" : ", freed)");
  }
  return "an object outside the machine's memory";
}

std::string Machine::describe(const Tracked& object, const char* what) const {
  std::string text = what;
  pad(text, 16);
  return text + " #" + std::to_string(object.id) + " " + describe(&object);
}

std::string Machine::describe_value(Kind kind, std::uint64_t bits) const {
  switch (kind) {
    case Kind::boolean:
      return bits != 0 ? "true" : "false";
    case Kind::signed_number:
      return std::to_string(static_cast<std::int64_t>(bits));
    case Kind::floating: {
      double value;
      std::memcpy(&value, &bits, sizeof value);
      return std::to_string(value);
    }
    case Kind::pointer:
      return bits == 0 ? "null" : "&" + describe(reinterpret_cast<const void*>(bits));
    case Kind::unsigned_number:
      break;
  }
  return std::to_string(bits);
}

std::string Machine::describe_age(const Tracked& object, std::uint32_t store) const {
  const std::uint32_t age = memory_.latest(object.id) - store;
  std::string text = " (from ";
  text += store == 0 ? "its construction" : threads_[memory_.writer(object.id, store)]->name_;
  if (age > 0) text += ", OLD by " + std::to_string(age);
  return text + ")";
}

void Machine::trace(const std::string& text, Site site) {
  if (!tracing_) return;
  std::string line = self_->name_;
  pad(line, 10);
  line += "  " + text;
  if (site.line != 0) {
    pad(line, 100);
    line += "  " + place_of(site);
  }
  trace_ += line + "\n";
}

}  // namespace checker
