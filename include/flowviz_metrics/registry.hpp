// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What exists: the metrics of a program, by name, once each, without a lock.

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <flowviz_metrics/family.hpp>

FLOWVIZ_METRICS_BEGIN

/// A set of metrics that are exposed together. It owns them: destroying it ends them, and every handle onto them with
/// it.
///
/// Thread-safe. Registering takes no lock, so that a fork in the middle leaves nothing locked.
class Registry {
 public:
  constexpr Registry() noexcept = default;

  /// A registry whose series all carry these labels. Throws `Error` if a name occurs twice.
  ///
  ///     flowviz::Registry registry{{{"site", "north"}}};
  explicit Registry(std::initializer_list<ConstantLabel> labels) : Registry(std::span(labels.begin(), labels.size())) {}

  /// The same for labels known at run time.
  explicit Registry(std::span<const ConstantLabel> labels);

  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  ~Registry();

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

  /// How long the last page was: room to start the next one with.
  [[nodiscard]] std::size_t last_page_bytes() const noexcept {
    return last_page_bytes_.load(std::memory_order_relaxed);
  }
  void note_page_bytes(std::size_t bytes) const noexcept { last_page_bytes_.store(bytes, std::memory_order_relaxed); }

  /// The constant labels as label text: `site="north"`.
  [[nodiscard]] std::string_view constant_labels() const noexcept {
    return constants_ == nullptr ? std::string_view{} : std::string_view(constants_->text);
  }

  /// How often memory for cells or series could not be had. The writes went to the `_other` series or to shared cells.
  [[nodiscard]] std::uint64_t allocation_failures() const noexcept {
    std::uint64_t count = pool_.allocation_failures();
    families_.each([&](const Family& family) { count += family.allocation_failures(); });
    return count;
  }

 private:
  struct Constants {
    std::vector<std::string> names;
    std::string text;
  };

  void check(const Definition& definition) const;
  static void check_constant_label(std::string_view owner, std::string_view name, std::string_view value,
                                   std::span<const std::string> others);

  cells::Chain<cells::StdPlatform, Family> families_;
  Pool pool_;
  cells::StdPlatform::atomic<bool> shows_process_{false};
  mutable cells::StdPlatform::atomic<std::size_t> last_page_bytes_{0};
  Constants* constants_ = nullptr;  // owned; a raw pointer, for the default registry is constinit
};

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

// ------------------------------------------------------------------------------------------------------------------

/// The names of all samples and metric families that a definition puts on a page of any format.
[[nodiscard]] inline std::vector<std::string> names_on_page(const Definition& definition) {
  const std::string& name = definition.name;
  const auto without = [&](std::string_view ending) {
    return name.ends_with(ending) ? name.substr(0, name.size() - ending.size()) : name;
  };
  switch (definition.kind) {
    case Kind::counter:
    case Kind::double_counter: {
      const std::string base = without("_total");  // OpenMetrics names the family without it
      return {name, base, base + "_total", base + "_created"};
    }
    case Kind::histogram:
      return {name, name + "_bucket", name + "_sum", name + "_count", name + "_created"};
    case Kind::info:
      return {name, without("_info")};
    default:
      return {name};
  }
}

inline Registry::Registry(std::span<const ConstantLabel> labels) {
  constexpr std::array<std::string_view, 3> own{"metric", "label", "reason"};
  auto constants = std::make_unique<Constants>();
  for (const ConstantLabel& label : labels) {
    if (rules::is_one_of(label.name.text(), own)) {
      rule_broken(label.name.text(), "the library's own metrics have a label of this name, a registry's cannot");
    }
    check_constant_label("a registry", label.name.text(), label.value, constants->names);
    constants->names.emplace_back(label.name.text());
    encode::append_label(constants->text, label.name.text(), label.value);
  }
  constants_ = constants.release();
}

inline void Registry::check_constant_label(std::string_view owner, std::string_view name, std::string_view value,
                                           std::span<const std::string> others) {
  const auto broken = [&](const char* rule) {
    fail(std::string(owner) + ", label '" + std::string(name) + "': " + rule);
  };
  if (std::find(others.begin(), others.end(), name) != others.end()) broken("a label name occurs once");
  if (!encode::is_clean(value)) broken("the value of a constant label is UTF-8");
  if (value.size() > encode::max_label_bytes) broken("the value of a constant label is too long");
}

