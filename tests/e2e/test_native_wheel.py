"""What a wheel holds of the module in C, whatever lies in the tree that it is built from."""

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.e2e.wheels import UV, build

MODULE = "modelyard/serving/tensors/_json_numbers.abi3.so"

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("compiler", [None, "/no/such/compiler"])
def test_a_wheel_has_its_own_module_or_none_and_leaves_the_tree_alone(
    tmp_path: Path, compiler: str | None
) -> None:
    build(tmp_path)
    tree, out = tmp_path / "tree-None", tmp_path / "out"
    left = tree / "src" / MODULE
    left.write_bytes(b"of an editable install, long ago")
    found = {**os.environ, **({} if compiler is None else {"CC": compiler})}

    argv = [str(UV), "build", "-q", "--wheel", "--out-dir", str(out), str(tree)]
    subprocess.run(argv, env=found, check=True, capture_output=True)

    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        inside = [name for name in file.namelist() if name.endswith(".so")]
        assert inside == ([MODULE] if compiler is None else [])
        assert all(file.read(name).startswith(b"\x7fELF") for name in inside)
    assert ("abi3" in wheel.name) is (compiler is None)
    assert left.read_bytes() == b"of an editable install, long ago"
    assert not (tree / "build").exists()
