// SPDX-License-Identifier: MIT
#pragma once
/// \file
/// Metrics for a server of cpp-httplib, of any release from 0.11 on: routes by template, every request counted, a page
/// to scrape.
///
/// The old releases do not tell a hook which route took a request. So the routes are registered here, and a request's
/// route is looked for by the rules by which the library will find it: before the user's hooks, which may answer
/// instead of the handler, and before the body, which may never arrive. A thread answers one request at a time, so what
/// is known about the request is kept with the thread.
///
/// Beside `using namespace flowviz;`, write `::httplib::Server`: there are two namespaces of this name.

#include <httplib.h>

#include <strings.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <flowviz_metrics/adapters/httplib_page.hpp>
#include <flowviz_metrics/adapters/httplib_release.hpp>
#include <flowviz_metrics/bundles/http_routes.hpp>
#include <flowviz_metrics/bundles/http_server.hpp>

FLOWVIZ_METRICS_BEGIN
namespace httplib {

/// Counts the requests of one server.
///
///     httplib::Server server;
///     flowviz::httplib::Instrument http{server, registry};
///     http.Get("/api/lots/{lot_id}", [](const httplib::Request& request, httplib::Response& response) {
///       response.set_content(find(flowviz::httplib::path_param(request, "lot_id")), "application/json");
///     });
///     http.expose("/metrics");
///     server.listen("127.0.0.1", 8000);
///
/// **What is counted.** Every answer the server gives, with the status that it sends: by handlers, by hooks (under the
/// route that they answered for), by the library itself. A path that only other methods take counts for its template.
/// A method that HTTP does not know is `_other`, a request that could not be parsed has no handler. A handler that
/// throws counts with the status that the exception handler chooses, else 500. Of static files the handler is `none`.
///
/// **What is measured.** The duration runs from when the head of the request was read, through its body and the
/// handler, to when the answer is about to be sent; of an answer that a content provider streams, to the end of the
/// stream, unless `StreamingTime::excluded`. Then the request is counted and no longer in progress: who has read an
/// answer that was not streamed finds it counted. (A stream is in progress to its end in any case.) Sizes are those of
/// bodies as they came and went, whatever a client claimed; uncompressed those of requests and of streams.
///
/// **Hooks.** The server's pre-routing and post-routing hooks become this object's. Those that were set before go on
/// being called, and so do those that are set later, through it or, before it listens, on the server: these are taken
/// over by its `new_task_queue`, which it calls when it starts to listen. Set that before, or it replaces this object's.
///
/// **Lifetime.** One Instrument per server, made before the server listens. What it registered stays with the server when
/// it is destroyed; the registry outlives both. Registering is not thread-safe, as it is not in the library.
///
/// With releases that have `Request::matched_route`, requests to routes of the server itself are counted under the
/// pattern they were registered with; with others as if those routes were not there.
class Instrument {
 public:
  using Server = ::httplib::Server;
  using Handler = Server::Handler;
  using HandlerWithContentReader = Server::HandlerWithContentReader;

  /// Throws `Error` if the server has an Instrument already; see HttpServer for what else it throws.
  Instrument(Server& server, Registry& registry, bundles::HttpServerOptions options = {})
      : server_(not_taken(server)),
        registry_(registry),
        counting_(std::make_shared<Counting>(registry, std::move(options))) {
    take_hooks(server, counting_);
    server.new_task_queue = OnListen{server, counting_, std::move(server.new_task_queue)};
  }
  /// With the default registry.
  explicit Instrument(Server& server, bundles::HttpServerOptions options = {})
      : Instrument(server, default_registry(), std::move(options)) {}
  Instrument(const Instrument&) = delete;

  /// Registers a handler for the paths that a template stands for; see PathTemplate. The pair of method and template is
  /// on the page from now on. Throws `Error` for a template that is none, and for one whose paths a handler of the same
  /// method takes already.
  Instrument& Get(const std::string& path, Handler handler) {
    server_.Get(counting_->routes.add(Method::get, path).regex, std::move(handler));
    return *this;
  }
  Instrument& Post(const std::string& path, Handler handler) {
    server_.Post(counting_->routes.add(Method::post, path).regex, std::move(handler));
    return *this;
  }
  Instrument& Post(const std::string& path, HandlerWithContentReader handler) {
    server_.Post(counting_->routes.add(Method::post, path, reads_body).regex, sizing(std::move(handler)));
    return *this;
  }
  Instrument& Put(const std::string& path, Handler handler) {
    server_.Put(counting_->routes.add(Method::put, path).regex, std::move(handler));
    return *this;
  }
  Instrument& Put(const std::string& path, HandlerWithContentReader handler) {
    server_.Put(counting_->routes.add(Method::put, path, reads_body).regex, sizing(std::move(handler)));
    return *this;
  }
  Instrument& Patch(const std::string& path, Handler handler) {
    server_.Patch(counting_->routes.add(Method::patch, path).regex, std::move(handler));
    return *this;
  }
  Instrument& Patch(const std::string& path, HandlerWithContentReader handler) {
    server_.Patch(counting_->routes.add(Method::patch, path, reads_body).regex, sizing(std::move(handler)));
    return *this;
  }
  Instrument& Delete(const std::string& path, Handler handler) {
    server_.Delete(counting_->routes.add(Method::delete_, path).regex, std::move(handler));
    return *this;
  }
  Instrument& Delete(const std::string& path, HandlerWithContentReader handler) {
    server_.Delete(counting_->routes.add(Method::delete_, path, reads_body).regex, sizing(std::move(handler)));
    return *this;
  }
  Instrument& Options(const std::string& path, Handler handler) {
    server_.Options(counting_->routes.add(Method::options, path).regex, std::move(handler));
    return *this;
  }

