// SPDX-License-Identifier: MIT
#pragma once

// Stands between the storage and a PostgreSQL server and fails in the way that it is told to.

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "temporary_folder.hpp"

class FaultyWire {
 public:
  enum class Fault {
    none,
    lose_answer,  ///< the next COMMIT is done, and the connection cut before the answer is back
    lose_commit,  ///< the connection is cut before the next COMMIT arrives
    hold_commit,  ///< as before, and the server does not notice
    refuse,       ///< every connection is cut
    silence       ///< nothing arrives
  };

  explicit FaultyWire(std::string server) : server_(std::move(server)) {
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = address_of(folder_.file(".s.PGSQL.5432"));
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(listener_, 64) != 0)
      throw std::runtime_error("no wire");
    thread_ = std::thread([this] { run(); });
  }
  ~FaultyWire() {
    ending_ = true;
    thread_.join();
    for (Pair& pair : pairs_) cut(pair);
    close(listener_);
  }
  FaultyWire(const FaultyWire&) = delete;
  FaultyWire& operator=(const FaultyWire&) = delete;

  std::string url(const std::string& database) const {
    return "postgresql://postgres@/" + database + "?host=" + folder_.path().string();
  }

  /// A fault of a COMMIT happens once.
  std::atomic<Fault> fault = Fault::none;
  /// What comes after it.
  std::atomic<Fault> then = Fault::none;

 private:
  static constexpr int gone = -1;
  static constexpr std::string_view commit{"COMMIT\0", 7};  // not READ COMMITTED
  struct Pair {
    int client, server;
    bool answer_is_lost = false;
  };

  static sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
  }

  static void hang_up(int& end) {
    if (end != gone) close(end);
    end = gone;
  }
  static void cut(Pair& pair) {
    hang_up(pair.client);
    hang_up(pair.server);
  }

  void run() {
    while (!ending_) {
      std::vector<pollfd> ends{{listener_, POLLIN, 0}};
      const bool silent = fault == Fault::silence;
      for (const Pair& pair : pairs_) {
        ends.push_back({silent ? gone : pair.client, POLLIN, 0});
        ends.push_back({silent ? gone : pair.server, POLLIN, 0});
      }
      constexpr int look_around_ms = 5;
      if (poll(ends.data(), ends.size(), look_around_ms) <= 0) continue;
      for (std::size_t i = 0; i < ends.size() / 2; ++i) {
        if (ends[2 * i + 2].revents != 0) from_server(pairs_[i]);
        if (ends[2 * i + 1].revents != 0 && pairs_[i].client != gone) from_client(pairs_[i]);
      }
      if (ends[0].revents != 0) accept_client();
      std::erase_if(pairs_, [](const Pair& pair) { return pair.client == gone && pair.server == gone; });
    }
  }

  void accept_client() {
    Pair pair{accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC), gone};
    if (fault == Fault::refuse) return cut(pair);
    pair.server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = address_of(server_);
    if (connect(pair.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return cut(pair);
    pairs_.push_back(pair);
  }

  void from_client(Pair& pair) {
    std::array<char, 65536> bytes;
    const ssize_t size = recv(pair.client, bytes.data(), bytes.size(), 0);
    if (size <= 0 || fault == Fault::refuse) return cut(pair);
    const std::string_view sent(bytes.data(), static_cast<std::size_t>(size));
    if (sent.find(commit) != sent.npos && fault != Fault::none) {
      const Fault now = fault.exchange(then);
      if (now == Fault::hold_commit) return hang_up(pair.client);
      if (now == Fault::lose_commit) return cut(pair);
      pair.answer_is_lost = true;
    }
    if (send(pair.server, sent.data(), sent.size(), MSG_NOSIGNAL) != size) cut(pair);
  }

  void from_server(Pair& pair) {
    std::array<char, 65536> bytes;
    const ssize_t size = recv(pair.server, bytes.data(), bytes.size(), 0);
    if (size <= 0 || pair.answer_is_lost) return cut(pair);
    if (pair.client != gone && send(pair.client, bytes.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL) != size)
      cut(pair);
  }

  TemporaryFolder folder_;
  const std::string server_;
  int listener_;
  std::vector<Pair> pairs_;  // the thread's
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};
