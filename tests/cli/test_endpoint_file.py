"""An endpoint's file: read, checked, and its schema."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from modelyard.cli.endpoint_file import EndpointFile, schema
from modelyard.cli.endpoint_reading import read
from modelyard.domain.errors import BadInput
from tests.cli.conftest import Cli

DOCS = Path(__file__).parents[2] / "docs"
WHOLE = """
name: churn
auth: off
sticky: off
versions:
  1: {models: [churn:3], tags: {n: 1, on: true}}
  green:
traffic: {1: 90, green: 10.5}
"""


def test_words_that_yaml_takes_for_yes_and_no_are_texts_and_names_may_be_numbers() -> None:
    file = read(WHOLE, "e.yml")

    assert (file.auth, file.sticky) == ("off", "off")
    assert [*file.versions] == ["1", "green"]
    assert file.versions["1"].tags == {"n": 1, "on": True}
    assert file.traffic == {"1": 90, "green": 10.5}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "name: x\nversons: {}",
            "e.yml, line 2: the key 'versons' is not known. Did you mean 'ver",
        ),
        (
            "name: x\nversions:\n  a:\n    enviroment: y",
            "line 4: the key 'enviroment'",
        ),
        ("name: x\nversions:\n  a:\n    serving: {worker: 2}", "Did you mean 'workers'?"),
        ("name: x\nversions:\n  a:\n    limits: {disk: 2}", "There are: cpu, gpu, memory_gb."),
        ("name: x\nversions:\n  a: {}\n  a: {}", "line 4: 'a' stands there twice"),
        ("name: x", "versions"),
        ("versions: {a: {}}", "name"),
        ("", "says nothing"),
        ("- a", "says nothing"),
        ("name: [", "not valid YAML"),
        ("name: x\nversions: {a: {models: churn}}", "versions.a, models: Expected `array`"),
        ("name: x\nauth: maybe\nversions: {a: {}}", "auth: Invalid enum value 'maybe'"),
        ("name: x\nversions: {a: {serving: {workers: two}}}", "versions.a, serving.workers"),
        ("name: x\nversions: {a: {}}\ntraffic: {a: all}", "traffic"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(text, "e.yml")

    assert said in refused.value.message
    assert "$" not in refused.value.message


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("tags: &t {x: *t}", "an alias in it stands for itself"),
        ("tags: &t {<<: *t}", "an alias in it stands for itself"),
        (f"tags: {'{a: ' * 2000}{'}' * 2000}", "nests deeper than 40 levels"),
        ("? [a, b]\n: 1", "e.yml, line 2: a key must be a text"),
        ("traffic: {a: !!int many}", "'many' is no int"),
        ("traffic: {a: !!bool many}", "'many' is no bool"),
        (f"traffic: {{a: {'9' * 5000}}}", "is no int"),
        ("tags: {x: 2001-99-99}", "'2001-99-99' is no timestamp"),
        ("tags: {x: \x01}", "unacceptable character #x0001"),
        ('description: "\\ud800"', "half a character cannot be sent"),
    ],
)
def test_what_no_honest_file_says_is_refused_with_a_sentence(more: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        read(_file(more), "e.yml")

    assert said in refused.value.message


def test_aliases_that_stand_for_millions_of_values_are_refused_at_once() -> None:
    lines = ["a0: &a0 {k: v}"]
    lines += [
        f"a{n}: &a{n} {{{', '.join(f'k{i}: *a{n - 1}' for i in range(9))}}}" for n in range(1, 10)
    ]

    with pytest.raises(BadInput, match=r"more than 50,000 things, aliases counted each time"):
        read(_file("tags:\n  " + "\n  ".join(lines)), "e.yml")


def _file(more: str) -> str:
    """A file of which these are the lines from the second on."""
    return f"name: x\n{more}\nversions: {{a: {{}}}}\n"


def test_several_wrong_keys_are_said_at_once() -> None:
    with pytest.raises(BadInput) as refused:
        read("nam: x\nversions: {a: {model: [b]}}\n", "e.yml")

    assert len(refused.value.message.splitlines()) == 2


def test_the_published_schema_is_that_of_the_types() -> None:
    published = json.loads((DOCS / "reference/endpoint.schema.json").read_text())

    assert published == json.loads(json.dumps(schema())), (
        "Write it anew: modelyard endpoint schema > docs/reference/endpoint.schema.json"
    )


def test_the_schema_command_prints_the_published_one(cli: Cli) -> None:
    done = cli("endpoint", "schema")

    assert done.out == (DOCS / "reference/endpoint.schema.json").read_text()


def test_the_schema_knows_every_key_of_the_file() -> None:
    known = schema()["$defs"]["EndpointFile"]["properties"]

    assert set(known) == {field.encode_name for field in msgspec.structs.fields(EndpointFile)}


def test_the_example_of_the_guide_can_be_read() -> None:
    text = (DOCS / "guide/endpoint-file.md").read_text()
    (example,) = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)

    assert [*read(example, "guide").versions] == ["blue", "green"]
