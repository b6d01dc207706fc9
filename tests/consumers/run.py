#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Builds and runs programs outside of the repository that get the library in each way it offers, and checks that
nothing of its developers comes with it. README.md's CMake snippets have to be lines of these projects.

The last line is `N passed, N failed`.
"""

import pathlib
import re
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "harness"))
import checks
from checks import Failed, must

NO_DATABASES = ["-D", "CMAKE_DISABLE_FIND_PACKAGE_SQLite3=ON", "-D", "CMAKE_DISABLE_FIND_PACKAGE_PostgreSQL=ON"]
NO_CPP_HTTPLIB = {"PKG_CONFIG_LIBDIR": "/nonexistent", "PKG_CONFIG_PATH": "", "CMAKE_PREFIX_PATH": "/nonexistent"}


def installed(folder):
    """Installs the library as a package's maintainer would, and moves it to show that it can be."""
    must(["cmake", "-G", "Ninja", "-S", ROOT, "-B", folder / "library", "-D", "FLOWVIZ_METRICS_DEVELOPER=OFF"])
    must(["cmake", "--install", folder / "library", "--prefix", folder / "staged"])
    (folder / "staged").rename(folder / "prefix")
    return folder / "prefix"


def project(folder, kind, name=None):
    """A copy of a consumer's project with the shared sources, outside of the repository."""
    copy = folder / (name or kind)
    shutil.copytree(HERE / kind, copy)
    for shared in ("main.cpp", "other.cpp", "databases.cpp", "nothing_leaks.cmake"):
        if not (copy / shared).exists():
            shutil.copy(HERE / shared, copy)
    (copy / "flowviz_metrics").symlink_to(ROOT)  # where add_subdirectory expects it
    return copy


def configure_command(source, *options):
    return ["cmake", "-G", "Ninja", "-S", source, "-B", source / "build", "-D", "CMAKE_COMPILE_WARNING_AS_ERROR=ON",
            *options]  # fmt: skip


def expect_page(page, *lines):
    for line in lines:
        if line not in page.splitlines():
            raise Failed(f"`{line}` is missing on the page:\n{page}")


def check_project(folder, name, lines, *options):
    source = project(folder, name)
    must(configure_command(source, *options))
    must(["cmake", "--build", source / "build"])
    expect_page(must([source / "build" / "your_service"]), *lines)


def check_pkg_config(folder, prefix):
    environment = {"PKG_CONFIG_PATH": str(prefix / "share" / "pkgconfig")}
    flags = must(["pkg-config", "--cflags", "--libs", "flowviz_metrics"], env=environment).split()
    unexpected = [flag for flag in flags if flag != "-pthread" and not flag.startswith("-I")]
    if unexpected:
        raise Failed(f"pkg-config hands out {unexpected}")
    version = must(["pkg-config", "--modversion", "flowviz_metrics"], env=environment).strip()
    header = (ROOT / "include" / "flowviz_metrics" / "version.hpp").read_text(encoding="utf-8")
    if f'define FLOWVIZ_METRICS_VERSION "{version}"' not in header:
        raise Failed(f"pkg-config says version {version}, version.hpp another one")
    app = folder / "app_by_pkg_config"
    must(["g++", "-std=c++20", "-Werror", HERE / "main.cpp", HERE / "other.cpp", *flags, "-o", app])
    expect_page(must([app]), "consumer_runs_total 3")


def check_needs(words, *flags):
    """What is reported first is what the library needs, and not what is lacking without it."""
    command = [*flags, "-fsyntax-only", "-I", ROOT / "include", HERE / "main.cpp"]
    for compiler in ("g++", "clang++"):
        done = checks.start([compiler, *command])
        first = next((line for line in done.stderr.splitlines() if "error:" in line), "")
        if done.status == 0 or words not in first:
            raise Failed(f"{compiler} says first: {first}")


def check_refused(folder, name, call, words, prefix, env, *options):
    """A project whose find_package must stop the configuration with these words."""
    source = folder / name
    source.mkdir()
    text = f"cmake_minimum_required(VERSION 3.25)\nproject(consumer LANGUAGES CXX)\n{call}\n"
    (source / "CMakeLists.txt").write_text(text, encoding="utf-8")
    done = checks.start(configure_command(source, "-D", f"flowviz_metrics_ROOT={prefix}", *options), env=env)
    said = " ".join(done.stderr.split())
    if done.status == 0 or words not in said:
        raise Failed(f"status {done.status} without the words `{words}`:\n{done.stderr}")


