// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// From cells to samples: adds the cells of a registry's metrics up and hands every family and sample to an encoder,
/// the process's and the library's own metrics last (page/own_page.hpp).

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <flowviz_metrics/encode/escape.hpp>
#include <flowviz_metrics/encode/label_text.hpp>
#include <flowviz_metrics/encode/page_type.hpp>
#include <flowviz_metrics/encode/sink.hpp>
#include <flowviz_metrics/native_value.hpp>
#include <flowviz_metrics/page/merged_families.hpp>
#include <flowviz_metrics/page/overflow.hpp>
#include <flowviz_metrics/page/own_page.hpp>
#include <flowviz_metrics/page/refresh.hpp>
#include <flowviz_metrics/registry.hpp>
#include <flowviz_metrics/timer.hpp>

FLOWVIZ_METRICS_BEGIN

/// One walk over registries. Takes no lock and stops no writer: it reads cells while they are written.
///
/// An encoder has `family(name, help, type, bounds)`, `sample(labels, number)`, of counters also with extras, and
/// `histogram(labels, series)`; see encode::TextEncoder.
template <class Encoder>
class PageWalk {
 public:
  using Clock = TimerClock::Clock;

  /// Of the metrics those with one of the `names`, or all if there are none.
  PageWalk(std::span<const Registry* const> registries, std::span<const std::string_view> names, Encoder& encoder)
      : registries_(registries), names_(names), encoder_(encoder) {}

  /// What is shown of the process and of the library itself.
  enum class Own {
    shown,
    if_named,  ///< for readers who have metrics of these names from elsewhere
  };

  /// Callbacks get no more time than `budget`, if it is above zero.
  void collect(Clock::duration budget = {}, Own own = Own::shown) {
    ask_callbacks(budget);
    if (registries_.size() == 1) {
      registry_ = registries_.front();
      registry_->each_family([this](const Family& family) {
        if (shown(family)) {
          begin(family.definition());
          collect(family);
        } else if (walked_for_overflow(family)) {
          overflow_.begin_metric();
          collect_overflow(family);
        }
      });
    } else {
      collect_several();
    }
    if (registries_.empty() || (own == Own::if_named && names_.empty())) return;
    OwnPage<Encoder>(registries_, names_, encoder_).collect(overflow_.lines());
  }

 private:
  using PageType = encode::PageType;

  // All callbacks before the first number, for they may take their time.
  void ask_callbacks(Clock::duration budget) {
    for (const Registry* registry : registries_) {
      registry->each_family([this](const Family& family) {
        if (is_callback(family.definition().kind) && wanted(family.definition())) refresh_.add(family);
      });
    }
    refresh_.run(budget);
  }

  // Whether a metric is on the page: one that is wanted, and has answered if it had to be asked.
  bool shown(const Family& family) const {
    return is_callback(family.definition().kind) ? refresh_.answered(family) : wanted(family.definition());
  }

  void collect_several() {
    MergedFamilies<Encoder> merged(encoder_);
    for (const Registry* registry : registries_) {
      registry->each_family([&](const Family& family) {
        if (!shown(family) && !walked_for_overflow(family)) return;
        if (!merged.add(*registry, family)) cells::incidents.families_left_out.add();
      });
    }
    for (const auto& group : merged.groups()) {
      const bool is_shown = shown(*group.front().family);
      is_shown ? begin(group.front().family->definition()) : overflow_.begin_metric();
      for (const auto& [registry, family] : group) {
        registry_ = registry;
        is_shown ? collect(*family) : collect_overflow(*family);
      }
    }
  }

  // Whether a metric that is not on the page is walked all the same: for the overflow, which a reader has asked for by its name.
  bool walked_for_overflow(const Family& family) const {
    return !names_.empty() && wanted(own::label_overflow.name) && !is_set(family.definition().kind);
  }

  bool wanted(const Definition& definition) const {
    if (names_.empty()) return true;
    const std::vector<std::string> names =
        has_parts(definition.kind) ? names_on_page(definition) : std::vector<std::string>{definition.name};
    for (const std::string& name : names) {
      if (wanted(std::string_view(name))) return true;
    }
    return false;
  }
  bool wanted(std::string_view name) const { return is_among(names_, name); }

