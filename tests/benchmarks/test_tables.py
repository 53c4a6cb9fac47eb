"""Results as Markdown."""

from inline_snapshot import snapshot

from benchmarks.serving_peers.base import Command, Peer, Place
from benchmarks.serving_peers.plan import Plan
from benchmarks.serving_peers.results import Case, Results, Sample
from benchmarks.serving_peers.tables import page, short, table

MB = 2**20


def never(_: Place) -> Command:
    raise AssertionError("nothing is started here")


PEERS = [
    Peer("ours", "Ours", "modelyard", never, ours=True),
    Peer("other", "Other", "other", never),
    Peer("broken", "Broken", "broken", never),
]


def test_a_model_has_its_costs_and_a_table_for_each_size_of_body() -> None:
    plan = Plan(PEERS, kinds=("linear",), rows=(1,), connections=(1,), loop=False)
    case = Case("linear", 1, 1)
    results = Results(
        [
            Sample("ours", case, 0, 2000.0, 0.4, 0.9, processor=0.25),
            Sample("other", case, 0, 80.25, 2.5, 9.0, {"503": 2}),
        ]
    )
    for key, memory, packages in (("ours", 90 * MB, 0), ("other", 200 * MB, 48)):
        weight = results.weight(key, "linear")
        weight.memory, weight.packages, weight.ready = memory, packages, [1.0, 1.5, 3.0]
    results.weight("broken", "linear").problem = "it ended:\n a | b"

    assert page(plan, results) == snapshot("""\
### Linear model, 10 features

| server | peak memory, MB | ready, s | packages added | processor, ms (1 by 1) |
| --- | ---: | ---: | ---: | ---: |
| **Ours** | 90 | 1.50 | 0 | 0.250 |
| Other | 200 | 1.50 | 48 | 0.000 |
| Broken | did not run: it ended: a / b |  |  |  |

1 row in a body:

| server | 1 conn., req/s | p50, ms | p99, ms | ours is so many times (spread) |
| --- | ---: | ---: | ---: | ---: |
| **Ours** | 2,000 | 0.40 | 0.90 |  |
| Other | 80.2 (2 failed) | 2.50 | 9.00 | 24.92 (24.92-24.92) |\
""")


def test_a_model_that_was_not_reached_says_so() -> None:
    plan = Plan(PEERS, kinds=("onnx",), loop=False)

    assert page(plan, Results()) == "### ONNX network, 10-64-64-1\n\nNot measured."


def test_only_sizes_and_connections_that_were_measured_have_a_column() -> None:
    plan = Plan(PEERS, kinds=("linear",), rows=(1, 100), connections=(1, 16), loop=False)
    results = Results([Sample("ours", Case("linear", 1, 16), 0, 2000.0, 0.4, 0.9)])
    results.weight("ours", "linear").ready = [1.0]

    text = page(plan, results)

    assert "16 conn." in text
    assert "1 conn." not in text
    assert "100 rows" not in text


def test_a_table_has_numbers_on_the_right() -> None:
    assert table(["a", "b"], [["x", "1"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |"


def test_a_long_problem_keeps_its_beginning_and_its_end() -> None:
    text = short("it ended: " + "x" * 500 + " ImportError: no such thing")

    assert text.startswith("it ended: xxx")
    assert text.endswith("ImportError: no such thing")
    assert len(text) <= 160
