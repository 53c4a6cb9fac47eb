"""What shall be measured."""

import pytest

from benchmarks.serving import ALL
from benchmarks.serving_peers.base import PROGRAMS, close_to, flat
from benchmarks.serving_peers.goals import NAMED
from benchmarks.serving_peers.packages import SERVERS
from benchmarks.serving_peers.plan import Plan, chosen, numbers
from benchmarks.serving_peers.results import Case


def test_every_size_of_body_meets_every_number_of_connections() -> None:
    plan = Plan(ALL, rows=(1, 100), connections=(1, 64))

    assert plan.cases("onnx") == [
        Case("onnx", 1, 1),
        Case("onnx", 1, 64),
        Case("onnx", 100, 1),
        Case("onnx", 100, 64),
    ]


def test_a_brief_plan_has_all_rounds_only_where_goals_look() -> None:
    plan = Plan(ALL, brief=True)

    rounds = {case: plan.rounds_of(case) for kind in plan.kinds for case in plan.cases(kind)}

    assert rounds == {
        **dict.fromkeys(NAMED, 5),
        **{Case("linear", 100, count): 1 for count in (1, 16, 64)},
        **{Case(kind, n, 16): 1 for kind in ("forest", "onnx", "sleeper") for n in (1, 100)},
    }
    assert set(plan.cases("linear")[: len(NAMED)]) == set(NAMED)
    assert [plan.weighs(kind) for kind in plan.kinds] == [True, False, False, False]


def test_a_brief_plan_of_everything_takes_twenty_minutes() -> None:
    assert Plan(ALL, brief=True, seconds=0.6).minutes() < 20


def test_servers_are_chosen_by_name_in_the_order_named() -> None:
    assert [peer.key for peer in chosen(ALL, "kserve, ours,loop")] == ["kserve", "ours"]
    assert chosen(ALL, "") == list(ALL)


def test_an_unknown_server_is_named_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"No such server: tomcat\. There are ours"):
        chosen(ALL, "ours,tomcat")


def test_numbers_are_parted_by_commas() -> None:
    assert numbers("1,16,64") == (1, 16, 64)


def test_every_server_has_a_name_of_its_own_and_an_environment() -> None:
    assert len({peer.key for peer in ALL}) == len(ALL)
    assert {peer.environment for peer in ALL} == SERVERS.keys()


def test_a_request_is_complete() -> None:
    ours = chosen(ALL, "ours")[0]

    head, _, body = ours.request(8080, [[1.0, 2.0]]).partition(b"\r\n\r\n")

    assert head.split(b"\r\n") == [
        b"POST /score HTTP/1.1",
        b"Host: 127.0.0.1:8080",
        b"Content-Type: application/json",
        b"Content-Length: 22",
    ]
    assert body == b'{"data": [[1.0, 2.0]]}'


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("ours", b"[1.0, 2.5]"),
        ("mlserver", b'{"outputs": [{"data": [1.0, 2.5]}]}'),
        ("litserve", b'{"output": [1.0, 2.5]}'),
        ("kserve", b'{"predictions": [1.0, 2.5]}'),
        ("mlflow", b'{"predictions": {"variable": [[1.0], [2.5]]}}'),
    ],
)
def test_the_numbers_are_found_in_each_server_s_answer(key: str, answer: bytes) -> None:
    assert chosen(ALL, key)[0].numbers(answer) == [1.0, 2.5]


def test_answers_may_be_as_far_off_as_a_float32_is() -> None:
    assert close_to([1.0001, 100.05], [1.0, 100.0])
    assert not close_to([1.1], [1.0])
    assert not close_to([1.0], [1.0, 2.0])
    assert flat([[1], [2, [3]]]) == [1.0, 2.0, 3.0]


def test_every_program_that_a_peer_is_started_with_is_there() -> None:
    assert {file.name for file in PROGRAMS.glob("*_app.py")} >= {
        "fastapi_app.py",
        "kserve_app.py",
        "ray_app.py",
    }
