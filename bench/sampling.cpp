// SPDX-License-Identifier: MIT
#include "sampling.hpp"

#include <time.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <string>
#include <thread>

namespace bench {

namespace {

constexpr std::size_t chunks_in_round = 16, chunks_in_stretch = 8;

// When each chunk of each thread ended. The threads start together, and end when `length_ns` has passed.
std::vector<std::vector<std::int64_t>> stamp_chunks(std::size_t threads, std::size_t chunk, const Work& work,
                                                    std::int64_t length_ns) {
  std::vector<std::vector<std::int64_t>> ends(threads);
  std::barrier start(static_cast<std::ptrdiff_t>(threads));
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i) {
    running.emplace_back([&, i] {
      ends[i].reserve(1 << 16);
      work(chunk);  // first touches, caches
      start.arrive_and_wait();
      const std::int64_t end = now_ns() + length_ns;
      std::int64_t now = now_ns();
      ends[i].push_back(now);
      while (now < end) {
        work(chunk);
        now = now_ns();
        ends[i].push_back(now);
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  return ends;
}

// Whether a thread with these ends of chunks finished one in each quarter of a stretch of time.
bool progressed(const std::vector<std::int64_t>& ends, std::int64_t from, std::int64_t to) {
  auto next = std::upper_bound(ends.begin(), ends.end(), from);
  for (std::int64_t quarter = 1; quarter <= 4; ++quarter) {
    const auto last = std::upper_bound(next, ends.end(), from + (to - from) * quarter / 4);
    if (last == next) return false;
    next = last;
  }
  return true;
}

}  // namespace

std::int64_t thread_cpu_ns() noexcept {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Round alone(std::size_t chunk, Work work) {
  return [chunk, work = std::move(work)](std::vector<double>& samples) {
    work(chunk);
    for (std::size_t i = 0; i < chunks_in_round; ++i) {
      const std::int64_t start = now_ns();
      work(chunk);
      samples.push_back(static_cast<double>(now_ns() - start) / static_cast<double>(chunk));
    }
  };
}

Round together(std::size_t threads, std::size_t chunk, Work work) {
  return [threads, chunk, work = std::move(work)](std::vector<double>& samples) {
    const std::size_t before = samples.size();
    // On a machine that is busy otherwise both threads may not get a core at once for a while; and a lock that is not fair
    // may take longer than a stretch to come round, hence longer ones then.
    std::int64_t length_ns = 20'000'000;
    for (std::size_t size = chunk; samples.size() == before && length_ns < 2'000'000'000; size *= 2, length_ns *= 2) {
      const auto ends = stamp_chunks(threads, size, work, length_ns);
      for (std::size_t i = 0; i < threads; ++i) {
        for (std::size_t k = 0; k + chunks_in_stretch < ends[i].size(); k += chunks_in_stretch) {
          const std::int64_t from = ends[i][k], to = ends[i][k + chunks_in_stretch];
          const bool all = std::all_of(ends.begin(), ends.end(),
                                       [&](const auto& of_thread) { return progressed(of_thread, from, to); });
          if (all) samples.push_back(static_cast<double>(to - from) / static_cast<double>(size * chunks_in_stretch));
        }
      }
    }
  };
}

Round cpu_time(std::size_t threads, std::size_t chunk, Work work) {
  return [threads, chunk, work = std::move(work)](std::vector<double>& samples) {
    // Long enough for the scheduler to take turns among them, so that they do meet.
    const std::int64_t length_ns = threads <= std::thread::hardware_concurrency() ? 10'000'000 : 30'000'000;
    std::barrier start(static_cast<std::ptrdiff_t>(threads));
    std::atomic<std::int64_t> cpu_ns{0};
    std::atomic<std::size_t> repetitions{0};
    std::vector<std::thread> running;
    for (std::size_t i = 0; i < threads; ++i) {
      running.emplace_back([&] {
        work(chunk);
        start.arrive_and_wait();
        const std::int64_t before = thread_cpu_ns(), end = now_ns() + length_ns;
        std::size_t done = 0;
        while (now_ns() < end) {
          work(chunk);
          done += chunk;
        }
        cpu_ns += thread_cpu_ns() - before;
        repetitions += done;
      });
    }
    for (std::thread& thread : running) thread.join();
    samples.push_back(static_cast<double>(cpu_ns) / static_cast<double>(repetitions));
  };
}

Round milliseconds(std::function<void()> work, std::size_t chunk) {
  return [work = std::move(work), chunk](std::vector<double>& samples) {
    for (int sample = 0; sample < 3; ++sample) {
      const std::int64_t start = now_ns();
      for (std::size_t i = 0; i < chunk; ++i) work();
      samples.push_back(static_cast<double>(now_ns() - start) / 1e6 / static_cast<double>(chunk));
    }
  };
}

std::string on_threads(const std::string& name, std::size_t threads) {
  return name + (threads == 1 ? ", 1 thread" : ", " + std::to_string(threads) + " threads");
}

void add_curve(Question& question, const std::string& name, const std::vector<std::size_t>& threads, std::size_t chunk,
               const Work& work) {
  for (const std::size_t n : threads) {
    question.contestants.push_back({on_threads(name, n), cpu_time(n, chunk, work), name, static_cast<double>(n)});
  }
}

}  // namespace bench
