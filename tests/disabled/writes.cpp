// SPDX-License-Identifier: MIT
// Every way to write to a metric, a function each, for run.py to look at their instructions. What each of them leaves
// when metrics are compiled out is a return.

#include <flowviz_metrics/bundles/cache.hpp>
#include <flowviz_metrics/bundles/database.hpp>
#include <flowviz_metrics/bundles/http_server.hpp>
#include <flowviz_metrics/bundles/outbound.hpp>
#include <flowviz_metrics/flowviz_metrics.hpp>

#include <chrono>
#include <string_view>

enum class Colour { red, green };

using flowviz::Expiring;
using flowviz::Held;
using flowviz::Text;

extern "C" {

void write_counter(const flowviz::Counter<>& counter) { counter.inc(); }
void write_counter_n(const flowviz::Counter<>& counter, std::uint64_t n) { counter.inc(n); }
void write_counter_series(const flowviz::CounterSeries& series) { series.inc(); }
void write_counter_from_signal(const flowviz::CounterSeries& series) { series.inc_from_signal(); }
void write_counter_closed_label(const flowviz::Counter<Colour>& counter, Colour c) { counter.with(c).inc(); }
void write_counter_open_label(const flowviz::Counter<Text>& counter, std::string_view t) { counter.with(t).inc(); }
void write_counter_labels(const flowviz::Counter<Text, Colour, bool>& counter, std::string_view t, Colour c) {
  counter.with(t, c, true).inc();
}
void write_counter_expiring_label(const flowviz::Counter<Expiring<Text>>& counter, std::string_view t) {
  counter.with(t).inc();
}
void write_counter_held(const Held<flowviz::CounterSeries>& series) { series.inc(); }
void write_counter_held_copy(const Held<flowviz::CounterSeries>& series) { const Held copy = series; }
void write_counter_exemplar(const flowviz::Counter<>& counter, const flowviz::Exemplar& e) { counter.inc(1, e); }
void write_counter_exemplar_made(const flowviz::CounterSeries& series, std::string_view trace) {
  series.inc(1, {{"trace_id", trace}});
}
void write_counter_exemplar_held(const Held<flowviz::CounterSeries>& series, const flowviz::Exemplar& e) {
  series.inc(1, e);
}
void remove_counter(const flowviz::Counter<Text>& counter, std::string_view t) { counter.remove(t); }

void write_double_counter(const flowviz::DoubleCounter<>& counter, double v) { counter.inc(v); }
void write_double_counter_time(const flowviz::DoubleCounter<>& counter, std::chrono::nanoseconds t) { counter.inc(t); }
void write_double_counter_from_signal(const flowviz::DoubleCounterSeries& series, double v) {
  series.inc_from_signal(v);
}
void write_double_counter_exemplar(const flowviz::DoubleCounter<Text>& counter, std::string_view t, double v,
                                   const flowviz::Exemplar& e) {
  counter.with(t).inc(v, e);
}

void write_gauge_set(const flowviz::Gauge<>& gauge, double v) { gauge.set(v); }
void write_gauge_add(const flowviz::Gauge<>& gauge, double v) { gauge.add(v); }
void write_gauge_sub(const flowviz::GaugeSeries& series, double v) { series.sub(v); }
void write_gauge_label(const flowviz::Gauge<Text>& gauge, std::string_view t, double v) { gauge.with(t).set(v); }

void write_up_down_inc(const flowviz::UpDownCounter<>& count) { count.inc(); }
void write_up_down_dec(const flowviz::UpDownSeries& series, std::uint64_t n) { series.dec(n); }
void write_up_down_track(const flowviz::UpDownCounter<>& count) { const auto scope = count.track(); }
void write_up_down_track_label(const flowviz::UpDownCounter<Text>& count, std::string_view t) {
  const auto scope = count.with(t).track();
}
void write_up_down_track_held(const flowviz::UpDownCounter<Expiring<Text>>& count, std::string_view t) {
  const auto scope = count.with(t).track();
}

void write_histogram(const flowviz::Histogram<>& histogram, double v) { histogram.observe(v); }
void write_histogram_time(const flowviz::HistogramSeries& series, std::chrono::microseconds t) { series.observe(t); }
void write_histogram_label(const flowviz::Histogram<Text, Colour>& histogram, std::string_view t, Colour c, double v) {
  histogram.with(t, c).observe(v);
}
void write_histogram_exemplar(const flowviz::Histogram<>& histogram, double v, const flowviz::Exemplar& e) {
  histogram.observe(v, e);
}
void write_histogram_exemplar_made(const flowviz::HistogramSeries& series, double v, std::string_view trace) {
  series.observe(v, {{"trace_id", trace}});
}
void write_histogram_held_copy(const Held<flowviz::HistogramSeries>& series) { const Held copy = series; }
void time_histogram(const flowviz::Histogram<>& histogram) { const auto timer = histogram.time(); }
void time_histogram_label(const flowviz::Histogram<Colour>& histogram, Colour c) {
  const auto timer = histogram.with(c).time();
}

void write_summary(const flowviz::Summary<>& summary, double v) { summary.observe(v); }
void write_native(const flowviz::NativeHistogram<>& histogram, double v) { histogram.observe(v); }
void write_native_label(const flowviz::NativeHistogram<Text>& histogram, std::string_view t, double v) {
  histogram.with(t).observe(v);
}
void write_native_exemplar(const flowviz::NativeHistogram<Text>& histogram, std::string_view t, double v,
                           const flowviz::Exemplar& e) {
  histogram.with(t).observe(v, e);
}
void time_native(const flowviz::NativeHistogram<>& histogram) { const auto timer = histogram.time(); }

void write_state(const flowviz::StateSet<Colour>& state, Colour c) { state.set(c); }
void write_state_label(const flowviz::StateSet<Colour, Text>& state, std::string_view t, Colour c) {
  state.with(t).set(c);
}

void time_outbound(const flowviz::bundles::Outbound<Colour>& outbound, Colour c) {
  auto call = outbound.begin(c);
  call.finish(flowviz::bundles::CallOutcome::ok);
}
void time_statement(const flowviz::bundles::Database::Statement& statement) {
  auto query = statement.begin();
  query.finish();
}
void time_request(const flowviz::bundles::HttpServer& server, const flowviz::bundles::HttpServer::Route& route) {
  auto request = server.begin(route);
  request.finish(200, {});
}
}
