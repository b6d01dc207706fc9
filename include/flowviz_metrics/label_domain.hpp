// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// The two kinds of labels, both finite: closed ones, whose values are the enumerators of an enum, and open ones, whose
/// first N distinct texts are kept and whose other texts are counted under `_other`.

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <flowviz_metrics/cardinality.hpp>
#include <flowviz_metrics/durations.hpp>
#include <flowviz_metrics/enum_text.hpp>
#include <flowviz_metrics/name.hpp>

FLOWVIZ_METRICS_BEGIN

/// What an open label takes, as a template argument: `Counter<Method, Text>`. `with()` takes it as a
/// `std::string_view`.
struct Text;

template <class E>
concept ClosedValue = std::is_enum_v<E> || std::same_as<E, bool>;

/// A label whose values are the enumerators of `E` (or false and true). A value's text is the enumerator's name, or
/// what `label_text(E)` returns if the namespace of E declares it. A value that is no enumerator between -64 and 599 (see
/// `enum_range`) is counted under `_other`.
///
///     enum class LotType { raw, intermediate, finished };
///     flowviz::Label<LotType>{"lot_type"}
template <ClosedValue E>
class Label {
 public:
  static_assert(enums::count<E> > 0,
                "the enum has no enumerator between -64 and 599: specialise flowviz::enum_range for it, or define it "
                "before it becomes a label, if it is only declared here");

  constexpr explicit Label(LabelName name) noexcept : name_(name) {}
  [[nodiscard]] constexpr std::string_view name() const noexcept { return name_.text(); }
  [[nodiscard]] constexpr bool has_utf8_name() const noexcept { return name_.utf8(); }

 private:
  LabelName name_;
};

/// A label with one value, the same on every series of a registry or of a metric.
struct ConstantLabel {
  LabelName name;
  std::string_view value;
};

/// How the values beyond a gauge's open label share the one series they get.
enum class OtherGauge {
  refused,   ///< they do not: every value has to be pinned, and to set any other has no effect and is counted
  last_set,  ///< `_other` shows whatever was set last
};

/// A type of one's own for the values of an open label, so that the values of two such labels cannot be swapped: a class
/// with a member `text`. `OpenLabel::of` ties it to a label.
///
///     struct Handler { std::string_view text; };
template <class T>
concept StrongText = std::is_class_v<T> && requires(const T& value) {
  { value.text } -> std::convertible_to<std::string_view>;
};

template <StrongText T>
class TextLabel;

/// As a template argument, an open label whose values expire: `Counter<Method, Expiring<Text>>`. `with()` takes what it takes
/// for `Of`.
template <class Of>
struct Expiring;

template <class Of>
class ExpiringLabel;

/// A label of texts, at most `cap` of them: the first `cap` distinct texts are kept for ever, whatever comes later is
/// counted under `_other`. Texts may hold any bytes; what is not UTF-8 is replaced, what is too long is cut.
///
/// The name must not read like an identifier (`id`, `user`, `email`, ...) unless `allow_id_like` is given.
class OpenLabel {
 public:
  OpenLabel(OpenLabelName name, std::uint32_t cap) noexcept : name_(name), cap_(cap) {}
  OpenLabel(LabelName name, std::uint32_t cap, AllowIdLike) noexcept : name_(name), cap_(cap) {}

  /// Values that exist from the start and are never pushed out. They count towards the cap.
  OpenLabel& pin(std::initializer_list<std::string_view> values) & {
    for (const std::string_view value : values) pinned_.push_back(std::string(value));
    return *this;
  }
  [[nodiscard]] OpenLabel pin(std::initializer_list<std::string_view> values) && { return std::move(pin(values)); }
  /// The same for values known at run time.
  OpenLabel& pin(const std::vector<std::string>& values) & {
    for (const std::string& value : values) pinned_.push_back(std::string(value));
    return *this;
  }
  [[nodiscard]] OpenLabel pin(const std::vector<std::string>& values) && { return std::move(pin(values)); }
  /// For gauges: what `_other` shows. A counter's values can always be added up, a gauge's cannot.
  OpenLabel& others(OtherGauge rule) & {
    others_ = rule;
    return *this;
  }
  [[nodiscard]] OpenLabel others(OtherGauge rule) && { return std::move(others(rule)); }

  /// The label with values of a type of its own. Comes last.
  ///
  ///     flowviz::Counter requests{registry, "requests_total", "Requests.",
  ///                               flowviz::OpenLabel{"handler", 100}.of<Handler>()};
  ///     requests.with(Handler{"/api/lots"}).inc();
  template <StrongText T>
  [[nodiscard]] TextLabel<T> of() && {
    return TextLabel<T>(std::move(*this));
  }

  /// The label with values that end when they have not been in use for `lifetime`, and leave their places to others. Comes
  /// last.
  ///
  /// A value is in use when it is looked up, and as long as somebody keeps a handle onto one of its series. A page that has
  /// shown all that was counted, and is followed by another one at least `lifetime` later with no use in between, is the last one
  /// with the value and its series; should it come again, it begins at zero, as after a restart. Choose several times
  /// the interval at which pages are made. Pinned values do not end, nor does what an up-down counter has not counted down again.
  ///
  ///     flowviz::Counter bytes{registry, "upload_bytes_total", "Bytes.", flowviz::OpenLabel{"client", 100}.expires_after(1h)};
  [[nodiscard]] ExpiringLabel<Text> expires_after(std::chrono::nanoseconds lifetime) &&;