// The families of registries that have ended, in builds that check; reachable, for those who look for leaks.
inline constinit cells::Chain<cells::StdPlatform, Family>::Link retired_families{nullptr};

inline void retire(Family& family) noexcept {
  Family* last = retired_families.load(std::memory_order_relaxed);
  do {
    family.next.store(last, std::memory_order_relaxed);
  } while (
      !retired_families.compare_exchange_strong(last, &family, std::memory_order_release, std::memory_order_relaxed));
}

inline Registry::~Registry() {
  // With assertions on, chunks stay behind, emptied, and families with them, so that a handle that outlived its registry
  // is caught when it writes or looks a series up.
#ifndef NDEBUG
  families_.each([](Family& family) {
    family.series().retire_chunks(cells::graveyard);
    retire(family);
  });
  pool_.retire_chunks(cells::graveyard);
#else
  families_.each([](Family& family) { delete &family; });
#endif
  delete constants_;
}

inline void Registry::check(const Definition& definition) const {
  // The compiler has checked the names of metrics that are declared; this is for those that come as data.
  rules::snake_case(definition.name);
  rules::help(definition.help);
  for (const LabelDefinition& label : definition.labels) rules::label(label.name);
  if (definition.name.starts_with("flowviz_metrics_")) {
    rule_broken(definition.name, "names that start with flowviz_metrics_ belong to the library's own metrics");
  }
  constexpr std::array<std::string_view, 8> process{"process_cpu_seconds_total",
                                                    "process_open_fds",
                                                    "process_max_fds",
                                                    "process_virtual_memory_bytes",
                                                    "process_virtual_memory_max_bytes",
                                                    "process_resident_memory_bytes",
                                                    "process_start_time_seconds",
                                                    "process_threads"};
  for (const std::string& name : names_on_page(definition)) {
    if (rules::is_one_of(name, process) || name == "process_cpu_seconds") {
      rule_broken(definition.name,
                  "the library exposes this one itself: call flowviz::expose_process_metrics(registry)");
    }
  }
  if (!encode::is_clean(definition.help)) rule_broken(definition.name, "a help text is UTF-8");
  std::vector<std::string> names;
  if (constants_ != nullptr) names = constants_->names;
  for (const auto& [name, value] : definition.constant_labels) {
    check_constant_label(definition.name, name, value, names);
    names.push_back(name);
  }
  for (const LabelDefinition& label : definition.labels) {
    if (std::find(names.begin(), names.end(), label.name) != names.end()) {
      fail("'" + definition.name + "': the label '" + label.name + "' is a constant label already");
    }
  }
}

inline Family& Registry::add(Definition definition) {
  check(definition);
  const std::vector<std::string> names = names_on_page(definition);
  std::string refusal;
  Family* there = nullptr;
  const auto meets = [&](Family& other) {
    if (other.definition() == definition) {
      there = &other;
      return true;
    }
    if (other.definition().name == definition.name) {
      refusal = "'" + definition.name + "' is registered already, with another type, help text, labels or bounds";
      return true;
    }
    for (const std::string& name : names_on_page(other.definition())) {
      if (std::find(names.begin(), names.end(), name) == names.end()) continue;
      refusal =
          "'" + definition.name + "' and '" + other.definition().name + "' would both put '" + name + "' on the page";
      return true;
    }
    return false;
  };
  // Looked for first, so that registering the same metric again costs no memory; and once more while it is appended,
  // for another thread may have come in between.
  bool met = false;
  families_.each([&](Family& other) { met = met || meets(other); });
  if (!met) {
    auto family = std::make_unique<Family>(definition, constant_labels(), pool_);
    Family* appended = families_.append_unless_there(family.get(), meets);
    if (appended == family.get()) return *family.release();
  }
  if (!refusal.empty()) fail(refusal);
  return *there;
}

FLOWVIZ_METRICS_END
