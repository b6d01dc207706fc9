// SPDX-License-Identifier: MIT
// Nothing is lost when threads and processes end, fork, stop, or run out of what they need: programs of their own, whose
// exit status is the result.

#include <signal.h>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "concurrency/program.hpp"
#include "support/text_validator.hpp"

using concurrency::exit_program;
using concurrency::Outcome;
using concurrency::run_program;

namespace {

// Runs a program that has to succeed; returns what it printed.
std::string run_well(const std::string& name, const std::vector<std::string>& arguments = {}) {
  const Outcome outcome = run_program(exit_program(name), arguments);
  INFO(name << " wrote: " << outcome.errors);
  CHECK(outcome.signal == 0);
  CHECK(outcome.exit_status == 0);
  return outcome.output;
}

void check_valid(const std::string& page) {
  CHECK(!page.empty());
  for (const support::Violation& violation : support::validate_text(page)) {
    FAIL_CHECK(violation.rule << ", line " << violation.line << ": " << violation.detail);
  }
}

}  // namespace

TEST_CASE("static constructors, atexit functions and static destructors count") { run_well("process_end"); }

TEST_CASE("destructors of thread_locals and of pthread keys count, and leases end whenever they can") {
  run_well("thread_end");
}

TEST_CASE("detached threads count while main returns and statics are destroyed") { run_well("detached_threads"); }

// Not with libc++: pthread_exit unwinds by libgcc, whose frames the unwinder of libc++abi takes for its own.
#ifndef _LIBCPP_VERSION
TEST_CASE("a process that outlives its main thread counts to the end") { run_well("main_thread_leaves"); }
#endif

// Not with libc++, whose libc++abi ends a program in which it finds no key for itself.
#ifndef _LIBCPP_VERSION
TEST_CASE("threads count when the system has no pthread key left") { run_well("no_keys"); }
#endif

// Not under an emulator: what qemu-user knows of a process is behind locks of its own, which a fork of a busy one copies as
// they are, and the child waits for them for ever.
#ifndef FLOWVIZ_METRICS_EMULATOR
TEST_CASE("the child of a busy process counts on from the parent's values, and the parent does not notice") {
  run_well("fork_busy");
}
#endif

TEST_CASE("a thread that another fork handler starts in the child shares no column with those that come later") {
  run_well("fork_early_handler");
}

TEST_CASE("nor does it if the library's own handler runs once more behind the other one") {
  run_well("fork_early_handler", {"twice"});
}

TEST_CASE("nobody waits for a thread that is stopped while it counts, creates, registers or scrapes") {
  run_well("stopped_threads");
}

TEST_CASE("nothing throws, aborts or is lost when memory runs out") { check_valid(run_well("no_memory")); }

TEST_CASE("a series takes no more memory than was counted before") { run_well("series_memory"); }

TEST_CASE("an operator new that counts neither recurses nor loses anything") { run_well("counting_new"); }

// Not with libc++, which takes the types of two modules that export nothing for two types: the program ends with the same
// message, but its host cannot catch it. Nor can a host without exceptions.
#if !defined(_LIBCPP_VERSION) && defined(__cpp_exceptions)
TEST_CASE("a plug-in with a copy of the library is refused by its host's registry") {
  run_well("plugin_apart", {exit_program("plugin_hidden.so")});
}
#endif

TEST_CASE("a plug-in and its host have one registry, never share a column, and the plug-in can be unloaded") {
  check_valid(run_well("plugin_host", {exit_program("plugin_default.so")}));
}

TEST_CASE("the same holds for a plug-in that is built with -fvisibility=hidden") {
  check_valid(run_well("plugin_host", {exit_program("plugin_hidden.so")}));
}

TEST_CASE("a program and a shared object that it is linked with have one registry and never share a column") {
  run_well("shared_object");
}

#ifndef NDEBUG
TEST_CASE("an assertion catches the use of a handle whose registry has ended") {
  for (const char* handle :
       {"counter", "counter series", "double counter", "gauge set", "gauge add", "up-down counter", "histogram series",
        "look-up", "look-up of a new value", "look-up of a new value in a new chunk", "callback"}) {
    CAPTURE(handle);
    const Outcome outcome = run_program(exit_program("registry_outlived"), {handle});
    CHECK(outcome.signal == SIGABRT);
    CHECK(outcome.errors.find("was used after its registry was destroyed") != std::string::npos);
  }
}
#endif

TEST_CASE("a program that uses no handle after its registry has ended ends well, and leaks nothing") {
  run_well("registry_outlived", {"none"});
}
