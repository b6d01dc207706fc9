#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the recipes for vcpkg and Conan without either: the portfile against an outline of the functions that it calls, the
Conan recipes against a stand-in for the module that they import. Both really install the library into a folder of their
own, and an outside program is built with what is there. What only the real tools can tell is listed in docs/platforms.md.

The last line is `N passed, N failed`.
"""

import ast
import importlib.util
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "tests" / "harness"), str(HERE / "conan_stand_in")]
import checks
from checks import Failed, must
import conan
import conan.errors
import conan.tools.cmake

PORT = ROOT / "cmake" / "recipes" / "vcpkg" / "flowviz-metrics"
RECIPE = ROOT / "cmake" / "recipes" / "conan"
CONSUMERS = ROOT / "tests" / "consumers"
LINUX = dict(os="Linux", arch="x86_64", compiler="gcc", build_type="Release", cppstd="20")

# What https://learn.microsoft.com/vcpkg/reference/vcpkg-json allows.
IDENTIFIER = r"[a-z0-9]+(-[a-z0-9]+)*"
PORT_KEYS = {"name", "version", "port-version", "description", "homepage", "documentation", "license", "supports",
             "dependencies", "features", "default-features", "maintainers", "summary"}  # fmt: skip
DEPENDENCY_KEYS = {"name", "host", "features", "default-features", "platform", "version>="}
FEATURE_KEYS = {"description", "dependencies", "supports", "license"}
HELPERS = {"vcpkg_cmake_configure": "vcpkg-cmake", "vcpkg_cmake_install": "vcpkg-cmake",
           "vcpkg_cmake_config_fixup": "vcpkg-cmake-config"}  # fmt: skip


def expect(problem, holds):
    if not holds:
        raise Failed(problem)


def version():
    text = (ROOT / "include/flowviz_metrics/version.hpp").read_text(encoding="utf-8")
    return re.search(r'VERSION "(.*)"', text)[1]


def headers(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.hpp"))


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def check_dependencies(where, dependencies):
    for dependency in dependencies:
        if isinstance(dependency, str):
            dependency = {"name": dependency}
        expect(f"{where}: {dependency}", dependency.keys() <= DEPENDENCY_KEYS)
        expect(f"{where}: the name of {dependency}", re.fullmatch(IDENTIFIER, dependency["name"]))


def check_vcpkg_manifest():
    manifest = json.loads((PORT / "vcpkg.json").read_text(encoding="utf-8"))
    expect(f"unknown keys {manifest.keys() - PORT_KEYS}", manifest.keys() <= PORT_KEYS)
    expect("the name is not that of the port's folder", manifest["name"] == PORT.name)
    expect("the name is no identifier", re.fullmatch(IDENTIFIER, manifest["name"]))
    expect(f"version {manifest['version']} and not {version()}", manifest["version"] == version())
    expect("no description", manifest["description"])
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    expect("another licence", licence.startswith(f"{manifest['license']} License"))
    check_dependencies("dependencies", manifest["dependencies"])
    for name, feature in manifest.get("features", {}).items():
        expect(f"feature {name}", re.fullmatch(IDENTIFIER, name) and feature.keys() <= FEATURE_KEYS)
        expect(f"feature {name} is not described", feature["description"])
        check_dependencies(name, feature.get("dependencies", []))
    called = re.findall(r"^(vcpkg_\w+)\(", (PORT / "portfile.cmake").read_text(encoding="utf-8"), re.MULTILINE)
    needed = {HELPERS[name] for name in called if name in HELPERS}
    there = {entry["name"] for entry in manifest["dependencies"] if isinstance(entry, dict) and entry.get("host")}
    expect(f"helpers of {needed} are called, {there} are host dependencies", needed == there)


def run_port(folder):
    must(["cmake", "-D", f"PORT_DIR={PORT}", "-D", f"WORK={folder}", "-P", HERE / "vcpkg.cmake"])
    return folder / "packages"


def check_port(packages):
    """What vcpkg looks for in a package when it is built."""
    share = packages / "share" / PORT.name
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    expect("no copyright", (share / "copyright").read_text(encoding="utf-8") == licence)
    expect("other headers", headers(packages / "include") == headers(ROOT / "include"))
    expect("more than headers and share", {path.name for path in packages.iterdir()} == {"include", "share"})
    empty = [path for path in packages.rglob("*") if path.is_dir() and not any(path.iterdir())]
    expect(f"empty folders {empty}", not empty)
    expect("a package in share/cmake", not (packages / "share" / "cmake").exists())
    for path in files(packages):
        for absolute in (str(packages), str(ROOT)):
            expect(f"{path} names {absolute}", absolute not in path.read_text(encoding="utf-8"))


def check_port_consumer(folder, packages):
    """The outside program of find_package, whose lines `usage` shows."""
    source = folder / "vcpkg_consumer"
    shutil.copytree(CONSUMERS / "find_package", source)
    for shared in ("main.cpp", "other.cpp", "nothing_leaks.cmake"):
        shutil.copy(CONSUMERS / shared, source)
    must(["cmake", "-G", "Ninja", "-S", source, "-B", source / "build", "-D", f"CMAKE_PREFIX_PATH={packages}"])
    found = (source / "build" / "CMakeCache.txt").read_text(encoding="utf-8")
    expect("another package was found", f"flowviz_metrics_DIR:PATH={packages}/share/flowviz_metrics\n" in found)
    must(["cmake", "--build", source / "build"])
    expect("no page", "consumer_runs_total 3" in must([source / "build" / "your_service"]).splitlines())
    projects = [(CONSUMERS / name / "CMakeLists.txt").read_text(encoding="utf-8")
                for name in ("find_package", "httplib", "databases")]  # fmt: skip
    usage = (packages / "share" / PORT.name / "usage").read_text(encoding="utf-8")
    shown = re.findall(r"^    (.+)$", usage, re.MULTILINE)
    expect("usage shows nothing", shown)
    for line in shown:
        expect(f"usage shows `{line}`, which no outside project has", any(line in text.splitlines() for text in projects))


def recipe_class(path):
    text = path.read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 6))  # what Conan 2 runs on
    spec = importlib.util.spec_from_file_location(path.parent.name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    classes = [item for item in vars(module).values() if isinstance(item, type) and issubclass(item, conan.ConanFile)]
    classes.remove(conan.ConanFile)
    expect(f"{len(classes)} recipes in {path}", len(classes) == 1)
    return classes[0]


def folder_for(recipe, folder, *names):
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
        setattr(recipe, f"{name}_folder", str(folder / name))


def created_package(folder, **options):
    """What `conan create` does with the recipe, in its order."""
    recipe = recipe_class(RECIPE / "conanfile.py")(RECIPE, conan.Settings(**LINUX), **options)
    recipe.set_version()
    folder_for(recipe, folder, "export_sources", "build", "package")
    recipe.source_folder = recipe.export_sources_folder
    recipe.export_sources()
    recipe.requirements()
    recipe.validate()
    recipe.recipe_folder = "/nonexistent"  # in the cache nothing of the checkout is there
    recipe.package()
    recipe.package_id()
    recipe.package_info()
    return recipe


def check_conan_package(folder):
    recipe = created_package(folder)
    package = pathlib.Path(recipe.package_folder)
    expect(f"version {recipe.version}", recipe.version == version())
    expect("another licence", (ROOT / "LICENSE").read_text(encoding="utf-8").startswith(f"{recipe.license} License"))
    expect("a requirement without an option", not recipe.required)
    expect("a package for each compiler", recipe.info.cleared)
    expect("no licence", (package / "licenses" / "LICENSE").exists())
    expect("other headers", headers(package / "include") == headers(ROOT / "include"))
    expect("more than headers and licences", {path.name for path in package.iterdir()} == {"include", "licenses"})


def check_conan_option(folder):
    libraries = {"httplib": "cpp-httplib", "sqlite": "sqlite3", "libpq": "libpq"}
    for name, library in libraries.items():
        recipe = created_package(folder / name, **{name: True})
        required = [reference.split("/")[0] for reference in recipe.required]
        expect(f"requires {recipe.required}", required == [library])
        names = [component.properties["cmake_target_name"] for component in recipe.cpp_info.components.values()]
        expect(f"targets {names}", names == ["flowviz::metrics", f"flowviz::metrics_{name}"])
        adapter = recipe.cpp_info.components[f"metrics_{name}"]
        expect(f"{name} with {adapter.requires}", adapter.requires == ["metrics", f"{library}::{library}"])


def check_conan_refusals():
    for setting, value in (("os", "Windows"), ("cppstd", "17")):
        recipe = recipe_class(RECIPE / "conanfile.py")(RECIPE, conan.Settings(**{**LINUX, setting: value}))
        try:
            recipe.validate()
        except conan.errors.ConanInvalidConfiguration:
            continue
        raise Failed(f"{setting}={value} is not refused")


def check_conan_test_package(folder):
    package = created_package(folder)
    test = recipe_class(RECIPE / "test_package" / "conanfile.py")(RECIPE / "test_package", conan.Settings(**LINUX))
    test.tested_reference_str = f"{package.name}/{package.version}"
    test.requirements()
    expect(f"requires {test.required}", test.required == [f"flowviz_metrics/{version()}"])
    expect(f"generators {test.generators}", set(test.generators) == {"CMakeDeps", "CMakeToolchain"})
    test.source_folder = test.recipe_folder
    folder_for(test, folder, "test_build", "generators")
    test.build_folder = test.test_build_folder
    test.layout()
    conan.tools.cmake.write_toolchain(test)
    conan.tools.cmake.write_package(package, package.package_folder, test.generators_folder)
    test.build()
    test.test()


def guarded(check, *arguments):
    try:
        return check(*arguments)
    except Exception as failure:  # whatever a recipe throws is a finding
        return f"{type(failure).__name__}: {failure}"


def main():
    sys.dont_write_bytecode = True  # in the recipes' folders
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        failures, ported = [], []
        try:
            packages = run_port(folder / "vcpkg")
            ported = [("portfile", check_port, packages), ("vcpkg's consumer", check_port_consumer, folder, packages)]
        except Failed as failure:
            failures.append(f"portfile: {failure}")
        work = [
            ("vcpkg.json", check_vcpkg_manifest),
            *ported,
            ("Conan package", check_conan_package, folder / "conan"),
            ("Conan option", check_conan_option, folder / "option"),
            ("Conan refusals", check_conan_refusals),
            ("Conan test_package", check_conan_test_package, folder / "test"),
        ]
        return checks.report([(name, guarded, *rest) for name, *rest in work], failures)


if __name__ == "__main__":
    sys.exit(main())
