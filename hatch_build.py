"""
Builds the one module in C, ``serving/tensors/native``, into the wheel or an editable install.

Without a compiler that can, the package is as complete without it, and slower with large bodies of
numbers (docs/decisions/0006-numbers-in-c.md).
"""

import platform
import sysconfig
import tempfile
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
    _folder: tempfile.TemporaryDirectory[str] | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the module and the platform's tag; leave both out where it cannot be built."""
        if self.target_name != "wheel":
            return
        if version == "editable":
            self._built(Path(self.root) / "src")  # there it lies where it is looked for
            return
        # elsewhere: the tree may be read-only, or the one that somebody works in
        self._folder = tempfile.TemporaryDirectory()
        built = self._built(Path(self._folder.name))
        if built is None:
            return
        build_data["force_include"][str(built)] = built.relative_to(self._folder.name).as_posix()
        build_data["pure_python"] = False
        kind = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"cp311-abi3-{kind}"

    def finalize(self, *_: Any) -> None:
        """Remove what the wheel has now."""
        if self._folder is not None:
            self._folder.cleanup()

    def _built(self, place: Path) -> Path | None:
        folder = Path(self.root) / FOLDER
        extension = Extension(
            MODULE, [str(folder / "module.c")], depends=[str(p) for p in folder.glob("*.h")],
            extra_compile_args=FLAGS, py_limited_api=True, optional=True,
        )  # fmt: skip
        command = build_ext(Distribution({"ext_modules": [extension]}))
        command.build_lib = str(place)
        objects = tempfile.TemporaryDirectory()
        command.build_temp = objects.name
        command.force = True
        command.ensure_finalized()
        built = place / command.get_ext_filename(MODULE)
        with objects:
            built.unlink(missing_ok=True)
            command.run()
        if built.exists():
            return built
        self.app.display_warning("Built without the module in C: there is no compiler that can.")
        return None
