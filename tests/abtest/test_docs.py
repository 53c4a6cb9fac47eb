"""The page about these tests shows what runs, and its numbers are those that come out."""

import contextlib
import io
import re
from pathlib import Path

from modelyard.abtest import power
from tests.docs.pages import blocks

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "abtest.md"


def test_the_example_prints_what_the_page_says() -> None:
    (example,) = [block.text for block in blocks(PAGE) if block.language == "python"]
    shown = re.findall(r"^```text\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    printed = io.StringIO()

    with contextlib.redirect_stdout(printed):
        exec(compile(example, str(PAGE), "exec"), {})

    assert printed.getvalue() == shown[0]


def test_the_sizes_on_the_page_are_those_of_the_code() -> None:
    numbers = (0.01, power.rate_variance(0.05), power.rate_variance(0.06))
    sizes = [
        size(*numbers) for size in (power.fixed_size, power.sequential_size, power.median_size)
    ]

    assert all(f"{size:,}" in PAGE.read_text() for size in sizes)
