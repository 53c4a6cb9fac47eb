import pytest

from modelyard.domain.errors import BadEnvironment
from modelyard.environments.conda import parse, translate


@pytest.mark.parametrize(
    ("entry", "requirement"),
    [
        ("numpy", "numpy"),
        ("numpy=1.19", "numpy==1.19.*"),
        ("numpy=1.19.*", "numpy==1.19.*"),
        ("numpy==1.19.5", "numpy==1.19.5"),
        ("numpy 1.19.5", "numpy==1.19.5"),
        ("numpy 1.19.*", "numpy==1.19.*"),
        ("numpy==1.19.*", "numpy==1.19.*"),
        ("numpy!=1.19.*", "numpy!=1.19.*"),
        ("numpy >= 1.19 , < 2", "numpy<2,>=1.19"),
        ("numpy>=1.19.*", "numpy>=1.19"),
        ("numpy~=1.19", "numpy~=1.19"),
        ("numpy=*", "numpy"),
        ("numpy=1.20rc1", "numpy==1.20rc1"),
        ("numpy[version='>=1.19,<2']", "numpy<2,>=1.19"),
        ("conda-forge::numpy=1.19", "numpy==1.19.*"),
        ("conda-forge/linux-64::numpy", "numpy"),
        ("numpy=1.19.5=py38h_0", "numpy==1.19.5"),
        ("numpy 1.19.5 py38h_0", "numpy==1.19.5"),
        ("Scikit_Learn=0.24", "scikit-learn==0.24.*"),
        ("pytorch=1.7", "torch==1.7.*"),
        ("py-opencv", "opencv-python-headless"),
        ("py-xgboost>=1", "xgboost>=1"),
        ("tensorflow-gpu=2.4", "tensorflow==2.4.*"),
        ("matplotlib-base", "matplotlib"),
        ("pytables", "tables"),
        ("python-graphviz", "graphviz"),
        ("msgpack-python", "msgpack"),
        ("ruamel_yaml", "ruamel.yaml"),
        ("protobuf=3.*", "protobuf==3.*"),
        ("setuptools<60", "setuptools<60"),
        ("lightgbm", "lightgbm"),
    ],
)
def test_a_conda_entry_becomes_a_requirement(entry: str, requirement: str) -> None:
    assert translate(parse(entry)).requirement == requirement


@pytest.mark.parametrize(
    ("entry", "note"),
    [
        ("mkl=2020", "mkl left out: a system library that PyPI's wheels bring themselves."),
        ("_libgcc_mutex", "_libgcc_mutex left out: a system library that"),
        ("azureml-defaults", "azureml-defaults left out: its part is Modelyard's."),
        ("pip==20.2.4", "pip==20.2.4 left out: uv installs the packages."),
    ],
)
def test_what_needs_no_package_is_left_out_with_a_note(entry: str, note: str) -> None:
    translation = translate(parse(entry))

    assert translation.requirement is None
    assert translation.notes[0].startswith(note)


def test_what_changes_its_name_or_loses_its_build_is_said() -> None:
    assert translate(parse("pytorch=1.7.1=py3.8_cpu_0")).notes == (
        "pytorch is taken from PyPI, where it is called torch.",
        "pytorch=1.7.1=py3.8_cpu_0: the build 'py3.8_cpu_0' is conda's own and is not used.",
    )


@pytest.mark.parametrize("entry", ["r-base", "r-ggplot2=3", "nodejs>=14", "gcc", "gcc_linux-64"])
def test_what_is_not_python_is_refused_by_name(entry: str) -> None:
    with pytest.raises(BadEnvironment, match="is not a Python package") as caught:
        translate(parse(entry))

    assert caught.value.details["package"] in entry.replace("_", "-")


@pytest.mark.parametrize(
    "entry",
    ["numpy=1.19|1.20", "numpy=1.1.1l", "numpy>=", "@scope/name", "", "numpy===", "a=b=c=d"],
)
def test_an_entry_that_cannot_be_read_is_refused_by_itself(entry: str) -> None:
    with pytest.raises(BadEnvironment) as caught:
        translate(parse(entry))

    assert repr(entry) in caught.value.message
