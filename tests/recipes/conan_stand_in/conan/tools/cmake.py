# SPDX-License-Identifier: MIT
import pathlib
import subprocess


def cmake_layout(conanfile):
    conanfile.cpp.build = type(conanfile.cpp)()
    conanfile.cpp.build.bindir = "."


class CMake:
    def __init__(self, conanfile):
        self._conanfile = conanfile

    def configure(self):
        file = self._conanfile
        self._run("-G", "Ninja", "-S", file.source_folder, "-B", file.build_folder,
                  "-D", f"CMAKE_TOOLCHAIN_FILE={file.generators_folder}/conan_toolchain.cmake")  # fmt: skip

    def build(self):
        self._run("--build", self._conanfile.build_folder)

    @staticmethod
    def _run(*arguments):
        subprocess.run(["cmake", *map(str, arguments)], check=True)


def write_toolchain(conanfile):
    text = f'list(PREPEND CMAKE_PREFIX_PATH "{conanfile.generators_folder}")\n'
    pathlib.Path(conanfile.generators_folder, "conan_toolchain.cmake").write_text(text, encoding="utf-8")


def write_package(package, package_folder, generators_folder):
    """A config file with a target for each component, as CMakeDeps makes it."""
    lines = []
    targets = {name: component.properties["cmake_target_name"] for name, component in package.cpp_info.components.items()}
    for name, component in package.cpp_info.components.items():
        if component.libdirs or component.bindirs:
            raise ValueError(f"component {name} promises libraries or programs")
        folders = [f"{package_folder}/{folder}" for folder in component.includedirs]
        links = [*component.system_libs, *(targets.get(other, other) for other in component.requires)]
        lines += [
            f"add_library({targets[name]} INTERFACE IMPORTED)",
            f'set_target_properties({targets[name]} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "{";".join(folders)}"',
            f'                      INTERFACE_LINK_LIBRARIES "{";".join(links)}")',
        ]
    file = pathlib.Path(generators_folder, f"{package.cpp_info.properties['cmake_file_name']}-config.cmake")
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")
