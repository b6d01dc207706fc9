// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What all metrics have in common: registration of a definition with typed labels, and the look-up of a series by
/// typed values.

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <flowviz_metrics/family/define.hpp>
#include <flowviz_metrics/held.hpp>
#include <flowviz_metrics/registry.hpp>

FLOWVIZ_METRICS_BEGIN

/// The base of the metrics: a handle onto a family, small and copyable. `Series` is what `with()` returns; it is made
/// from the family and a place.
template <class Series, LabelValue... L>
class Metric {
  // Whether there are as many values as labels, but not of their types.
  template <class... Values>
  static constexpr bool differ() noexcept {
    if constexpr (sizeof...(L) > 0 && sizeof...(Values) == sizeof...(L)) {
      return !(std::is_convertible_v<const Values&, typename LabelTraits<L>::Argument> && ...);
    }
    return false;
  }

 public:
  /// The series with these label values, one for each label in the order of the definition.
  ///
  /// Closed labels cost a few arithmetic operations; an open one a hash, a probe and a comparison. Wait-free but for
  /// the first time that a combination is seen, which allocates. A value beyond a label's domain gives the `_other`
  /// series of that label.
  [[nodiscard]] auto with(typename LabelTraits<L>::Argument... values) const noexcept  // one for each label, in order
    requires(sizeof...(L) > 0)
  {
    if constexpr (!metrics_enabled) {
      return std::conditional_t<expires, Held<Series>, Series>();
    } else if constexpr (expires) {
      const ReadSection section(cells::process_readers);
      const Place place = look_up(values...);
      return Held<Series>(Series(*family_, place), place.chunk, family_->handles_of(place));
    } else {
      if constexpr ((is_closed<L> && ...)) {
        const std::array<std::uint32_t, sizeof...(L)> numbers{enums::number(static_cast<L>(values))...};
        if (first_.chunk != nullptr && all_known(numbers)) [[likely]] {
          std::uint32_t index = 0;
          std::size_t i = 0;
          ((index = index * static_cast<std::uint32_t>(enums::count<L>) + numbers[i++] - 1), ...);
          return Series(*family_, {first_.chunk, first_.at + index * Series::cells(*family_)});
        }
      }
      return Series(*family_, look_up(values...));
    }
  }

  /// Takes the series with these label values off pages, until more is counted in it, or it is set. True if it was on them, for
  /// one of those who remove it at the same time.
  ///
  ///     battery.remove("sensor-17");   // it has been taken out of service
  ///
  /// A total goes on from where it was, so that nothing is lost and none ever goes back, whoever writes at the same time; a gauge
  /// begins anew. A series with `_other` on any of its labels stays. Handles stay valid, and the place under the label's cap stays
  /// taken: for values that come and go see OpenLabel::expires_after. Thread-safe and lock-free; allocates once per chunk
  /// of cells, and has no effect if memory for that is lacking.
  bool remove(typename LabelTraits<L>::Argument... values) const noexcept
    requires(sizeof...(L) > 0)
  {
    if constexpr (!metrics_enabled) return false;
    [[maybe_unused]] const std::conditional_t<expires, ReadSection, NoSection> section(cells::process_readers);
    std::uint32_t combination = 0;
    bool known = true;
    std::size_t label = 0;
    const auto add = [&](std::uint32_t number) {
      known = known && number != 0;
      combination += number * family_->stride(label++);
    };
    (add(present_number<L>(label, values)), ...);
    return known && family_->remove(combination);
  }

  // What else is written is refused by these, and not by a list of all that the compiler has tried.
  template <class... Values>
    requires(sizeof...(L) == 0 || sizeof...(Values) != sizeof...(L))
  bool remove(const Values&...) const noexcept {
    static_assert(sizeof...(L) != 0 || sizeof...(Values) == ~std::size_t{0},
                  "this metric has no labels: it is on every page");
    say_how_many<Values...>();
    return false;
  }
  template <class... Values>
    requires(sizeof...(L) == 0 || sizeof...(Values) != sizeof...(L))
  Series with(const Values&...) const noexcept {
    static_assert(sizeof...(L) != 0 || sizeof...(Values) == ~std::size_t{0},
                  "this metric has no labels: leave with(...) out");
    say_how_many<Values...>();
    return Series();
  }
  template <class... Values>
    requires(differ<Values...>())
  bool remove(const Values&...) const = delete;  // a value is of its label's own type: an enumerator, a bool, or a text
  template <class... Values>
    requires(differ<Values...>())
  Series with(const Values&...) const = delete;  // a value is of its label's own type: an enumerator, a bool, or a text

