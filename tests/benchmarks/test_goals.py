"""What must hold of what was measured."""

import pytest

from benchmarks.serving_peers.base import Command, Peer, Place
from benchmarks.serving_peers.goals import Goal, best, goals
from benchmarks.serving_peers.results import Case, Ratio, Results, Sample

ONE, MANY = Case("linear", 1, 1), Case("linear", 1, 16)


def never(_: Place) -> Command:
    raise AssertionError("nothing is started here")


PEERS = [
    Peer("ours", "Ours", "modelyard", never, ours=True),
    Peer("azureml", "Azure's", "azureml", never),
    Peer("quick", "Quick", "quick", never),
    Peer("fastapi", "FastAPI", "fastapi", never, framework=True),
    Peer("granian", "Floor", "granian", never, floor=True),
]


def results(case: Case, **rates: float) -> Results:
    return Results([Sample(name, case, 0, rate, 1000 / rate, 9.0) for name, rate in rates.items()])


@pytest.mark.parametrize(
    ("found", "verdict"),
    [(5.1, "met"), (4.7, "missed"), (4.3, "FAILED"), (None, "not measured")],
)
def test_between_the_prototype_and_the_target_is_a_miss(found: float | None, verdict: str) -> None:
    ratio = None if found is None else Ratio(found, found, found)

    assert Goal("g", ratio, target=5.0, least=4.4).verdict == verdict


@pytest.mark.parametrize(("found", "verdict"), [(0.6, "met"), (0.8, "FAILED")])
def test_some_goals_are_met_from_below(found: float, verdict: str) -> None:
    goal = Goal("g", Ratio(found, found, found), target=0.7, least=0.7, most=True)

    assert goal.verdict == verdict


def test_the_best_peer_is_the_one_with_the_highest_rate() -> None:
    found = results(MANY, ours=900.0, azureml=100.0, quick=300.0)

    assert best(found, ["azureml", "quick"], MANY, "rate") == "quick"
    assert best(found, ["nobody"], MANY, "rate") is None


def test_frameworks_and_floors_are_no_model_servers() -> None:
    found = results(MANY, ours=1000.0, azureml=100.0, quick=250.0, fastapi=800.0, granian=9000.0)

    by_text = {goal.text: goal for goal in goals(found, PEERS)}

    assert by_text["plain run(), 16 connections, of the best model server"].found == (4, 4, 4)
    fastapi = by_text["plain run(), 16 connections, of FastAPI by hand"]
    assert (fastapi.against, fastapi.found) == ("fastapi", (1.25, 1.25, 1.25))


def test_waiting_is_compared_the_other_way_round() -> None:
    found = results(ONE, ours=2000.0, quick=500.0)

    by_text = {goal.text: goal for goal in goals(found, PEERS)}

    assert by_text["p50 with one connection"].found == (0.5, 0.5, 0.5)
    assert by_text["p50 with one connection, of the least of a model server's"].found == (4, 4, 4)
