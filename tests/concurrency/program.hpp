// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Runs the programs of tests/exit_programs: what ends, forks or breaks a process cannot be tested inside of one.

#include <string>
#include <vector>

namespace concurrency {

/// How a program ended, and what it wrote.
struct Outcome {
  int exit_status = -1;  ///< -1 if a signal ended it
  int signal = 0;        ///< the signal that ended it, or 0
  std::string output;    ///< standard output
  std::string errors;    ///< standard error
};

/// Where a program or plug-in of the tests lies: in a folder beside this program.
std::string exit_program(const std::string& name);

/// Runs a program to its end. One that is stuck is ended by SIGALRM after five minutes.
Outcome run_program(const std::string& path, const std::vector<std::string>& arguments = {});

}  // namespace concurrency
