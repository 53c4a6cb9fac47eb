"""Scripts that answer the text of an exception, told apart where the service asks for it."""

import pytest

from modelyard_worker import failures

FAILED = "x-ms-run-function-failed"

CAUGHT = """
import json
import helper

def run(data):
    try:
        asked = json.loads(data)
        if asked == "helper":
            return helper.safely({})
        return {"value": asked["rows"]}
    except Exception as e:
        %s
"""
HELPER = """
def safely(rows):
    try:
        return rows["no such row"]
    except KeyError as error:
        return {"error": str(error)}
"""


@pytest.fixture
def detecting(launch, tmp_path):
    """Serves a script with the detection on, or off."""

    def start(script, python=None, *, on=True, **files):
        worker = launch(script, **({"python": python} if python else {}))
        for name, text in {"helper": HELPER, **files}.items():
            (worker.folder / f"{name}.py").write_text(text)
        answer = worker.greet(detect_failures=on)
        assert answer.head.get("ready"), answer.head
        return worker

    return start


@pytest.mark.parametrize(
    "statement",
    [
        "return str(e)",
        "return repr(e)",
        "result = str(e); return result",
        "return {'error': str(e)}",
        "return json.dumps({'error': str(e)})",
        "return f'Error: {e}'",
        "return json.dumps({'status': 'bad', 'message': 'Failed: ' + str(e)})",
        "return [str(e)]",
    ],
)
def test_an_answer_that_is_the_text_of_a_caught_exception_counts_as_failed(
    detecting, python, statement
):
    worker = detecting(CAUGHT % statement, python)

    wrong = worker.score("[not json")
    right = worker.score('{"rows": [1]}')

    assert (wrong.status, wrong.headers[FAILED]) == (200, "True")
    assert (right.json, right.headers[FAILED]) == ({"value": [1]}, "False")


def test_modules_beside_the_script_are_watched_too(detecting, python):
    worker = detecting(CAUGHT % "raise", python)

    assert worker.score('"helper"').headers[FAILED] == "True"


def test_nothing_is_told_unless_it_was_asked_for(detecting):
    worker = detecting(CAUGHT % "return str(e)", on=False)

    assert worker.score("[not json").headers[FAILED] == "False"


def test_lines_are_those_of_the_file(detecting, python):
    worker = detecting(
        """
        def run(data):
            try:
                int(data)
            except ValueError:
                raise RuntimeError("after")
        """,
        python,
    )

    answer = worker.score("x")

    assert answer.json["message"] == "run() raised RuntimeError: after (score.py, line 6)"
    assert answer.headers[FAILED] == "True"


def test_an_exception_that_was_dealt_with_is_no_failure(detecting):
    worker = detecting(
        """
        cache = {}

        def run(data):
            try:
                return cache[5]
            except KeyError as e:
                cache[int(data)] = "five"
                return {"prediction": "5"}
        """
    )

    assert worker.score("5").headers[FAILED] == "False"
    assert worker.score("5").json == "five"


def test_what_an_earlier_request_caught_is_forgotten(detecting):
    worker = detecting(
        """
        def run(data):
            if data == "text":
                return "invalid literal for int() with base 10: 'x'"
            try:
                return int(data)
            except ValueError as e:
                return str(e)
        """
    )

    assert worker.score("x").headers[FAILED] == "True"
    assert worker.score("text").headers[FAILED] == "False"


def test_an_answer_made_by_hand_is_looked_at_unless_it_says_4xx(detecting):
    worker = detecting(
        """
        from azureml.contrib.services.aml_request import rawhttp
        from azureml.contrib.services.aml_response import AMLResponse

        @rawhttp
        def run(request):
            try:
                raise ValueError("too many rooms")
            except ValueError as e:
                return AMLResponse(str(e), int(request.args["status"]))
        """
    )

    assert worker.score(query="status=200").headers[FAILED] == "True"
    assert worker.score(query="status=422").headers[FAILED] == "False"


def test_async_run_is_watched(detecting, python):
    worker = detecting(
        """
        import asyncio

        async def run(data):
            try:
                await asyncio.sleep(0)
                return int(data)
            except ValueError as e:
                return str(e)
        """,
        python,
    )

    assert worker.score("x").headers[FAILED] == "True"
    assert worker.score("1").headers[FAILED] == "False"


def test_a_text_without_any_caught_exception_costs_nothing():
    assert failures.tells_failure("division by zero") is False
