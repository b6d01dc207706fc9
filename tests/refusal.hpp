// SPDX-License-Identifier: MIT
#pragma once

// What the library says when it refuses a definition. Without exceptions a refusal ends the process, so there a child is
// asked.

#include <string>
#include <string_view>

#include <flowviz_metrics/error.hpp>

#if !defined(__cpp_exceptions)
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#endif

/// The message with which `define()` is refused, or an empty text if it is not.
template <class Define>
std::string refusal(Define define) {
#if defined(__cpp_exceptions)
  try {
    define();
  } catch (const flowviz::Error& error) {
    return error.what();
  }
  return {};
#else
  constexpr std::string_view before = "flowviz_metrics: ";
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  const pid_t child = ::fork();
  if (child < 0) std::abort();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // doctest's would report a failed case
    ::dup2(ends[1], STDERR_FILENO);
    define();
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string said;
  char block[512];
  for (ssize_t count; (count = ::read(ends[0], block, sizeof block)) > 0;) {
    said.append(block, static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  if (::waitpid(child, &status, 0) != child) std::abort();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    define();  // what is not refused has its effect here, too
    return said;
  }
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT || !said.starts_with(before) || !said.ends_with('\n')) {
    return "the program did not end with a message: " + said;
  }
  return said.substr(before.size(), said.size() - before.size() - 1);
#endif
}

/// Whether a message names the rule, or whatever else it has to say.
inline bool says(const std::string& message, std::string_view words) {
  return !words.empty() && message.find(words) != std::string::npos;
}
