// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What a reader asks of a page over HTTP, and how many readers are served at once: what is the same for every server,
/// whose adapter hands the request's headers and query over and sends the answer.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <flowviz_metrics/durations.hpp>
#include <flowviz_metrics/encode/negotiate.hpp>
#include <flowviz_metrics/scrape.hpp>

FLOWVIZ_METRICS_BEGIN

/// What the headers and the query of one request say about the page that is to answer it. Takes any bytes.
///
///     flowviz::PageRequest asked;
///     for (const auto& [name, value] : request.headers) asked.header(name, value);
///     asked.query("name[]=lots_total&name[]=jobs_total");
///     if (!asked.refusal().empty()) return answer(400, asked.refusal());
///     flowviz::Scrape page = flowviz::scrape(registry, asked.options());
///
/// Copies what it keeps. Belongs to one thread.
class PageRequest {
 public:
  /// More names than that, or longer ones, are refused: each name is compared with each metric's.
  static constexpr std::size_t max_names = 100, max_name_bytes = 256;

  /// Any header of the request; a page looks at these and passes over all others:
  ///
  /// - Accept, which may come in several lines, for the format;
  /// - Accept-Encoding, likewise, for `wants_gzip`;
  /// - X-Prometheus-Scrape-Timeout-Seconds for the budget of callbacks, which is so many seconds less a fifth, and half a
  ///   second at most, for making and sending the page. What is no decimal number, not above zero or more than a day is
  ///   as if it were not there.
  void header(std::string_view name, std::string_view value) {
    if (encode::accept::same(name, "Accept")) {
      add_line(accept_, value);
    } else if (encode::accept::same(name, "Accept-Encoding")) {
      add_line(accept_encoding_, value);
    } else if (encode::accept::same(name, "X-Prometheus-Scrape-Timeout-Seconds")) {
      budget_ = within(seconds(encode::accept::trimmed(value)));
    }
  }

  /// One parameter of the query, as it reads once decoded: `name[]` is a metric's name. All others are passed over.
  void parameter(std::string_view name, std::string_view value) {
    if (name != "name[]") return;
    if (names_.size() == max_names) {
      refusal_ = "name[]: a page has at most 100 names";
    } else if (value.size() > max_name_bytes) {
      refusal_ = "name[]: a name has at most 256 bytes";
    } else {
      names_.emplace_back(value);
    }
  }

  /// All parameters of a query, as they stand behind the question mark of the target.
  void query(std::string_view text) {
    while (!text.empty()) {
      const std::string_view pair = until(text, '&');
      const std::size_t middle = pair.find('=');
      const std::string_view value = middle == std::string_view::npos ? std::string_view{} : pair.substr(middle + 1);
      parameter(decoded(pair.substr(0, middle)), decoded(value));
    }
  }

  /// Why the request is to be refused with status 400; empty if it is not.
  [[nodiscard]] std::string_view refusal() const noexcept { return refusal_; }

  /// For `scrape`. Points into this object.
  [[nodiscard]] ScrapeOptions options() const {
    return {.accept = accept_, .names = {names_.begin(), names_.end()}, .budget = budget_};
  }

  /// Whether the page may be compressed with gzip, and the reader wants it no less than as it is. `gzip;q=0` and
  /// `x-gzipped` do not say so; `x-gzip` is an old name of the same thing, `*` stands for whatever is not named.
  [[nodiscard]] bool wants_gzip() const noexcept {
    std::optional<int> gzip, plain, other;
    for (std::string_view rest = accept_encoding_; !rest.empty();) {
      const auto [coding, weight] = coding_of(encode::accept::take(rest, ','));
      if (encode::accept::same(coding, "gzip") || encode::accept::same(coding, "x-gzip")) gzip = weight;
      if (encode::accept::same(coding, "identity")) plain = weight;
      if (coding == "*") other = weight;
    }
    const int wanted = gzip.value_or(other.value_or(0));
    return wanted > 0 && wanted >= plain.value_or(0);
  }

