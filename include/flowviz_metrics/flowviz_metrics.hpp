// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// All of the core. Every header also stands alone; bundles, adapters, describe.hpp, textfile.hpp and testing.hpp are included by
/// name.

#include <flowviz_metrics/version.hpp>  // first: it says which compiler this needs

#include <flowviz_metrics/callback.hpp>
#include <flowviz_metrics/collector.hpp>
#include <flowviz_metrics/counter.hpp>
#include <flowviz_metrics/gauge.hpp>
#include <flowviz_metrics/histogram.hpp>
#include <flowviz_metrics/http.hpp>
#include <flowviz_metrics/info.hpp>
#include <flowviz_metrics/label.hpp>
#include <flowviz_metrics/native_histogram.hpp>
#include <flowviz_metrics/process.hpp>
#include <flowviz_metrics/scrape.hpp>
#include <flowviz_metrics/state_set.hpp>
#include <flowviz_metrics/summary.hpp>
#include <flowviz_metrics/timer.hpp>
#include <flowviz_metrics/up_down_counter.hpp>
