// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Collectors: a function that shows, when a page is made, what somebody else counts: the tables of a kernel, a pool, another
/// library.

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include <flowviz_metrics/family/collected.hpp>
#include <flowviz_metrics/family/define.hpp>
#include <flowviz_metrics/owned.hpp>
#include <flowviz_metrics/registry.hpp>
#include <flowviz_metrics/value.hpp>

FLOWVIZ_METRICS_BEGIN

/// What a collector's function shows of one of its metrics on one page.
template <LabelValue... L>
class Samples {
 public:
  explicit Samples(CollectedFamily<Family>& family) noexcept : family_(&family) {}

  /// Puts a sample on the page, with a value for each label in the order of the definition. Bytes that are not UTF-8 are replaced, and
  /// what is too long is cut, as everywhere. What would make the page wrong is left out, and counted in
  /// `flowviz_metrics_callbacks_left_out_total`: a text beyond its label's cap, labels that were there already, a counter's value
  /// that is below zero or not finite.
  ///
  /// Allocates, and may throw `std::bad_alloc`. For the thread that the function is called on, and as long as it runs.
  void show(Amount value, typename LabelTraits<L>::Argument... labels) const {
    const std::array<CollectedValue, sizeof...(L)> values{value_of<L>(labels)...};
    family_->add(values, value.value());
  }

 private:
  template <class V>
  static CollectedValue value_of(typename LabelTraits<V>::Argument label) noexcept {
    if constexpr (is_closed<V>) {
      return {enums::number(static_cast<V>(label)), {}};
    } else {
      return {0, text_of(label)};
    }
  }

  CollectedFamily<Family>* family_;
};

/// A metric as a collector has it; not to be named.
template <Kind K, class Name, LabelValue... L>
class AnyCollected {
 public:
  static_assert(!(is_expiring<L> || ...),
                "a collector says what there is on each page: its labels' values do not expire");

  AnyCollected(Name name, HelpText help, const typename LabelTraits<L>::Definition&... labels)
      : AnyCollected(name, help, MetricOptions(), labels...) {}
  AnyCollected(Name name, HelpText help, MetricOptions options, const typename LabelTraits<L>::Definition&... labels)
      : definition_(define<L...>({K, {}, options}, name, help, labels...)) {}

  using Shown = Samples<L...>;
  [[nodiscard]] const Definition& definition() const noexcept { return definition_; }

 private:
  Definition definition_;
};

/// A gauge of a collector: its name, help text and labels.
template <LabelValue... L>
class CollectedGauge : public AnyCollected<Kind::collected_gauge, MetricName, L...> {
  using AnyCollected<Kind::collected_gauge, MetricName, L...>::AnyCollected;
};

/// A counter of a collector, whose values have to rise, as those of a CounterCallback.
template <LabelValue... L>
class CollectedCounter : public AnyCollected<Kind::collected_counter, CounterName, L...> {
  using AnyCollected<Kind::collected_counter, CounterName, L...>::AnyCollected;
};

template <class... D>
CollectedGauge(MetricName, HelpText, const D&...) -> CollectedGauge<ValueType<D>...>;
template <class... D>
CollectedGauge(MetricName, HelpText, MetricOptions, const D&...) -> CollectedGauge<ValueType<D>...>;
template <class... D>
CollectedCounter(CounterName, HelpText, const D&...) -> CollectedCounter<ValueType<D>...>;
template <class... D>
CollectedCounter(CounterName, HelpText, MetricOptions, const D&...) -> CollectedCounter<ValueType<D>...>;

/// A `CollectedGauge` or a `CollectedCounter`.
template <class C>
concept Collected = requires { typename C::Shown; };

/// Metrics whose samples a function shows, all from one look at what somebody else has. Move-only; the metrics are on pages as long as
/// this lives.
///
/// The function takes a `const Samples<...>&` for each metric, in their order. It is called once for each page that shows one of
/// them, as callbacks are: on the scraping thread or, if the scrape has a budget, on another one, and perhaps on several at once.
/// If it throws, is late or makes the page itself, all of its metrics are left out of it, and that is counted. A series that it
/// does not show any more is gone from the page, and takes no place under a label's cap. The destructor waits for a call that is
/// running, and must not run inside of it.
///
///     flowviz::Collector disks{registry,
///                              [&](const auto& read, const auto& waiting) {
///                                for (const Disk& disk : kernel.disks()) {
///                                  read.show(disk.bytes_read, disk.name);
///                                  waiting.show(disk.queue, disk.name);
///                                }
///                              },
///                              flowviz::CollectedCounter{"disk_read_bytes_total", "Bytes read.", flowviz::OpenLabel{"disk", 64}},
///                              flowviz::CollectedGauge{"disk_queue", "Requests that wait.", flowviz::OpenLabel{"disk", 64}}};
///
/// What names, help texts and labels have to be is checked here, as for other metrics, and so is the bound on label combinations.
/// Throws `Error` also if one of the metrics has a collector already, or a label pins values or has a rule for others.
class [[nodiscard]] Collector {
 public:
  template <class F, Collected... C>
  [[nodiscard]] Collector(Registry& registry, F function, const C&... metrics) {
    static_assert(sizeof...(C) > 0,
                  "a collector has metrics: flowviz::CollectedGauge{...}, flowviz::CollectedCounter{...}");
    static_assert(std::is_invocable_v<F&, const typename C::Shown&...>,
                  "a collector's function takes a const flowviz::Samples<...>& for each of its metrics");
    if constexpr (metrics_enabled)
      bound_ = Owned<AnyBound>(new Bound<F, C...>(registry, std::move(function), metrics...));
  }
  template <class F, Collected... C>
    requires(!std::same_as<F, Registry>)
  [[nodiscard]] explicit Collector(F function, const C&... metrics)
      : Collector(default_registry(), std::move(function), metrics...) {}

 private:
  struct AnyBound {
    virtual ~AnyBound() = default;
  };

  // The function and its metrics, each of which has it.
  template <class F, class... C>
  struct Bound final : AnyBound {
    Bound(Registry& registry, F f, const C&... metrics)
        : function(std::move(f)), families{&registry.add(metrics.definition())...} {
      for (Family* family : families) {
        if (!family->callback().take(
                [](void* bound, CallbackAnswer& answer) {
                  static_cast<Bound*>(bound)->call(static_cast<CollectedSamples<Family>&>(answer));
                },
                this)) {
          end();
          rule_broken(family->definition().name, "this metric has a collector already");
        }
        ++taken;
      }
    }
    ~Bound() override { end(); }

    void end() noexcept {
      while (taken > 0) families[--taken]->callback().end();
    }
    void call(CollectedSamples<Family>& samples) { call(samples, std::index_sequence_for<C...>()); }
    template <std::size_t... I>
    void call(CollectedSamples<Family>& samples, std::index_sequence<I...>) {
      samples.reserve(sizeof...(C));
      function(typename C::Shown(samples.add(*families[I]))...);
    }

    F function;
    std::array<Family*, sizeof...(C)> families;
    std::size_t taken = 0;
  };

  Owned<AnyBound> bound_;
};

FLOWVIZ_METRICS_END