 private:
  using Seconds = std::chrono::seconds;
  using Nanoseconds = std::chrono::nanoseconds;

  static void add_line(std::string& header, std::string_view line) {
    if (!header.empty()) header += ", ";
    header += line;
  }

  struct Coding {
    std::string_view name;
    int weight;
  };
  static Coding coding_of(std::string_view element) noexcept {
    const encode::accept::Range range = encode::accept::range_of(element);
    return {range.type, range.weight};
  }

  // Takes what stands before the first `separator` off `text`. Quotes mean nothing in a query.
  static std::string_view until(std::string_view& text, char separator) noexcept {
    const std::string_view taken = text.substr(0, text.find(separator));
    text.remove_prefix(taken.size() < text.size() ? taken.size() + 1 : taken.size());
    return taken;
  }

  static int hexadecimal(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    c = encode::accept::lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  }

  // `%5B` and `+` as what they stand for, and a percent sign that begins nothing as itself.
  static std::string decoded(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const int high = text[i] == '%' && i + 2 < text.size() ? hexadecimal(text[i + 1]) : -1;
      const int low = high >= 0 ? hexadecimal(text[i + 2]) : -1;
      if (low >= 0) i += 2;
      plain += low >= 0 ? static_cast<char>(high * 16 + low) : text[i] == '+' ? ' ' : text[i];
    }
    return plain;
  }

  // Digits with at most one point between them, as servers send it, whatever the locale. Zero for what is not to be used.
  static Nanoseconds seconds(std::string_view text) noexcept {
    constexpr std::int64_t day = 24 * 60 * 60;
    std::int64_t whole = 0, parts = 0, unit = 0;
    for (const char c : text) {
      if (c == '.' && unit == 0) {
        unit = Nanoseconds(Seconds(1)).count();
      } else if (c < '0' || c > '9') {
        return {};
      } else if (unit == 0) {
        whole = whole > day ? whole : whole * 10 + (c - '0');
      } else {
        if (unit > 1) unit /= 10;
        parts += unit > 1 ? (c - '0') * unit : 0;
      }
    }
    const Nanoseconds all = Seconds(whole) + Nanoseconds(parts);
    return all <= Seconds(day) ? all : Nanoseconds{};
  }

  static Nanoseconds within(Nanoseconds timeout) noexcept {
    constexpr Nanoseconds most = std::chrono::milliseconds(500);
    return timeout - (timeout / 5 < most ? timeout / 5 : most);
  }

  std::string accept_, accept_encoding_;
  std::vector<std::string> names_;
  Nanoseconds budget_{};
  std::string_view refusal_;
};

/// Turns at making a page: as many at once as there are. Who gets none answers 503 rather than wait, for a page whose
/// callbacks hang would have all readers wait for it.
///
///     const auto turn = turns.take();
///     if (!turn) return answer(503, "too many pages at once");
///
/// Thread-safe, lock-free; one that is taken is given back by its destructor.
class PageTurns {
 public:
  explicit PageTurns(unsigned at_once) noexcept : left_(at_once) {}
  PageTurns(const PageTurns&) = delete;

  class Turn {
   public:
    Turn(const Turn&) = delete;
    ~Turn() {
      if (of_ != nullptr) of_->left_.fetch_add(1, std::memory_order_relaxed);
    }
    explicit operator bool() const noexcept { return of_ != nullptr; }

   private:
    friend class PageTurns;
    explicit Turn(PageTurns* of) noexcept : of_(of) {}
    PageTurns* of_;
  };

  /// One of them, or what is false if all are taken. The turns outlive it.
  [[nodiscard]] Turn take() noexcept {
    // Relaxed: nothing is handed from one turn to the next.
    unsigned left = left_.load(std::memory_order_relaxed);
    while (left != 0) {
      if (left_.compare_exchange_weak(left, left - 1, std::memory_order_relaxed)) return Turn(this);
    }
    return Turn(nullptr);
  }

 private:
  std::atomic<unsigned> left_;
};

FLOWVIZ_METRICS_END
