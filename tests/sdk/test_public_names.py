import subprocess
import sys

import modelyard

LIGHT = """
import sys, time
begun = time.perf_counter()
import modelyard
took = time.perf_counter() - begun
heavy = {"msgspec", "urllib3", "modelyard.sdk", "modelyard.wire"} & set(sys.modules)
assert not heavy, heavy
print(took)
"""


def python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_importing_modelyard_loads_nothing_and_takes_less_than_50_ms() -> None:
    fastest = min(float(python(LIGHT)) for _ in range(3))

    assert fastest < 0.05


def test_every_public_name_can_be_had() -> None:
    for name in modelyard.__all__:
        assert getattr(modelyard, name) is not None, name


def test_the_public_names_are_all_listed() -> None:
    assert set(modelyard.__all__) <= set(dir(modelyard))
    assert sorted(modelyard.__all__) == sorted({*modelyard._HOMES, "__version__"})


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    assert not hasattr(modelyard, "Nothing")


def test_the_sdk_needs_two_packages_only() -> None:
    code = """
import sys
import modelyard
for name in modelyard.__all__:
    getattr(modelyard, name)
tops = {m.partition(".")[0] for m in sys.modules} - set(sys.stdlib_module_names)
print(sorted(t for t in tops if not t.startswith("_") and t not in {"sitecustomize"}))
"""

    loaded = set(eval(python(code)))

    assert loaded <= {"modelyard", "msgspec", "urllib3", "typing_extensions", "cython_runtime"}
