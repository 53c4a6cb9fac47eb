"""What run() gets and what comes of what it returns or raises."""

import json

import pytest

RETURN_INPUT = "def run(anything):\n    return anything\n"


def test_a_plain_run_gets_the_body_as_text_whatever_its_content_type(serve, python):
    worker = serve(RETURN_INPUT, python)

    form = worker.score(
        "data=1&b=2", headers={"content-type": "application/x-www-form-urlencoded"}
    )
    empty = worker.score(b"")

    assert form.json == "data=1&b=2"
    assert empty.json == ""


def test_a_get_gives_the_query_as_json(serve, python):
    worker = serve(RETURN_INPUT, python)

    answer = worker.score(method="GET", query="a=1&b=%5B1%2C2%5D&c=word&d=null&e=&f=1&f=x")

    assert json.loads(answer.json) == {
        "a": 1,
        "b": [1, 2],
        "c": "word",
        "d": None,
        "e": "",
        "f": [1, "x"],
    }


def test_request_headers_are_given_where_run_asks_for_them(serve, python):
    worker = serve(
        """
        def run(data, request_headers):
            return [request_headers["X-Tenant"], request_headers.get("x-tenant"),
                    "X-TENANT" in request_headers, dict(request_headers)["X-Tenant"]]
        """,
        python,
    )

    assert worker.score("a", headers={"x-tenant": "blue"}).json == ["blue", "blue", True, "blue"]


def test_a_body_that_is_no_utf_8_is_the_callers_mistake(serve, python):
    worker = serve(RETURN_INPUT, python)

    answer = worker.score(b"\xff\xfe\x00")

    assert answer.status == 400
    assert answer.json["code"] == "bad_input"
    assert answer.json["message"].startswith("Input cannot be decoded as UTF-8")
    assert answer.json["request_id"] == "request-1"


@pytest.mark.parametrize(("method", "status"), [("PUT", 405), ("DELETE", 405), ("OPTIONS", 200)])
def test_other_methods_do_not_reach_a_plain_run(serve, method, status):
    worker = serve("def run(data):\n    raise ValueError\n")

    assert worker.score("a", method=method).status == status


@pytest.mark.parametrize(
    ("expression", "body"),
    [
        pytest.param("'[1.0]'", b'"[1.0]"', id="text is encoded again"),
        pytest.param("None", b"{}", id="nothing is an empty object"),
        pytest.param("[1, True, None, 'ü']", b'[1, true, null, "\\u00fc"]', id="list"),
        pytest.param(
            "{'a': float('nan'), 'b': float('inf')}", b'{"a": null, "b": null}', id="NaN"
        ),
        pytest.param("{1: 2, None: 3}", b'{"1": 2, "null": 3}', id="keys"),
        pytest.param("{(1, 2): 3}", b'{"[1, 2]": 3}', id="tuple keys"),
        pytest.param("(1, {2})", b"[1, [2]]", id="tuple and set"),
        pytest.param("b'abc'", b'"abc"', id="bytes of UTF-8"),
        pytest.param("b'\\xff'", b'"/w=="', id="other bytes in base64"),
        pytest.param("datetime.date(2019, 1, 2)", b'"2019-01-02"', id="date"),
        pytest.param("datetime.timedelta(minutes=1)", b"60.0", id="duration"),
        pytest.param("Point(1, 2.5)", b'{"x": 1, "y": 2.5}', id="dataclass"),
        pytest.param("map(str, [1])", b'["1"]', id="iterator"),
        pytest.param("decimal.Decimal('1.5')", b"1.5", id="decimal"),
    ],
)
def test_what_run_returns_becomes_json(serve, python, expression, body):
    worker = serve(
        f"""
        import dataclasses, datetime, decimal

        @dataclasses.dataclass
        class Point:
            x: int
            y: float

        def run(data):
            return {expression}
        """,
        python,
    )

    assert worker.score("a").body == body


def test_what_has_no_json_form_is_an_error_that_says_what_to_return(serve, python):
    worker = serve("class Odd: pass\n\ndef run(data):\n    return {'a': Odd()}\n", python)

    answer = worker.score("a")

    assert answer.status == 500
    assert answer.json["code"] == "bad_output"
    assert "score.Odd" in answer.json["message"]
    assert answer.headers["x-ms-run-function-failed"] == "True"


def test_a_value_that_contains_itself_is_an_error(serve, python):
    worker = serve(
        "def run(data):\n    loop = []\n    loop.append(loop)\n    return loop\n", python
    )

    assert worker.score("a").json["code"] == "bad_output"
    assert worker.score("a").status == 500


