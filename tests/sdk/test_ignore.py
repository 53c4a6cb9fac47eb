import pytest

from modelyard.sdk.ignore import Ignore


@pytest.mark.parametrize(
    ("lines", "path", "ignored"),
    [
        pytest.param(["*.log"], "a/b/x.log", True, id="a pattern without slash anywhere"),
        pytest.param(["/x.log"], "a/x.log", False, id="a leading slash anchors"),
        pytest.param(["/x.log"], "x.log", True, id="the anchored file itself"),
        pytest.param(["a/*.txt"], "a/x.txt", True, id="a slash inside anchors too"),
        pytest.param(["a/*.txt"], "b/a/x.txt", False, id="and not deeper"),
        pytest.param(["*.txt"], "a.txt.gz", False, id="the whole name counts"),
        pytest.param(["**/data"], "x/y/data", True, id="two stars and a slash"),
        pytest.param(["data/**"], "data/x/y", True, id="everything below"),
        pytest.param(["*.csv", "!keep.csv"], "keep.csv", False, id="taken back in"),
        pytest.param(["!keep.csv", "*.csv"], "keep.csv", True, id="the last rule decides"),
        pytest.param(["# *.csv", ""], "x.csv", False, id="remarks and empty lines"),
        pytest.param(["x[0-9]"], "x7", True, id="a set"),
        pytest.param(["x[!0-9]"], "x7", False, id="a negated set"),
        pytest.param(["x?"], "x/", False, id="a question mark is no slash"),
        pytest.param([], ".git", True, id="always left out"),
        pytest.param([], "a/__pycache__", True, id="always left out, anywhere"),
    ],
)
def test_rules_are_those_of_gitignore(lines: list[str], path: str, ignored: bool) -> None:
    assert Ignore.of(lines).ignores(path, folder=False) is ignored


def test_a_trailing_slash_is_for_folders_only() -> None:
    rules = Ignore.of(["build/"])

    assert rules.ignores("build", folder=True)
    assert not rules.ignores("build", folder=False)