  /// Serves the registry's page at `path`; see `page` (httplib_page.hpp). It is served also when the metrics of requests
  /// are turned off.
  Instrument& expose(const std::string& path = "/metrics") { return Get(path, page(registry_)); }

  /// Sets the user's hook; see the server's function of this name. The last one set is called.
  Instrument& set_pre_routing_handler(Server::HandlerWithResponse hook) {
    take_hooks(server_, counting_);  // one set on the server was set before this one
    counting_->pre_routing = std::move(hook);
    return *this;
  }
  Instrument& set_post_routing_handler(Handler hook) {
    take_hooks(server_, counting_);
    counting_->post_routing = std::move(hook);
    return *this;
  }
  /// These the Instrument does not need: they go to the server.
  Instrument& set_exception_handler(Server::ExceptionHandler hook) {
    server_.set_exception_handler(std::move(hook));
    return *this;
  }
  template <class Hook>
  Instrument& set_error_handler(Hook&& hook) {
    server_.set_error_handler(std::forward<Hook>(hook));
    return *this;
  }
  Instrument& set_logger(::httplib::Logger hook) {
    server_.set_logger(std::move(hook));
    return *this;
  }

  /// For requests that the server gets past cpp-httplib, and to ask whether requests are counted.
  [[nodiscard]] const bundles::HttpServer& metrics() const noexcept { return counting_->metrics; }

 private:
  using Request = ::httplib::Request;
  using Response = ::httplib::Response;
  using Receiver = ::httplib::ContentReceiver;
  friend std::string path_param(const ::httplib::Request& request, std::string_view name);

  using Route = bundles::HttpRoutes::Route;
  static constexpr auto reads_body = bundles::HttpRoutes::Turn::before_others;  // as in the library

  /// The request that a thread is answering.
  struct Current {
    const Response* response = nullptr;  // which one; nullptr: none
    const Route* route = nullptr;
    bundles::HttpServer::Request request;
    bundles::HttpServer::Request::BodySizes sizes;

    void finish(int status) noexcept {
      response = nullptr;
      route = nullptr;
      request.finish(status, sizes);
    }
  };
  FLOWVIZ_METRICS_SHARED static Current& current() noexcept {
    static thread_local Current request;
    return request;
  }

  /// What the server's hooks need. They share it, so that neither of server and Instrument has to outlive the other.
  struct Counting {
    Counting(Registry& registry, bundles::HttpServerOptions options) : metrics(registry, std::move(options)) {}

    void begin(const Request& request, Response& response) const {
      Current& now = current();
      if (release::may_change_protocol<Server>(request)) {
        // It comes here twice if no session takes it. If one does, no other hook is called: it ends with the response.
        if (now.response == &response) return;
        response.content_provider_resource_releaser_ = [](bool) { end_session(); };
      }
      const Method method = parse_method(request.method);
      now.route = routes.find(method, request.path);
      const bool taken = now.route != nullptr && now.route->method == method;
      const std::string_view handler = now.route != nullptr ? now.route->path.text() : std::string_view();
      now.request = metrics.begin(taken ? now.route->metrics : metrics.route(method, handler));
      if (const std::string* trace = traceparent(request)) now.request.trace(*trace);
      now.sizes = {};
      now.response = &response;
    }

    /// The header's text. Most headers differ from it in length, which costs less than the map's order of names: that looks at each
    /// letter of a name, in lower case.
    static const std::string* traceparent(const Request& request) noexcept {
      constexpr std::string_view name = "traceparent";
      for (const auto& [key, text] : request.headers) {
        if (key.size() == name.size() && strncasecmp(key.data(), name.data(), name.size()) == 0) return &text;
      }
      return nullptr;
    }

