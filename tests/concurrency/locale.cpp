// SPDX-License-Identifier: MIT
// The locale of the process changes nothing on a page of any format: neither the C library's, nor the C++ library's, nor a thread's
// own. It is Germany's, with a decimal comma and dots between thousands, and compiled here, so that it need not be installed.

#include <flowviz_metrics/flowviz_metrics.hpp>
#include <flowviz_metrics/process.hpp>

#include <locale.h>
#include <stdlib.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <locale>
#include <string>

#include <doctest/doctest.h>

#include "concurrency/program.hpp"
#include "support/open_metrics_validator.hpp"
#include "support/protobuf_page.hpp"
#include "support/protobuf_validator.hpp"
#include "support/text_validator.hpp"

namespace {

constexpr const char* german = "de_DE.UTF-8";

// Compiles the locale into a folder of its own, where the C library finds it as long as this lives.
class GermanLocale {
 public:
  GermanLocale() {
    std::string folder = (std::filesystem::temp_directory_path() / "flowviz-locale-XXXXXX").string();
    REQUIRE(mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    const concurrency::Outcome outcome = concurrency::run_program(
        "localedef", {"--no-archive", "-i", "de_DE", "-f", "UTF-8", (folder_ / german).string()});
    INFO("localedef wrote: " << outcome.errors);
    REQUIRE(std::filesystem::exists(folder_ / german / "LC_NUMERIC"));
    setenv("LOCPATH", folder_.c_str(), 1);
  }
  ~GermanLocale() {
    uselocale(LC_GLOBAL_LOCALE);
    std::locale::global(std::locale::classic());
    setlocale(LC_ALL, "C");
    unsetenv("LOCPATH");
    std::filesystem::remove_all(folder_);
  }
  GermanLocale(const GermanLocale&) = delete;
  GermanLocale& operator=(const GermanLocale&) = delete;

 private:
  std::filesystem::path folder_;
};

using Pages = std::array<std::string, 3>;

// Registers and writes what has digits, points and exponents on its pages; returns them in each format.
Pages pages() {
  flowviz::Registry registry;
  const flowviz::DoubleCounter<> amount{registry, "amount_total", "Amounts."};
  amount.inc(1234567.875);
  const flowviz::Counter<> whole{registry, "whole_total", "Whole things."};
  whole.inc(12'345'678'901);
  const flowviz::Gauge<> level{registry, "level", "Level."};
  level.set(-0.000012345);
  const flowviz::Histogram<> sizes{registry, "sizes", "Sizes.", flowviz::Buckets{0.0001, 0.25, 1234.5, 1e21}};
  sizes.observe(1000.125);
  const flowviz::NativeHistogram<> took{registry, "took_seconds", "Took.",
                                        flowviz::NativeBuckets{.classic = flowviz::Buckets{1.5}}};
  took.observe(1234.5);
  Pages made;
  const char* accepts[] = {"", "application/openmetrics-text;version=1.0.0", support::protobuf_type};
  for (std::size_t i = 0; i < made.size(); ++i) made[i] = flowviz::scrape(registry, accepts[i]).body;
  return made;
}

// The same pages under the locale that `use` sets, made before the locale is left again.
template <class Use>
void check_pages_under(Use use) {
  const Pages before = pages();
  Pages under;
  std::string proof;
  {
    const GermanLocale locale;
    use();
    char text[32];
    std::snprintf(text, sizeof text, "%g", 0.5);
    proof = text;
    under = pages();
  }
  REQUIRE(proof == "0,5");  // the locale was in force
  CHECK(under == before);
  CHECK(support::validate_text(under[0]).empty());
  CHECK(support::validate_open_metrics(under[1]).empty());
  CHECK(support::validate_protobuf(under[2]).empty());
}

}  // namespace

TEST_CASE("a locale that is set with setlocale changes nothing on a page of any format") {
  check_pages_under([] { setlocale(LC_ALL, german); });
}

TEST_CASE("a locale that is set with std::locale::global changes nothing on a page of any format") {
  check_pages_under([] { std::locale::global(std::locale(german)); });
}

TEST_CASE("a locale that a thread has for itself changes nothing on a page of any format") {
  locale_t own = nullptr;
  check_pages_under([&] {
    own = newlocale(LC_ALL_MASK, german, nullptr);
    uselocale(own);
  });
  freelocale(own);
}

TEST_CASE("a locale changes nothing about how process metrics are read and shown") {
  std::string under;
  {
    const GermanLocale locale;
    std::locale::global(std::locale(german));
    flowviz::Registry registry;
    flowviz::expose_process_metrics(registry);
    under = flowviz::scrape(registry).body;
  }
  CHECK(support::validate_text(under).empty());
  const std::vector<support::Sample> samples = support::parse_samples(under);
  CHECK(support::value_of(samples, "process_resident_memory_bytes") > 100'000);
  CHECK(support::value_of(samples, "process_start_time_seconds") > 1e9);
}

// glibc 2.36 never frees the list that it makes of LOCPATH, which this test sets; LeakSanitizer asks here for what is not ours. A
// part of the name, for with debug symbols of glibc it is __argz_add_sep.
extern "C" const char* __lsan_default_suppressions();  // NOLINT: the name is the sanitizer's
extern "C" const char* __lsan_default_suppressions() { return "leak:argz_add_sep\n"; }