 protected:
  template <auto Rule>
  Metric(Registry& registry, Traits traits, Checked<Rule> name, HelpText help,
         const typename LabelTraits<L>::Definition&... labels) {
    if constexpr (metrics_enabled) {
      family_ = &registry.add(define<L...>(traits, name, help, labels...));
      if constexpr (sizeof...(L) == 0) {
        first_ = Series(*family_, family_->first_of_all());
      } else {
        first_ = family_->first_of_all();
      }
    }
  }

  [[nodiscard]] Family& family() const noexcept { return *family_; }

  /// The series of a metric without labels; who asks others for it has said so in a static_assert.
  [[nodiscard]] const Series& only() const noexcept {
    if constexpr (sizeof...(L) == 0) {
      return first_;
    } else {
      static constexpr Series none;
      return none;
    }
  }

 private:
  template <class... Values>
  static constexpr void say_how_many() noexcept {
    static_assert(sizeof...(L) == 0 || sizeof...(Values) == sizeof...(L),
                  "with(...) and remove(...) take one value for each label, in the order of the definition");
  }

  /// Whether the values of a label expire, and series with them. Where they do not, nobody has to say that he is looking.
  static constexpr bool expires = (is_expiring<L> || ...);
  struct NoSection {
    explicit NoSection(const auto& /*readers*/) noexcept {}
  };

  static constexpr bool all_known(const std::array<std::uint32_t, sizeof...(L)>& numbers) noexcept {
    for (const std::uint32_t number : numbers) {
      if (number == 0) return false;
    }
    return true;
  }

  Place look_up(typename LabelTraits<L>::Argument... values) const noexcept {
    // Numbers alone, as long as everything is known: that is what fits into registers.
    std::uint32_t combination = 0;
    bool known = true;
    std::size_t label = 0;
    const auto add = [&](std::uint32_t number, bool may_be_other) {
      known = known && (number != 0 || may_be_other);
      combination += number * family_->stride(label++);
    };
    (add(number_of<L>(label, values), is_closed<L>), ...);
    if (known) [[likely]] {
      Place place;
      if constexpr (expires) {
        place = family_->find_expiring(combination);
      } else {
        place = family_->find(combination);
      }
      if (place.chunk != nullptr) [[likely]]
        return place;
    }
    return look_up_slowly(values...);
  }

  // By its texts, for what is new, or over a cap.
  FLOWVIZ_METRICS_NOINLINE Place look_up_slowly(typename LabelTraits<L>::Argument... values) const noexcept {
    std::size_t label = 0;
    const std::array<Family::Value, sizeof...(L)> found{value_of<L>(label++, values)...};
    return family_->place(found);
  }

  template <class V>
  std::uint32_t number_of(std::size_t label, typename LabelTraits<V>::Argument value) const noexcept {
    if constexpr (is_closed<V>) {
      return enums::number(static_cast<V>(value));
    } else if constexpr (is_expiring<V>) {
      return family_->find_expiring_value(label, text_of(value)).number;
    } else {
      return family_->find_open_value(label, text_of(value)).number;
    }
  }

  // The number of a value that there is already, also of one that pages show repaired.
  template <class V>
  std::uint32_t present_number(std::size_t label, typename LabelTraits<V>::Argument value) const noexcept {
    if constexpr (is_closed<V>) {
      return enums::number(static_cast<V>(value));
    } else {
      const CleanText clean(text_of(value));
      return clean.ok() ? family_->present_value(label, clean.text()).number : 0;
    }
  }

  template <class V>
  Family::Value value_of(std::size_t label, typename LabelTraits<V>::Argument value) const noexcept {
    if constexpr (is_closed<V>) {
      return {enums::number(static_cast<V>(value)), {}};
    } else {
      return family_->open_value(label, text_of(value));
    }
  }

  // None if metrics are compiled out.
  Family* family_ = nullptr;
  // The only series, or, if all stand side by side, where the first one is.
  std::conditional_t<sizeof...(L) == 0, Series, Place> first_;
};

FLOWVIZ_METRICS_END
