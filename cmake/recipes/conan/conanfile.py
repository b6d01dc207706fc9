# SPDX-License-Identifier: MIT
"""Conan 2 recipe of the checkout that it lies in: `conan create cmake/recipes/conan`."""

import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load


class FlowvizMetrics(ConanFile):
    name = "flowviz_metrics"
    description = "Lock-free Prometheus metrics with finite labels for C++20"
    license = "MIT"
    topics = ("metrics", "prometheus", "monitoring", "header-only", "lock-free")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"httplib": [True, False]}  # the target of the adapter for cpp-httplib
    default_options = {"httplib": False}
    no_copy_source = True

    def _checkout(self):
        return os.path.join(self.recipe_folder, os.pardir, os.pardir, os.pardir)

    def set_version(self):
        header = load(self, os.path.join(self._checkout(), "include", "flowviz_metrics", "version.hpp"))
        self.version = re.search(r'define FLOWVIZ_METRICS_VERSION "([^"]+)"', header).group(1)

    def export_sources(self):
        for pattern in ("LICENSE", "include/*"):
            copy(self, pattern, src=self._checkout(), dst=self.export_sources_folder)

    def requirements(self):
        if self.options.httplib:
            self.requires("cpp-httplib/[>=0.11 <1]")

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
        if self.options.httplib:
            adapter = self.cpp_info.components["metrics_httplib"]
            adapter.set_property("cmake_target_name", "flowviz::metrics_httplib")
            adapter.requires = ["metrics", "cpp-httplib::cpp-httplib"]
            components.append(adapter)
        for component in components:  # which has headers, and nothing to link or run
            component.bindirs = []
            component.libdirs = []
