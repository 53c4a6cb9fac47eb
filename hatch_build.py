"""
Builds the one module in C, ``serving/tensors/native``, into the wheel or an editable install.

Without a compiler that can, the package is as complete without it, and slower with large bodies of
numbers (docs/decisions/0006-numbers-in-c.md).
"""

import platform
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext

MODULE = "modelyard.serving.tensors._json_numbers"
FOLDER = Path("src/modelyard/serving/tensors/native")
FLAGS = ["-O2", "-Wall", "-Wextra", "-Werror=implicit-function-declaration"]
if platform.machine() == "x86_64":
    FLAGS.append("-msse4.1")  # since 2008; where it is missing the module says so, and is not used


class NativeBuildHook(BuildHookInterface):
    """Compiles before a wheel is put together."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the module and the platform's tag; leave both out where it cannot be built."""
        if self.target_name != "wheel":
            return
        built = self._built()
        if built is None or version == "editable":  # there it lies where it is looked for
            return
        inside = built.relative_to(Path(self.root) / "src").as_posix()
        build_data["force_include"][str(built)] = inside
        build_data["pure_python"] = False
        kind = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"cp311-abi3-{kind}"

    def _built(self) -> Path | None:
        folder = Path(self.root) / FOLDER
        extension = Extension(
            MODULE, [str(folder / "module.c")], depends=[str(p) for p in folder.glob("*.h")],
            extra_compile_args=FLAGS, py_limited_api=True, optional=True,
        )  # fmt: skip
        place = Path(self.root) / "src"
        command = build_ext(Distribution({"ext_modules": [extension]}))
        command.build_lib = str(place)
        command.build_temp = str(Path(self.root) / "build" / "native")
        command.force = True
        command.ensure_finalized()
        built = place / command.get_ext_filename(MODULE)
        built.unlink(missing_ok=True)
        command.run()
        if built.exists():
            return built
        self.app.display_warning("Built without the module in C: there is no compiler that can.")
        return None
