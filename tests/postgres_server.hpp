// SPDX-License-Identifier: MIT
#pragma once

// A PostgreSQL server of the tests' own: in a temporary folder, reached by a Unix socket in there, gone with the object and
// with the process. PostgreSQL does not run as root, so where the tests do, it is the user `postgres` that runs it.

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "temporary_folder.hpp"

class PostgresServer {
 public:
  PostgresServer() {
    if (const passwd* user = geteuid() == 0 ? getpwnam("postgres") : nullptr) {
      if (chown(folder_.path().c_str(), user->pw_uid, user->pw_gid) != 0) throw std::runtime_error("no such owner");
    }
    const std::string data = folder_.file("data");
    const pid_t initdb = start({"initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--no-locale"});
    if (const int status = wait_for(initdb); status != 0) {
      throw std::runtime_error("initdb ended with status " + std::to_string(WEXITSTATUS(status)) + ": " + log());
    }
    server_ = start({"postgres", "-D", data, "-k", folder_.path().string(), "-c", "listen_addresses=", "-c",
                     "fsync=off", "-c", "max_connections=100"});
    wait_until_ready();
  }
  ~PostgresServer() {
    kill(server_, SIGINT);  // fast: it rolls back and ends
    wait_for(server_);
  }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  /// What PQconnectdb takes.
  std::string address() const { return "host=" + folder_.path().string() + " user=postgres dbname=postgres"; }

  /// The same for any database of the server, as a URL.
  std::string url(const std::string& database) const {
    return "postgresql://postgres@/" + database + "?host=" + folder_.path().string();
  }
  /// Where its clients knock.
  std::string socket() const { return folder_.file(".s.PGSQL.5432"); }

 private:
  // Debian has the programs in a folder per version, and not in the path.
  static std::string search_path() {
    std::string path;
    std::error_code none;
    for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", none)) {
      path = (version.path() / "bin").string() + ":" + path;
    }
    const char* usual = std::getenv("PATH");
    return path + (usual != nullptr ? usual : "/usr/bin:/bin");
  }

  // Starts a program that ends when this process does.
  pid_t start(std::vector<std::string> command) const {
    const std::string path = search_path(), output = folder_.file("log");
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const passwd* user = geteuid() == 0 ? getpwnam("postgres") : nullptr;
    const pid_t tests = getpid();
    const pid_t child = fork();
    if (child != 0) return child;
    if (user != nullptr && (initgroups(user->pw_name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
                            setuid(user->pw_uid) != 0 || chdir("/") != 0)) {
      _exit(126);
    }
    for (const int number : {SIGINT, SIGQUIT}) signal(number, SIG_DFL);  // jobs of a shell may inherit them ignored
    prctl(PR_SET_PDEATHSIG, SIGQUIT);                                    // after setuid, which clears it
    if (getppid() != tests) _exit(126);
    const int log = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    setenv("PATH", path.c_str(), 1);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }

  static int wait_for(pid_t child) {
    int status = -1;
    return waitpid(child, &status, 0) == child ? status : -1;
  }

  void wait_until_ready() {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (PQping(address().c_str()) != PQPING_OK) {
      const bool ended = waitpid(server_, nullptr, WNOHANG) != 0;
      if (ended || std::chrono::steady_clock::now() > give_up) throw std::runtime_error("postgres: " + log());
      std::this_thread::yield();
    }
  }

  std::string log() const {
    std::ifstream file(folder_.file("log"));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TemporaryFolder folder_;
  pid_t server_ = -1;
};
