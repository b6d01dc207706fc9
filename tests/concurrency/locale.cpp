// SPDX-License-Identifier: MIT
// The locale of the process changes nothing on a page: neither the C library's, nor the C++ library's, nor a thread's own.
// The locale is compiled here, with a decimal comma and dots between thousands, so that none needs to be installed.

#include <flowviz_metrics/flowviz_metrics.hpp>
#include <flowviz_metrics/process.hpp>

#include <locale.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <locale>
#include <string>

#include <doctest/doctest.h>

#include "concurrency/program.hpp"
#include "support/text_validator.hpp"

namespace {

// Compiles the locale "comma" into a folder of its own, where the C library finds it as long as this lives.
class CommaLocale {
 public:
  CommaLocale() {
    std::string folder = (std::filesystem::temp_directory_path() / "flowviz-locale-XXXXXX").string();
    REQUIRE(mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    std::ofstream(folder_ / "comma.def") << "LC_NUMERIC\n"
                                            "decimal_point \",\"\n"
                                            "thousands_sep \".\"\n"
                                            "grouping 3;3\n"
                                            "END LC_NUMERIC\n";
    // It warns of the categories that are not there (status 1) and writes what is (-c).
    const concurrency::Outcome outcome = concurrency::run_program(
        "localedef", {"--no-archive", "-c", "-i", folder_ / "comma.def", (folder_ / "comma").string()});
    INFO("localedef wrote: " << outcome.errors);
    REQUIRE(std::filesystem::exists(folder_ / "comma" / "LC_NUMERIC"));
    setenv("LOCPATH", folder_.c_str(), 1);
  }
  ~CommaLocale() {
    uselocale(LC_GLOBAL_LOCALE);
    std::locale::global(std::locale::classic());
    setlocale(LC_ALL, "C");
    unsetenv("LOCPATH");
    std::filesystem::remove_all(folder_);
  }
  CommaLocale(const CommaLocale&) = delete;
  CommaLocale& operator=(const CommaLocale&) = delete;

 private:
  std::filesystem::path folder_;
};

// Registers and writes what has digits, points and exponents on its page; returns the page.
std::string page() {
  flowviz::Registry registry;
  const flowviz::DoubleCounter<> amount{registry, "amount_total", "Amounts."};
  amount.inc(1234567.875);
  const flowviz::Counter<> whole{registry, "whole_total", "Whole things."};
  whole.inc(12'345'678'901);
  const flowviz::Gauge<> level{registry, "level", "Level."};
  level.set(-0.000012345);
  const flowviz::Histogram<> sizes{registry, "sizes", "Sizes.", flowviz::Buckets{0.0001, 0.25, 1234.5, 1e21}};
  sizes.observe(1000.125);
  return flowviz::scrape(registry).body;
}

// The same page under the locale that `use` sets, made before the locale is left again.
template <class Use>
void check_page_under(Use use) {
  const std::string before = page();
  std::string under, proof;
  {
    const CommaLocale locale;
    use();
    char text[32];
    std::snprintf(text, sizeof text, "%g", 0.5);
    proof = text;
    under = page();
  }
  REQUIRE(proof == "0,5");  // the locale was in force
  CHECK(under == before);
  CHECK(support::validate_text(under).empty());
}

}  // namespace

TEST_CASE("a locale that is set with setlocale changes nothing on a page") {
  check_page_under([] { setlocale(LC_ALL, "comma"); });
}

TEST_CASE("a locale that is set with std::locale::global changes nothing on a page") {
  check_page_under([] { std::locale::global(std::locale("comma")); });
}

TEST_CASE("a locale that a thread has for itself changes nothing on a page") {
  locale_t comma = nullptr;
  check_page_under([&] {
    comma = newlocale(LC_ALL_MASK, "comma", nullptr);
    uselocale(comma);
  });
  freelocale(comma);
}

TEST_CASE("a locale changes nothing about how process metrics are read and shown") {
  std::string under;
  {
    const CommaLocale locale;
    std::locale::global(std::locale("comma"));
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
