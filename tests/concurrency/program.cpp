// SPDX-License-Identifier: MIT
#include "concurrency/program.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>

namespace concurrency {
namespace {

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::abort();
}

struct Pipe {
  int ends[2];
  Pipe() {
    if (::pipe(ends) != 0) give_up("pipe");
  }
};

// Reads from both pipes until nobody writes to either.
void read_all(const Pipe& first, std::string& to_first, const Pipe& second, std::string& to_second) {
  std::array<pollfd, 2> open{{{first.ends[0], POLLIN, 0}, {second.ends[0], POLLIN, 0}}};
  const std::array<std::string*, 2> to{&to_first, &to_second};
  while (open[0].fd >= 0 || open[1].fd >= 0) {
    if (::poll(open.data(), open.size(), -1) < 0 && errno != EINTR) break;
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (open[i].fd < 0 || open[i].revents == 0) continue;
      std::array<char, 4096> block;
      const ssize_t count = ::read(open[i].fd, block.data(), block.size());
      if (count > 0) {
        to[i]->append(block.data(), static_cast<std::size_t>(count));
      } else {
        ::close(open[i].fd);
        open[i].fd = -1;  // poll passes it over
      }
    }
  }
}

// What goes before a program's path: nothing, or the emulator of a cross-build, for a kernel knows no way to start a
// program of another machine. Programs of the system, which have a name and no path, are of this one.
std::vector<std::string> launcher([[maybe_unused]] const std::string& path) {
  std::vector<std::string> words;
#ifdef FLOWVIZ_METRICS_EMULATOR
  if (path.find('/') == std::string::npos) return words;
  std::istringstream emulator(FLOWVIZ_METRICS_EMULATOR);
  for (std::string word; emulator >> word;) words.push_back(word);
#endif
  return words;
}

}  // namespace

std::string exit_program(const std::string& name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "exit_programs" / name;
}

Outcome run_program(const std::string& path, const std::vector<std::string>& arguments) {
  const std::vector<std::string> before = launcher(path);
  std::vector<char*> argv;
  for (const std::string& word : before) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(const_cast<char*>(path.c_str()));
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const Pipe output, errors;
  const pid_t pid = ::fork();
  if (pid < 0) give_up("fork");
  if (pid == 0) {
    ::dup2(output.ends[1], STDOUT_FILENO);
    ::dup2(errors.ends[1], STDERR_FILENO);
    for (const int end : {output.ends[0], output.ends[1], errors.ends[0], errors.ends[1]}) ::close(end);
    const rlimit no_core{0, 0};  // some programs end by a signal on purpose
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::alarm(300);  // goes on counting behind exec
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(output.ends[1]);
  ::close(errors.ends[1]);
  Outcome outcome;
  read_all(output, outcome.output, errors, outcome.errors);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) outcome.exit_status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  return outcome;
}

}  // namespace concurrency
