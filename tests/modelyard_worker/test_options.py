"""What a service wishes of its worker: tracebacks in answers, and what becomes of NaN."""

import pytest


@pytest.fixture
def wishing(launch):
    def start(script, python, **wishes):
        worker = launch(script, python)
        answer = worker.greet(**wishes)
        assert answer.head.get("ready"), answer.head
        return worker

    return start


RAISES = "def run(data):\n    raise ValueError('too many rooms')\n"


def test_the_traceback_is_in_the_answer_when_asked_for(wishing, python):
    worker = wishing(RAISES, python, tracebacks=True)

    answer = worker.score("a").json

    assert answer["traceback"].startswith("Traceback (most recent call last):")
    assert answer["traceback"].rstrip().endswith("ValueError: too many rooms")
    assert "modelyard_worker" not in answer["traceback"]


def test_without_a_wish_there_is_none(wishing, python):
    assert "traceback" not in wishing(RAISES, python).score("a").json


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ("float('nan')", " which JSON does not know"),
        ("[1.0, float('inf')]", " at [1],"),
        ("{'rows': [{'price': 1.0}, {'price': float('-inf')}]}", " at rows[1].price,"),
        ("(1, {2: float('nan')})", " at [1].2,"),
    ],
)
def test_nan_is_an_error_that_says_where_if_the_service_says_so(
    wishing, python, expression, place
):
    worker = wishing(f"def run(data):\n    return {expression}\n", python, nan="error")

    answer = worker.score("a")

    assert (answer.status, answer.json["code"]) == (500, "bad_output")
    assert place in answer.json["message"]


def test_finite_answers_are_what_they_were(wishing, python):
    worker = wishing("def run(data):\n    return {1: (1.5, None)}\n", python, nan="error")

    assert worker.score("a").json == {"1": [1.5, None]}


def test_an_answer_made_by_hand_keeps_to_the_wish(wishing, python):
    script = """
    from azureml.contrib.services.aml_response import AMLResponse

    def run(data):
        return AMLResponse([float("nan")], 200, json_str=True)
    """

    assert wishing(script, python).score("a").json == [None]
    assert wishing(script, python, nan="error").score("a").json["code"] == "bad_output"