def check_without_libraries(folder):
    """The core is there, the adapters' targets are not, and the configuration says why."""
    source = project(folder, "add_subdirectory", "without_libraries")
    with open(source / "CMakeLists.txt", "a", encoding="utf-8") as file:
        for name in ("httplib", "sqlite", "libpq"):
            file.write(f'if(TARGET flowviz::metrics_{name})\n  message(FATAL_ERROR "an adapter of nothing")\nendif()\n')
    said = must(configure_command(source, *NO_DATABASES), env=NO_CPP_HTTPLIB)
    for package in ("libcpp-httplib-dev", "libsqlite3-dev", "libpq-dev"):
        if f"apt-get install {package}" not in said:
            raise Failed(f"the missing target is not explained:\n{said}")


def check_readme():
    """Every line of README.md's CMake snippets stands, in the same order, in one of the projects."""
    snippets = re.findall(r"```cmake\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    if not snippets:
        raise Failed("README.md shows no CMake snippet")
    projects = [file.read_text(encoding="utf-8") for file in HERE.glob("*/CMakeLists.txt")]
    for snippet in snippets:
        wanted = [line.strip() for line in snippet.splitlines() if line.strip()]
        if not any(in_order(wanted, [line.strip() for line in text.splitlines()]) for text in projects):
            raise Failed(f"no consumer's CMakeLists.txt has these lines of README.md:\n{snippet}")


def in_order(wanted, lines):
    rest = iter(lines)
    return all(line in rest for line in wanted)


def guarded(check, *arguments):
    try:
        return check(*arguments)
    except Failed as failure:
        return str(failure)


def main():
    page = ["# TYPE consumer_runs_total counter", "consumer_runs_total 3"]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prefix = installed(folder)
        find = ["-D", f"flowviz_metrics_ROOT={prefix}"]
        fetch = ["-D", f"FETCHCONTENT_SOURCE_DIR_FLOWVIZ_METRICS={ROOT}"]  # instead of a download
        http_page = ["# TYPE http_requests_total counter"]
        database_page = ['db_queries_total{operation="select"} 2']
        no_version = "find_package(flowviz_metrics 99 REQUIRED)"
        no_httplib = "find_package(flowviz_metrics REQUIRED COMPONENTS httplib)"
        no_libpq = "find_package(flowviz_metrics REQUIRED COMPONENTS sqlite libpq)"
        no_component = "find_package(flowviz_metrics REQUIRED COMPONENTS telepathy)"
        work = [
            ("add_subdirectory", check_project, folder, "add_subdirectory", page),
            ("FetchContent", check_project, folder, "fetch_content", page, *fetch),
            ("find_package", check_project, folder, "find_package", page, *find),
            ("find_package, adapter", check_project, folder, "httplib", http_page, *find),
            ("find_package, databases", check_project, folder, "databases", database_page, *find),
            ("add_subdirectory, databases", check_project, folder, "databases_by_folder", database_page),
            ("pkg-config", check_pkg_config, folder, prefix),
            ("another version", check_refused, folder, "version", no_version, 'requested version "99"', prefix, {}),
            ("unknown component", check_refused, folder, "component", no_component, "telepathy is missing", prefix, {}),
            ("adapter without cpp-httplib", check_refused, folder, "no_httplib", no_httplib,
             "apt-get install libcpp-httplib-dev", prefix, NO_CPP_HTTPLIB),
            ("adapters without databases", check_refused, folder, "no_libpq", no_libpq,
             "apt-get install libpq-dev", prefix, {}, *NO_DATABASES),
            ("core without their libraries", check_without_libraries, folder),
            ("an older standard", check_needs, "flowviz_metrics needs C++20: compile with -std=c++20", "-std=c++17"),
            ("another system", check_needs, "flowviz_metrics needs Linux", "-std=c++20", "-U__linux__"),
            ("-Ofast", check_needs, "add -fno-finite-math-only", "-std=c++20", "-Ofast"),
            ("README.md", check_readme),
        ]  # fmt: skip
        return checks.report([(name, guarded, *rest) for name, *rest in work])


if __name__ == "__main__":
    sys.exit(main())
