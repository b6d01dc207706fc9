// SPDX-License-Identifier: MIT
#include "http/server.hpp"

#include <functional>
#include <string>

#include "http/header_names.hpp"
#include "http/request_context.hpp"

namespace wms {
namespace {

/// Called between the head of a request and its body.
void prepare(httplib::Request& request) {
  RequestContext& context = RequestContext::current();
  context.stream.expect_body(BodyFraming::of(request));
  // Ranges are nothing this service has promised, and which answers are compressed is the handlers' to say. A header with
  // a thousand ranges makes cpp-httplib 0.11 send the page a thousand times; it takes "gzip;q=0" for a wish for gzip, and
  // compresses with brotli at its slowest.
  const auto [begin, end] = request.headers.equal_range(header_names::accept_encoding);
  for (auto header = begin; header != end; ++header) {
    context.accept_encoding += (context.accept_encoding.empty() ? "" : ", ") + header->second;
  }
  // A body is JSON, whatever it is called. Of one that is called a form, which is what curl calls it, cpp-httplib takes 8 KiB.
  if (request.get_header_value(header_names::content_type).starts_with("application/x-www-form-urlencoded")) {
    request.headers.erase(header_names::content_type);
  }
  request.ranges.clear();
  request.headers.erase(header_names::range);
  request.headers.erase(header_names::accept_encoding);
}

/// Releases differ in what their server wants to be told about a connection.
template <class Process>
bool call(Process process, RequestStream& stream, bool last, bool& closed) {
  if constexpr (std::is_invocable_v<Process, RequestStream&, bool, bool&, decltype(&prepare)>) {
    return process(stream, last, closed, &prepare);  // up to 0.15
  } else {
    std::string remote, local;
    int remote_port = 0, local_port = 0;
    stream.get_remote_ip_and_port(remote, remote_port);
    stream.get_local_ip_and_port(local, local_port);
    return process(stream, remote, remote_port, local, local_port, last, closed, &prepare);
  }
}

}  // namespace

bool Server::answer(RequestStream& stream, bool last) {
  RequestContext context(stream);
  bool closed = false;
  const auto process = [this](auto&&... arguments) -> decltype(process_request(arguments...)) {
    return process_request(arguments...);
  };
  return call(process, stream, last, closed) && !last && !closed && stream.finish_request();
}

}  // namespace wms