  void begin(const Definition& definition) {
    const PageType type = is_counter(definition.kind)          ? PageType::counter
                          : is_histogram(definition.kind)      ? PageType::histogram
                          : definition.kind == Kind::summary   ? PageType::summary
                          : definition.kind == Kind::info      ? PageType::info
                          : definition.kind == Kind::state_set ? PageType::state_set
                                                               : PageType::gauge;
    encoder_.family(definition.name, definition.help, type, definition.bounds);
    overflow_.begin_metric();
  }

  void collect(const Family& family) {
    const Definition& definition = family.definition();
    escapes_labels_ =
        encoder_.escapes_labels() && (definition.utf8_labels || definition.utf8_name || registry_->has_utf8_labels());
    if (family.expires()) family.end_idle(TimerClock::now().time_since_epoch());
    overflow_.begin(family);
    switch (family.definition().kind) {
      case Kind::counter:
        each_series(family, counts_,
                    [](const Chunk& chunk, std::uint32_t at, auto totals) { chunk.read_counts(at, totals); });
        break;
      case Kind::double_counter:
        each_series(family, amounts_,
                    [](const Chunk& chunk, std::uint32_t at, auto totals) { chunk.read_doubles(at, totals); });
        break;
      case Kind::gauge_callback:
      case Kind::counter_callback:
        if (family.definition().labels.empty()) {
          each_series(family, amounts_,
                      [&](const Chunk&, std::uint32_t, auto totals) { totals[0] = refresh_.value(family); });
          break;
        }
        [[fallthrough]];
      case Kind::gauge:
      case Kind::info:
        each_series(family, amounts_, [](const Chunk& chunk, std::uint32_t at, auto totals) {
          for (std::size_t i = 0; i < totals.size(); ++i)
            totals[i] = chunk.read_one(at + static_cast<std::uint32_t>(i));
        });
        break;
      case Kind::up_down:
        each_series(family, differences_,
                    [](const Chunk& chunk, std::uint32_t at, auto totals) { chunk.read_up_downs(at, totals); });
        break;
      case Kind::histogram:
      case Kind::summary:
        each_histogram(family);
        break;
      case Kind::native_histogram:
        each_native_histogram(family);
        break;
      case Kind::state_set:
        each_state(family);
        break;
      case Kind::collected_gauge:
      case Kind::collected_counter:
        for (const auto& [labels, value] : refresh_.samples(family)) encoder_.sample(shown_text(labels), value);
        break;
    }
    overflow_.end(family, labels_on_page(encoder_, *registry_));
  }

  // What a metric has counted under `_other`, and nothing else of it.
  void collect_overflow(const Family& family) {
    overflow_.begin(family);
    const auto written = [&](std::uint32_t, const auto& series) { return family.cells().written(series.place()); };
    family.each_segment([&](const Chunk&, std::uint32_t, const auto* links, std::uint32_t count) {
      each_shown(links, count, written, [&](std::uint32_t, const auto& series) { overflow_.add(family, series); });
    });
    overflow_.end(family, labels_on_page(encoder_, *registry_));
  }

  // Calls `visit(i, series)` for each of the series that is to be shown; `written(i, series)` as SeriesCells::written.
  template <class Links, class Written, class Visit>
  static void each_shown(const Links* links, std::uint32_t count, Written written, Visit visit) {
    for (std::uint32_t i = 0; i < count; ++i) {
      // Series lie wherever there was memory for them. Their beginning and most of their text are on their way by the time
      // they are printed.
      if (i + 16 < count) {
        const auto* soon = reinterpret_cast<const char*>(links[i + 16].load(std::memory_order_relaxed));
        encode::prefetch(soon);
        encode::prefetch(soon + 64);
      }
      const auto* series = links[i].load(std::memory_order_relaxed);  // each_segment() has acquired it
      if (SeriesTable::is_shown(*series, [&](Place) { return written(i, *series); })) visit(i, *series);
    }
  }

  static_assert(SeriesTable::text_step == encode::Padded::step && SeriesTable::text_least == encode::Padded::least);
  template <class Series>
  static encode::Padded padded(const Series& series) noexcept {
    return {series.labels()};
  }

  // Those of a series as the page has them.
  template <class Series>
  encode::Padded shown_labels(const Series& series) {
    return escapes_labels_ ? encoder_.escaped(series.labels()) : padded(series);
  }

  std::string_view shown_text(std::string_view labels) {
    return escapes_labels_ ? encoder_.escaped(labels).text : labels;
  }