  [[nodiscard]] std::string_view name() const noexcept { return name_.text(); }
  [[nodiscard]] bool has_utf8_name() const noexcept { return name_.utf8(); }
  [[nodiscard]] std::uint32_t cap() const noexcept { return cap_; }
  [[nodiscard]] const std::vector<std::string>& pinned() const noexcept { return pinned_; }
  [[nodiscard]] OtherGauge others() const noexcept { return others_; }

 private:
  LabelName name_;
  std::uint32_t cap_;
  std::vector<std::string> pinned_;
  OtherGauge others_ = OtherGauge::refused;
};

/// An open label whose values are of type T; see `OpenLabel::of`.
template <StrongText T>
class TextLabel {
 public:
  [[nodiscard]] const OpenLabel& open() const noexcept { return open_; }

  /// See OpenLabel::expires_after.
  [[nodiscard]] ExpiringLabel<T> expires_after(std::chrono::nanoseconds lifetime) &&;

 private:
  friend OpenLabel;
  explicit TextLabel(OpenLabel open) noexcept : open_(std::move(open)) {}
  OpenLabel open_;
};

/// An open label whose values expire; see `OpenLabel::expires_after`.
template <class Of>
class ExpiringLabel {
 public:
  [[nodiscard]] const OpenLabel& open() const noexcept { return open_; }
  [[nodiscard]] std::chrono::nanoseconds lifetime() const noexcept { return lifetime_; }

 private:
  friend OpenLabel;
  template <StrongText>
  friend class TextLabel;
  // Zero is how a definition says that values stay; who asks for it is told so.
  ExpiringLabel(OpenLabel open, std::chrono::nanoseconds lifetime) noexcept
      : open_(std::move(open)), lifetime_(lifetime.count() == 0 ? std::chrono::nanoseconds(-1) : lifetime) {}
  OpenLabel open_;
  std::chrono::nanoseconds lifetime_;
};

inline ExpiringLabel<Text> OpenLabel::expires_after(std::chrono::nanoseconds lifetime) && {
  return {std::move(*this), lifetime};
}
template <StrongText T>
ExpiringLabel<T> TextLabel<T>::expires_after(std::chrono::nanoseconds lifetime) && {
  return {std::move(open_), lifetime};
}

/// What a metric can be given before its labels: a `MaxSeries`, labels that all its series carry, or both. What it refers to
/// has to live until the registration returns.
struct MetricOptions {
  MetricOptions() = default;
  MetricOptions(MaxSeries max, std::span<const ConstantLabel> labels = {})  // NOLINT: meant to convert
      : max_series(max), constant_labels(labels) {}
  MetricOptions(std::span<const ConstantLabel> labels) : constant_labels(labels) {}  // NOLINT: meant to convert

  MaxSeries max_series{default_max_series};
  std::span<const ConstantLabel> constant_labels;
};

/// The values of an open label: any text, or a type of one's own.
template <class L>
concept OpenValue = std::same_as<L, Text> || StrongText<L>;

template <class L>
inline constexpr bool is_expiring = false;
template <OpenValue L>
inline constexpr bool is_expiring<Expiring<L>> = true;

/// What can stand in the angle brackets of a metric: an enum, bool, `Text`, a type of one's own, or `Expiring` of the latter two.
template <class L>
concept LabelValue = ClosedValue<L> || OpenValue<L> || is_expiring<L>;

template <LabelValue L>
inline constexpr bool is_closed = ClosedValue<L>;

/// The label that belongs to a template argument, and what `with()` takes for it.
template <LabelValue L>
struct LabelTraits {
  using Definition = Label<L>;
  using Argument = L;
};
/// What `with()` takes for a bool: nothing that merely converts to one, as texts and numbers do.
class ExactlyBool {
 public:
  constexpr ExactlyBool(std::same_as<bool> auto value) noexcept : value_(value) {}  // NOLINT: meant to convert
  constexpr explicit operator bool() const noexcept { return value_; }

 private:
  bool value_;
};
template <>
struct LabelTraits<bool> {
  using Definition = Label<bool>;
  using Argument = ExactlyBool;
};
template <>
struct LabelTraits<Text> {
  using Definition = OpenLabel;
  using Argument = std::string_view;
};
template <StrongText T>
struct LabelTraits<T> {
  using Definition = TextLabel<T>;
  using Argument = const T&;
};
template <OpenValue T>
struct LabelTraits<Expiring<T>> {
  using Definition = ExpiringLabel<T>;
  using Argument = typename LabelTraits<T>::Argument;
};

[[nodiscard]] inline std::string_view text_of(std::string_view value) noexcept { return value; }
template <StrongText T>
[[nodiscard]] std::string_view text_of(const T& value) noexcept {
  return value.text;
}

FLOWVIZ_METRICS_END
