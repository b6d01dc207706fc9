// SPDX-License-Identifier: MIT
#pragma once

// The headers that each request is looked through for. cpp-httplib takes a name as a std::string, which is so made once.

#include <string>

namespace wms::header_names {

inline const std::string accept = "Accept";
inline const std::string accept_encoding = "Accept-Encoding";
inline const std::string accept_ranges = "Accept-Ranges";
inline const std::string authorization = "Authorization";
inline const std::string connection = "Connection";
inline const std::string content_encoding = "Content-Encoding";
inline const std::string content_length = "Content-Length";
inline const std::string content_type = "Content-Type";
inline const std::string idempotency_key = "Idempotency-Key";
inline const std::string keep_alive = "Keep-Alive";
inline const std::string origin = "Origin";
inline const std::string range = "Range";
inline const std::string request_id = "X-Request-Id";
inline const std::string request_method = "Access-Control-Request-Method";
inline const std::string scrape_timeout = "X-Prometheus-Scrape-Timeout-Seconds";
inline const std::string transfer_encoding = "Transfer-Encoding";

}  // namespace wms::header_names
