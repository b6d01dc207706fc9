// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What exists: the metrics of a program, by name, once each, without a lock.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <flowviz_metrics/encode/label_text.hpp>
#include <flowviz_metrics/encode/name_escaping.hpp>
#include <flowviz_metrics/family/family.hpp>
#include <flowviz_metrics/own_metrics.hpp>
#include <flowviz_metrics/owned.hpp>

namespace flowviz {
/// How cells are laid out in this program, or 0 before the first metric. Outside of the namespace that depends on it, so that
/// files which differ see one another.
FLOWVIZ_METRICS_SHARED inline constinit std::atomic<std::uint64_t> cells_built_with{0};
}  // namespace flowviz

FLOWVIZ_METRICS_BEGIN

/// A set of metrics that are exposed together. It owns them: destroying it ends them, and every handle onto them with
/// it.
///
/// Thread-safe. Registering takes no lock, so that a fork in the middle leaves nothing locked.
///
/// A template as the family is, so that a file compiles of it what it uses; programs write `Registry`.
template <cells::Platform P>
class BasicRegistry {
  using Family = BasicFamily<P>;

 public:
  constexpr BasicRegistry() noexcept = default;

  /// A registry whose series all carry these labels. Throws `Error` if a name occurs twice.
  ///
  ///     flowviz::Registry registry{{{"site", "north"}}};
  explicit BasicRegistry(std::initializer_list<ConstantLabel> labels)
      : BasicRegistry(std::span(labels.begin(), labels.size())) {}

  /// The same for labels known at run time.
  explicit BasicRegistry(std::span<const ConstantLabel> labels);

  BasicRegistry(const BasicRegistry&) = delete;
  BasicRegistry& operator=(const BasicRegistry&) = delete;
  ~BasicRegistry();

  /// Adds a metric, or gives the one that has the same definition. Throws `Error` if one with the same name differs, or
  /// if the samples of both would share a name on the page.
  ///
  /// This is what the metric classes call; call it to register a metric that only exists as data.
  Family& add(Definition definition);

  /// Visits the metrics in the order of their registration.
  template <class Visit>
  void each_family(Visit visit) const {
    families_.each([&](const Family& family) { visit(family); });
  }

  /// Whether the page shows the process_* metrics; see `expose_process_metrics`.
  [[nodiscard]] bool shows_process() const noexcept { return shows_process_.load(std::memory_order_relaxed); }
  void show_process() noexcept { shows_process_.store(true, std::memory_order_relaxed); }

  /// Whether metrics that are registered from now on note when their series began; see `expose_created_times`.
  [[nodiscard]] bool shows_created() const noexcept { return shows_created_.load(std::memory_order_relaxed); }
  void show_created() noexcept { shows_created_.store(true, std::memory_order_relaxed); }

  /// How long the last page was: room to start the next one with.
  [[nodiscard]] std::size_t last_page_bytes() const noexcept {
    return last_page_bytes_.load(std::memory_order_relaxed);
  }
  void note_page_bytes(std::size_t bytes) const noexcept { last_page_bytes_.store(bytes, std::memory_order_relaxed); }

  /// The constant labels as label text: `site="north"`.
  [[nodiscard]] std::string_view constant_labels() const noexcept {
    return constants_ == nullptr ? std::string_view{} : std::string_view(constants_->text);
  }

  /// Whether the names of some may be beyond the classic alphabet.
  [[nodiscard]] bool has_utf8_labels() const noexcept { return constants_ != nullptr && constants_->utf8; }

  /// Visits the constant labels: `visit(name, value)`.
  template <class Visit>
  void each_constant_label(Visit visit) const {
    for (std::size_t i = 0; constants_ != nullptr && i < constants_->names.size(); ++i) {
      visit(constants_->names[i], constants_->values[i]);
    }
  }

  /// How often memory for cells or series could not be had. The writes went to the `_other` series or to shared cells.
  [[nodiscard]] std::uint64_t allocation_failures() const noexcept {
    std::uint64_t count = pool_.allocation_failures();
    families_.each([&](const Family& family) { count += family.allocation_failures(); });
    return count;
  }

 private:
  struct Constants {
    std::vector<std::string> names, values;
    std::string text;
    bool utf8 = false;
  };

  void check(const Definition& definition) const;

  const void* slots_ = &cells::process_slots;  // of the module that made this registry
  cells::Chain<P, Family> families_;
  cells::Pool<P> pool_;
  typename P::template atomic<bool> shows_process_{false};
  typename P::template atomic<bool> shows_created_{false};
  mutable typename P::template atomic<std::size_t> last_page_bytes_{0};
  Constants* constants_ = nullptr;  // owned; a raw pointer, for the default registry is constinit
};

using Registry = BasicRegistry<cells::StdPlatform>;

/// Holds a registry that is never destroyed: code that runs late, in destructors of statics and of threads, still
/// counts.
union ForeverRegistry {
  constexpr ForeverRegistry() noexcept : registry() {}
  ~ForeverRegistry() {}  // NOLINT: a defaulted one would be deleted; this one leaves the registry alone
  Registry registry;
};
FLOWVIZ_METRICS_SHARED inline constinit ForeverRegistry forever_registry;

/// The registry that metrics belong to whose definition names none. Usable before main and never destroyed.
[[nodiscard]] inline Registry& default_registry() noexcept { return forever_registry.registry; }