  template <class Number, class Read>
  void each_series(const Family& family, std::vector<Number>& totals, Read read) {
    family.each_segment([&](const Chunk& chunk, std::uint32_t at, const auto* links, std::uint32_t count) {
      totals.assign(count, Number{});
      exemplars_.clear();
      if (has_beginning(family.definition().kind)) read_exemplars(chunk, at, count);
      if constexpr (std::is_same_v<Number, std::int64_t>) {
        // The cells wrap as unsigned numbers do, the result is signed: the same bits (C++20).
        read(chunk, at, std::span(reinterpret_cast<std::uint64_t*>(totals.data()), count));
      } else {
        read(chunk, at, all_of(totals));
      }
      const bool births = family.notes_births() && encoder_.shows_extras();
      const bool plain = exemplars_.empty() && !births && !escapes_labels_;
      plain ? show(family, links, totals) : show_with_extras(family, links, totals);
    });
  }

  // When a series began, or 0 if that is not to be shown.
  template <class Series>
  static std::int64_t born(const Family& family, const Series& series) noexcept {
    return family.notes_births() ? series.born() : 0;
  }

  // The exemplars of `count` cells from `at` on; none if none of them has one. Before the cells are read, which have
  // counted by then what these are exemplars of.
  void read_exemplars(const Chunk& chunk, std::uint32_t at, std::uint32_t count) {
    exemplars_.clear();
    if (!chunk.exemplars().any() || !encoder_.shows_extras()) return;
    exemplars_.resize(count);
    bool any = false;
    for (std::uint32_t i = 0; i < count; ++i) {
      encode::PageExemplar& one = exemplars_[i];
      one.there = chunk.exemplars().read(at + i, one.of, one.labels);
      any = any || one.there;
    }
    if (!any) exemplars_.clear();
  }

  // All of a vector. A span that is made of one has the compiler look at ranges, in each file that includes this.
  template <class T>
  static std::span<T> all_of(std::vector<T>& of) noexcept {
    return {of.data(), of.size()};
  }

  // Whether there is something to show. Of what is asked for, and no total as it should be, there is not.
  template <class Number>
  static bool has_value(Number value, [[maybe_unused]] bool asked_for_total) {
    if constexpr (std::is_same_v<Number, double>) {
      if (Chunk::is_unset(value)) return false;
      if (asked_for_total && !is_total(value)) {
        cells::incidents.callbacks_not_totals.add();
        return false;
      }
    }
    return true;
  }

  // One function for all ways to walk, so that what writes a line is inlined into it.
  template <class Link, class Number>
  void show(const Family& family, const Link* links, const std::vector<Number>& totals) {
    [[maybe_unused]] const bool asked_for_total = family.definition().kind == Kind::counter_callback;
    const auto written = [&](std::uint32_t i, const auto& series) {
      if constexpr (std::is_same_v<Number, std::int64_t>) {
        return family.cells().written(series.place());
      } else {
        return std::bit_cast<std::uint64_t>(totals[i]);
      }
    };
    each_shown(links, static_cast<std::uint32_t>(totals.size()), written,
               [&](std::uint32_t i, const auto& series) FLOWVIZ_METRICS_INLINE {
                 if (!has_value(totals[i], asked_for_total)) return;
                 encoder_.sample(padded(series), totals[i]);
                 overflow_.add(family, series);
               });
  }

  // Apart from the above, which the lines of most counters come from: exemplars, when series began, labels that are escaped. A
  // second call of the encoder with a padded text would keep what writes these lines from being inlined there.
  template <class Link, class Number>
  FLOWVIZ_METRICS_NOINLINE void show_with_extras(const Family& family, const Link* links,
                                                 const std::vector<Number>& totals) {
    const Kind kind = family.definition().kind;
    const bool has_extras = has_beginning(kind) && encoder_.shows_extras();
    const auto written = [&](std::uint32_t, const auto& series) { return family.cells().written(series.place()); };
    each_shown(links, static_cast<std::uint32_t>(totals.size()), written, [&](std::uint32_t i, const auto& series) {
      if (!has_value(totals[i], kind == Kind::counter_callback)) return;
      const std::string_view labels = shown_labels(series).text;
      if (has_extras) {
        const bool has_one = i < exemplars_.size() && exemplars_[i].there;
        encoder_.sample(labels, totals[i],
                        encode::PageExtras{has_one ? &exemplars_[i] : nullptr, born(family, series)});
      } else {
        encoder_.sample(labels, totals[i]);
      }
      overflow_.add(family, series);
    });
  }