    void answer(const Request& request, Response& response) const {
      Current& now = current();
      if (now.response != &response) begin(request, response);  // refused before routing
      const std::string_view pattern = release::matched_route(request);
      if (!pattern.empty() && (now.route == nullptr || now.route->regex != pattern)) {
        now.request.take(metrics.route(parse_method(request.method), pattern));
      }
      now.sizes.request += release::body_size(request);
      const bool has_body = request.method != "HEAD";
      if (has_body && response.body.empty() && response.content_provider_) {
        if (metrics.options().streaming_time == bundles::StreamingTime::excluded) now.request.stop_clock();
        return stream(response);
      }
      if (has_body) now.sizes.response = response.body.size();
      now.finish(response.status);
    }

    bundles::HttpServer metrics;
    bundles::HttpRoutes routes{metrics};
    Server::HandlerWithResponse pre_routing;  // the user's
    Handler post_routing;
  };

  // The hooks have types of their own, by which they are known again.
  struct PreRouting {
    std::shared_ptr<const Counting> counting;
    Server::HandlerResponse operator()(const Request& request, Response& response) const {
      counting->begin(request, response);
      return counting->pre_routing ? counting->pre_routing(request, response) : Server::HandlerResponse::Unhandled;
    }
  };
  struct PostRouting {
    std::shared_ptr<const Counting> counting;
    void operator()(const Request& request, Response& response) const {
      if (counting->post_routing) counting->post_routing(request, response);
      counting->answer(request, response);
    }
  };
  struct OnListen {
    Server& server;
    std::shared_ptr<Counting> counting;
    std::function<::httplib::TaskQueue*()> user;
    ::httplib::TaskQueue* operator()() const {
      take_hooks(server, counting);
      return user();
    }
  };

  // A second one would take each request that the first has begun for one that never ended.
  static Server& not_taken(Server& server) {
    const bool taken = hook_of(server, release::PreRouting()).target<PreRouting>() != nullptr ||
                       hook_of(server, release::PostRouting()).target<PostRouting>() != nullptr ||
                       server.new_task_queue.target<OnListen>() != nullptr;
    if (taken) fail("this server has an Instrument already, which counts all of its requests");
    return server;
  }

  static void take_hooks(Server& server, const std::shared_ptr<Counting>& counting) {
    const auto take = [](auto& hook, auto& user, auto own) {
      if (hook.template target<decltype(own)>() == nullptr) user = std::exchange(hook, std::move(own));
    };
    take(hook_of(server, release::PreRouting()), counting->pre_routing, PreRouting{counting});
    take(hook_of(server, release::PostRouting()), counting->post_routing, PostRouting{counting});
  }

  // Counts what the content provider writes, and ends the request with the response.
  static void stream(Response& response) {
    response.content_provider_ = [provider = std::move(response.content_provider_)](
                                     std::size_t offset, std::size_t length, ::httplib::DataSink& sink) {
      auto write = std::move(sink.write);
      sink.write = [&write](const char* data, std::size_t size) {
        const bool written = write(data, size);
        if (written) current().sizes.response += size;
        return written;
      };
      const bool goes_on = provider(offset, length, sink);
      sink.write = std::move(write);
      return goes_on;
    };
    response.content_provider_resource_releaser_ = [release = std::move(response.content_provider_resource_releaser_),
                                                    status = response.status](bool success) {
      if (release) release(success);
      current().finish(status);
    };
  }

  // A response that ends without having been answered has become a session of another protocol, whose length is no
  // request's latency.
  static void end_session() {
    if (current().response == nullptr) return;
    current().request.discard_duration();
    current().finish(101);
  }

  // The bytes of a body that a handler reads itself.
  static HandlerWithContentReader sizing(HandlerWithContentReader handler) {
    return [handler = std::move(handler)](const Request& request, Response& response,
                                          const ::httplib::ContentReader& reader) {
      const auto counted = [](Receiver receiver) {
        return [receiver = std::move(receiver)](const char* data, std::size_t size) {
          current().sizes.request += size;
          return receiver(data, size);
        };
      };
      handler(request, response,
              ::httplib::ContentReader([&](Receiver receiver) { return reader(counted(std::move(receiver))); },
                                       [&](auto header, Receiver receiver) {
                                         return reader(std::move(header), counted(std::move(receiver)));
                                       }));
    };
  }

  Server& server_;
  Registry& registry_;
  std::shared_ptr<Counting> counting_;
};

/// The text that a parameter of the route's template has in this request.
///
/// To be called by the handler of a route that was registered with an Instrument, on the thread that called it. Throws
/// `Error` elsewhere, and if the template has no parameter of this name: an empty text would hide a misspelt one.
[[nodiscard]] inline std::string path_param(const ::httplib::Request& request, std::string_view name) {
  const Instrument::Route* route = Instrument::current().route;
  if (route == nullptr) rule_broken(name, "a parameter of a path is known to the handler of an Instrument's route");
  const auto index = route->path.parameter(name);
  if (!index) rule_broken(route->path.text(), ("there is no parameter {" + std::string(name) + "}").c_str());
  return request.matches[*index + 1].str();
}

}  // namespace httplib
FLOWVIZ_METRICS_END
