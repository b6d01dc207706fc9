// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// What can be chosen about the service beside its database and its ports; these are the defaults.

#include <chrono>
#include <set>
#include <string>

#include "business_hours.hpp"
#include "http/rate_limiter.hpp"
#include "trace_cache.hpp"
#include "webhook/options.hpp"

namespace wms {

struct AppOptions {
  RateLimits rate_limits = {};
  RateLimitStore rate_limit_store = RateLimitStore::memory;
  std::chrono::seconds test_alert_duration = std::chrono::minutes(5);
  BusinessHours business_hours = {};
  TraceCache::Limits trace_cache = {};
  std::set<std::string> cors_origins = {};  ///< whose web pages may use the API
  WebhookOptions webhook = {};
  bool native_histograms = false;  ///< whether durations of all requests have native buckets, too
};

}  // namespace wms