def test_an_exception_names_type_message_file_and_line_and_logs_the_traceback(serve, python):
    worker = serve(
        """
        import json

        def run(data):
            return json.loads(data)["rows"]
        """,
        python,
    )

    answer = worker.score("{}")

    assert answer.status == 500
    assert answer.json == {
        "message": "run() raised KeyError: 'rows' (score.py, line 5)",
        "code": "run_failed",
        "request_id": "request-1",
        "details": {"type": "KeyError", "message": "'rows'", "file": "score.py", "line": 5},
    }
    assert answer.headers["x-ms-run-function-failed"] == "True"
    assert answer.run_ms is not None
    assert "Traceback" in worker.log
    assert "request-1" in worker.log
    assert "modelyard_worker" not in worker.log
    assert worker.score('{"rows": 1}').json == 1


@pytest.mark.parametrize(
    "statement", ["sys.exit(2)", "raise KeyboardInterrupt", "recurse()", "raise Mute()"]
)
def test_the_worker_survives_whatever_run_raises(serve, python, statement):
    worker = serve(
        f"""
        import sys

        class Mute(Exception):
            def __str__(self):
                raise RuntimeError

        def recurse():
            recurse()

        def run(data):
            if data == "bad":
                {statement}
            return data
        """,
        python,
    )

    answer = worker.score("bad")

    assert answer.status == 500
    assert answer.json["code"] == "run_failed"
    assert "score.py, line" in answer.json["message"]
    assert worker.score("good").json == "good"


def test_a_generator_is_streamed(serve, python):
    worker = serve(
        """
        def run(data):
            for number in range(3):
                yield "%s-%d\\n" % (data, number)
        """,
        python,
    )

    chunks, end = worker.stream("a")

    assert [bytes(chunk.body) for chunk in chunks] == [b"a-0\n", b"a-1\n", b"a-2\n"]
    assert chunks[0].head["status"] == 200
    assert ["content-type", "text/plain; charset=utf-8"] in chunks[0].head["headers"]
    assert not chunks[1].head
    assert end.head["run_ms"] >= 0
    assert worker.page()[0] == 0


def test_objects_that_a_generator_yields_are_lines_of_json(serve, python):
    worker = serve("def run(data):\n    yield {'a': 1}\n    yield [2]\n", python)

    chunks, _ = worker.stream("a")

    assert b"".join(bytes(chunk.body) for chunk in chunks) == b'{"a": 1}\n[2]\n'
    assert ["content-type", "application/x-ndjson"] in chunks[0].head["headers"]


def test_an_empty_generator_still_answers(serve, python):
    worker = serve("def run(data):\n    return\n    yield\n", python)

    chunks, end = worker.stream("a")

    assert [bytes(chunk.body) for chunk in chunks] == [b""]
    assert "error" not in end.head


def test_an_error_before_the_first_piece_is_an_ordinary_500(serve, python):
    worker = serve("def run(data):\n    raise ValueError(data)\n    yield\n", python)

    answer = worker.score("first")

    assert answer.status == 500
    assert answer.json["message"] == "run() raised ValueError: first (score.py, line 2)"


def test_an_error_after_the_first_piece_ends_the_stream_with_it(serve, python):
    worker = serve("def run(data):\n    yield 'a'\n    raise ValueError(data)\n", python)

    chunks, end = worker.stream("later")

    assert len(chunks) == 1
    assert end.head["error"] == "run() raised ValueError: later (score.py, line 3)"
    assert "Traceback" in worker.log


def test_cancelling_a_stream_stops_it_and_runs_its_finally(serve, python):
    worker = serve(
        """
        import time

        def run(data):
            try:
                while True:
                    yield "x"
                    time.sleep(0.01)
            finally:
                print("closed")
        """,
        python,
    )

    (id_,) = worker.ask("a")
    worker.receive()
    worker.cancel(id_)
    while (frame := worker.receive()).head.get("cancelled") is None:
        pass

    assert frame.id == id_
    assert "closed" in worker.log


def test_async_run_and_async_init(serve, python):
    worker = serve(
        """
        import asyncio

        async def init():
            global factor
            await asyncio.sleep(0)
            factor = 2

        async def run(data):
            await asyncio.sleep(0.01)
            return float(data) * factor
        """,
        python,
    )

    assert worker.score("2").json == 4.0
    assert worker.score("x").status == 500
    assert worker.score("3").json == 6.0


def test_an_async_generator_is_streamed(serve, python):
    worker = serve(
        """
        import asyncio

        async def run(data):
            for number in range(2):
                await asyncio.sleep(0)
                yield str(number)
        """,
        python,
    )

    chunks, _ = worker.stream("a")

    assert [bytes(chunk.body) for chunk in chunks] == [b"0", b"1"]


def test_init_may_be_missing(serve, python):
    assert serve(RETURN_INPUT, python).score("a").status == 200
