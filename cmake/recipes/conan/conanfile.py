# SPDX-License-Identifier: MIT
"""Conan 2 recipe of the checkout that it lies in: `conan create cmake/recipes/conan`."""

import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load

# The adapters: an option each, which brings the library and the target flowviz::metrics_<name>.
ADAPTERS = {"httplib": "cpp-httplib/[>=0.11 <1]", "sqlite": "sqlite3/[>=3.35 <4]", "libpq": "libpq/[>=13 <18]"}


class FlowvizMetrics(ConanFile):
    name = "flowviz_metrics"
    description = "Lock-free Prometheus metrics with finite labels for C++20"
    license = "MIT"
    topics = ("metrics", "prometheus", "monitoring", "header-only", "lock-free")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {name: [True, False] for name in ADAPTERS}
    default_options = {name: False for name in ADAPTERS}
    no_copy_source = True

    def _checkout(self):
        return os.path.join(self.recipe_folder, os.pardir, os.pardir, os.pardir)

    def _adapters(self):
        return [(name, library) for name, library in ADAPTERS.items() if getattr(self.options, name)]

    def set_version(self):
        header = load(self, os.path.join(self._checkout(), "include", "flowviz_metrics", "version.hpp"))
        self.version = re.search(r'define FLOWVIZ_METRICS_VERSION "([^"]+)"', header).group(1)

    def export_sources(self):
        for pattern in ("LICENSE", "include/*"):
            copy(self, pattern, src=self._checkout(), dst=self.export_sources_folder)

    def requirements(self):
        for name, library in self._adapters():
            self.requires(library)

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("flowviz_metrics is for Linux")
        check_min_cppstd(self, 20)

    def package(self):
        copy(self, "LICENSE", src=self.source_folder, dst=os.path.join(self.package_folder, "licenses"))
        copy(self, "include/*", src=self.source_folder, dst=self.package_folder)

    def package_id(self):
        self.info.clear()  # the same headers for every compiler and option

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "flowviz_metrics")
        core = self.cpp_info.components["metrics"]
        core.set_property("cmake_target_name", "flowviz::metrics")
        core.set_property("pkg_config_name", "flowviz_metrics")
        core.system_libs = ["pthread"]
        components = [core]
        for name, library in self._adapters():
            package = library.split("/")[0]
            adapter = self.cpp_info.components[f"metrics_{name}"]
            adapter.set_property("cmake_target_name", f"flowviz::metrics_{name}")
            adapter.requires = ["metrics", f"{package}::{package}"]
            components.append(adapter)
        for component in components:  # which has headers, and nothing to link or run
            component.bindirs = []
            component.libdirs = []