  // A sample for each state of each series, from the number of the one that it is in.
  void each_state(const Family& family) {
    const Definition& definition = family.definition();
    std::string labels;
    family.each_segment([&](const Chunk& chunk, std::uint32_t at, const auto* links, std::uint32_t count) {
      each_shown(
          links, count, [](std::uint32_t, const auto&) { return std::uint64_t{0}; },
          [&](std::uint32_t i, const auto& series) {
            const double number = chunk.read_one(at + i);
            if (Chunk::is_unset(number)) return;
            for (std::size_t state = 0; state < definition.states.size(); ++state) {
              labels = series.labels();
              encode::append_label(labels, definition.name, definition.states[state]);
              const bool is_in_it = number == static_cast<double>(state + 1);
              const std::string_view shown = shown_text(labels);
              encoder_.sample(shown, std::uint64_t{is_in_it});
            }
          });
    });
  }

  void each_histogram(const Family& family) {
    family.each_segment([&](const Chunk& chunk, std::uint32_t at, const auto* links, std::uint32_t count) {
      show_histograms(family, chunk, at, links, count);
    });
  }
  template <class Link>
  void show_histograms(const Family& family, const Chunk& chunk, std::uint32_t at, const Link* links,
                       std::uint32_t count) {
    const std::uint32_t cells = family.cells().count(), buckets = cells - 1;
    read_exemplars(chunk, at, count * cells);
    counts_.assign(std::size_t{count} * buckets, 0);
    amounts_.assign(count, 0);
    chunk.read_histograms(at, all_of(counts_), all_of(amounts_));
    const auto buckets_of = [&](std::uint32_t i) { return all_of(counts_).subspan(i * buckets, buckets); };
    const auto written = [&](std::uint32_t i, const auto&) {
      std::uint64_t observations = 0;
      for (const std::uint64_t bucket : buckets_of(i)) observations += bucket;
      return observations;
    };
    each_shown(links, count, written, [&](std::uint32_t i, const auto& series) {
      std::span<const encode::PageExemplar> exemplars = all_of(exemplars_);
      if (!exemplars.empty()) exemplars = exemplars.subspan(i * cells, buckets);
      const bool rises = !chunk.has_below_zero(at + i * cells + buckets);
      encoder_.histogram(shown_labels(series),
                         {buckets_of(i), amounts_[i], rises, exemplars, nullptr, born(family, series)});
      overflow_.add(family, series);
    });
  }

  void each_native_histogram(const Family& family) {
    family.each_segment([&](const Chunk& chunk, std::uint32_t at, const auto* links, std::uint32_t count) {
      const std::uint32_t cells = family.cells().count(), classic = family.cells().before_native();
      const auto written = [&](std::uint32_t, const auto& series) { return family.cells().written(series.place()); };
      each_shown(links, count, written, [&](std::uint32_t i, const auto& series) {
        const std::uint32_t first = at + i * cells;
        // Without classic buckets there is +Inf alone, whose exemplar is the last one of all.
        counts_.resize(classic == 0 ? 1 : classic);
        read_exemplars(chunk, first, static_cast<std::uint32_t>(counts_.size()));
        read_native(chunk, first + classic, family.definition().native, native_, all_of(counts_).first(classic));
        // The native buckets say how many there are: what came in while they were read, after the classic ones, stands beyond all
        // bounds until the next page. There are as many of them, but in a child of fork(), which may have got a copy of their
        // memory that is older.
        std::uint64_t left = native_.count;
        for (std::uint64_t& bucket : all_of(counts_).first(counts_.size() - 1)) {
          if (bucket > left) bucket = left;
          left -= bucket;
        }
        counts_.back() = left;
        const bool rises = !chunk.has_below_zero(first + classic + cells::NativeBlocks<cells::StdPlatform>::sum);
        encoder_.histogram(shown_labels(series),
                           {all_of(counts_), native_.sum, rises, all_of(exemplars_), &native_, born(family, series)});
        overflow_.add(family, series);
      });
    });
  }

  std::span<const Registry* const> registries_;
  std::span<const std::string_view> names_;
  Refresh<Clock> refresh_;
  const Registry* registry_ = nullptr;  // the one that is being walked
  Encoder& encoder_;
  bool escapes_labels_ = false;  // of the family that is being collected
  std::vector<std::uint64_t> counts_;
  std::vector<std::int64_t> differences_;
  std::vector<double> amounts_;
  NativeHistogramValue native_;
  std::vector<encode::PageExemplar> exemplars_;  // of the series that are being shown; empty: they have none
  PageOverflow<Encoder> overflow_;
};

FLOWVIZ_METRICS_END