/// Has the counters, histograms and summaries that are registered from now on say when each of their series began: as `_created` on
/// pages of OpenMetrics, as `created_timestamp` in protobuf. The other format has no place for it.
///
/// Prometheus keeps each `_created` as one more series, unless it reads them as what they are (`created-timestamp-zero-ingestion`), so this
/// is for who needs it. Costs a clock and 8 bytes for each series. What belongs to somebody else, callbacks and the process, shows none.
///
///     flowviz::expose_created_times(registry);   // before its metrics
inline void expose_created_times(Registry& registry = default_registry()) noexcept { registry.show_created(); }

// ------------------------------------------------------------------------------------------------------------------

template <cells::Platform P>
BasicRegistry<P>::BasicRegistry(std::span<const ConstantLabel> labels) {
  constexpr std::array<std::string_view, 3> own{"metric", "label", "reason"};
  auto constants = Owned<Constants>::make();
  for (const ConstantLabel& label : labels) {
    if (rules::is_one_of(label.name.text(), own)) {
      rule_broken(label.name.text(), "the library's own metrics have a label of this name, a registry's cannot");
    }
    rules::constant_label("a registry", label.name.text(), label.value, constants->names, label.name.utf8());
    constants->utf8 = constants->utf8 || label.name.utf8();
    constants->names.emplace_back(label.name.text());
    constants->values.emplace_back(label.value);
    encode::append_label(constants->text, label.name.text(), label.value);
  }
  constants_ = constants.release();
}

// The families of registries that have ended, in builds that check; reachable, for those who look for leaks.
FLOWVIZ_METRICS_SHARED inline constinit cells::Chain<cells::StdPlatform, Family> retired_families;

template <cells::Platform P>
BasicRegistry<P>::~BasicRegistry() {
  // With assertions on, chunks stay behind, emptied, and families with them, so that a handle that outlived its registry
  // is caught when it writes or looks a series up, and a callback when it ends.
#ifndef NDEBUG
  families_.each([](Family& family) {
    family.retire();
    retired_families.prepend(&family);
  });
  pool_.retire_chunks(cells::process_graveyard);
#else
  families_.each([](Family& family) { delete &family; });
#endif
  delete constants_;
}

template <cells::Platform P>
void BasicRegistry<P>::check(const Definition& definition) const {
  // Two copies of the slots would hand one column to two threads, and increments would be lost. A registry that is not made yet
  // has none if it is a static, and anything if it is not.
  if (slots_ == nullptr) {
    rule_broken(definition.name,
                "its registry is not made yet: declare a registry before the metrics that it is given to");
  }
  if (slots_ != &cells::process_slots) {
    rule_broken(
        definition.name,
        "this module has a copy of flowviz_metrics apart from the one that its registry belongs to: link the program "
        "with -rdynamic, and hide no symbols of the library; or its registry is not made yet: declare a registry "
        "before the metrics that it is given to");
  }
  std::uint64_t other = 0;
  constexpr std::uint64_t mine = std::uint64_t{FLOWVIZ_METRICS_SLOTS} << 32 | FLOWVIZ_METRICS_MAX_LABEL_BYTES;
  if (!cells_built_with.compare_exchange_strong(other, mine, std::memory_order_relaxed) && other != mine) {
    rule_broken(definition.name,
                "files of this program were built with different FLOWVIZ_METRICS_SLOTS or "
                "FLOWVIZ_METRICS_MAX_LABEL_BYTES, and cannot share a registry");
  }
  rules::definition(definition, constants_ == nullptr ? std::vector<std::string>() : constants_->names);
  // Escaped, too: what is so for one reader is clear to the others.
  for (const encode::Escaping escaping : encode::escapings) {
    if (encode::escaped_name(definition.name, encode::NameOf::metric, escaping).starts_with("flowviz_metrics_")) {
      rule_broken(definition.name, "names that start with flowviz_metrics_ belong to the library's own metrics");
    }
    for (const std::string& name : names_on_page(definition, escaping)) {
      bool is_process = name == "process_cpu_seconds";
      for (const own::ProcessMetric& metric : own::process) is_process = is_process || metric.name == name;
      if (is_process) {
        rule_broken(definition.name,
                    "the library exposes this one itself: call flowviz::expose_process_metrics(registry)");
      }
    }
    if (!definition.utf8_name) break;  // which no scheme changes
  }
}

template <cells::Platform P>
typename BasicRegistry<P>::Family& BasicRegistry<P>::add(Definition definition) {
  check(definition);
  std::string refusal;
  Family* there = nullptr;
  const auto meets = [&](Family& other) {
    if (other.definition() == definition) {
      there = &other;
      return true;
    }
    refusal = clash(other.definition(), definition);
    return !refusal.empty();
  };
  // Looked for first, so that registering the same metric again costs no memory; and among those behind `last` while it is
  // appended, for another thread may have come in between.
  bool met = false;
  Family* last = nullptr;
  families_.each([&](Family& other) {
    met = met || meets(other);
    last = &other;
  });
  if (!met) {
    auto family = Owned<Family>::make(definition, constant_labels(), pool_,
                                      shows_created() ? Family::Births::noted : Family::Births::forgotten);
    Family* appended = families_.append_unless_there(family.get(), meets, last);
    if (appended == family.get()) return *family.release();
  }
  if (!refusal.empty()) fail(refusal);
  return *there;
}

FLOWVIZ_METRICS_END
