# SPDX-License-Identifier: MIT
"""Stands in for Conan 2 where it cannot be had: as much of its documented interface as the recipes here use, and nothing
that answers to a name it does not know. It is no Conan: see docs/platforms.md for what it leaves unproved."""

import subprocess

TARGET_PROPERTIES = {"cmake_target_name", "cmake_file_name", "pkg_config_name"}


class Settings:
    def __init__(self, **values):
        self.__dict__.update(values)


class Options:
    """Only what is declared can be read, and only declared values can be had."""

    def __init__(self, declared, values):
        for name, value in values.items():
            if value not in declared[name]:
                raise ValueError(f"option {name} cannot be {value}")
        if declared.keys() != values.keys():
            raise ValueError(f"options without a default: {declared.keys() ^ values.keys()}")
        self.__dict__.update(values)


class Component:
    def __init__(self):
        self.includedirs, self.libdirs, self.bindirs = ["include"], ["lib"], ["bin"]
        self.system_libs, self.requires, self.properties = [], [], {}

    def set_property(self, name, value):
        if name not in TARGET_PROPERTIES:
            raise ValueError(f"property {name}")
        self.properties[name] = value


class Components(dict):
    def __missing__(self, name):
        self[name] = Component()
        return self[name]


class CppInfo(Component):
    def __init__(self):
        super().__init__()
        self.components = Components()


class Info:
    cleared = False

    def clear(self):
        self.cleared = True


class Folders:
    pass


class ConanFile:
    name = version = None
    options, default_options = {}, {}

    def __init__(self, recipe_folder, settings, **options):
        self.recipe_folder = str(recipe_folder)
        self.settings = settings
        self.options = Options(type(self).options, {**type(self).default_options, **options})
        self.cpp_info, self.info = CppInfo(), Info()
        self.cpp = Folders()
        self.required = []

    def requires(self, reference):
        self.required.append(reference)

    def run(self, command, env=None):
        if env not in (None, "conanrun", "conanbuild"):
            raise ValueError(f"env {env}")
        subprocess.run(command, shell=True, check=True, cwd=self.build_folder)
