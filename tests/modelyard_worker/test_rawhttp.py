"""Scripts that speak HTTP themselves."""

import pytest

RAW = """
import json
from azureml.contrib.services.aml_request import AMLRequest, rawhttp
from azureml.contrib.services.aml_response import AMLResponse

@rawhttp
def run(request):
    return {body}
"""

MULTIPART = (
    b'--cut\r\nContent-Disposition: form-data; name="title"\r\n\r\nB\xc3\xa4r\r\n'
    b'--cut\r\nContent-Disposition: form-data; name="image"; filename="b\xc3\xa4r.png"\r\n'
    b"Content-Type: image/png\r\n\r\n\x89PNG\r\n\r\n--cu\x00\r\n--cut--\r\n"
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("request.method", "PUT"),
        ("request.path", "/score"),
        ("request.url", "http://here/score?a=1&a=2&b=x"),
        ("[request.args.get('a', type=int), request.args.getlist('a'), request.args['b']]",
         [1, ["1", "2"], "x"]),
        ("[request.headers.get('x-two'), request.headers['X-TWO'], 'x-two' in request.headers]",
         ["2", "2", True]),
        ("request.get_data().decode()", '{"k": 3}'),
        ("request.get_data(as_text=True)", '{"k": 3}'),
        ("[request.json['k'], request.get_json()['k'], request.is_json]", [3, 3, True]),
        ("isinstance(request, AMLRequest)", True),
        ("request.content_length", 8),
        ("request.cookies", {"a": "b", "c": "d"}),
    ],
)  # fmt: skip
def test_the_request_offers_what_scripts_use_of_flasks(serve, python, body, expected):
    worker = serve(RAW.format(body=body), python)

    answer = worker.score(
        {"k": 3},
        method="PUT",
        query="a=1&a=2&b=x",
        headers={"X-Two": "2", "host": "here", "cookie": "a=b; c=d"},
    )

    assert answer.json == expected


def test_files_and_fields_of_a_form(serve, python):
    worker = serve(
        RAW.format(
            body="[request.form['title'], request.files['image'].filename, "
            "request.files['image'].content_type, request.files['image'].read().hex()]"
        ),
        python,
    )

    answer = worker.score(
        MULTIPART, headers={"content-type": 'multipart/form-data; boundary="cut"'}
    )

    assert answer.json == ["Bär", "bär.png", "image/png", b"\x89PNG\r\n\r\n--cu\x00".hex()]


def test_a_torn_form_is_the_callers_mistake(serve):
    worker = serve(RAW.format(body="list(request.files)"))

    answer = worker.score(
        MULTIPART[:-9], headers={"content-type": "multipart/form-data; boundary=cut"}
    )

    assert (answer.status, answer.json["code"]) == (400, "bad_input")


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [("{", {"content-type": "application/json"}, 400), ("{}", {"content-type": "text/x"}, 415)],
)
def test_asking_for_json_that_is_none_answers_the_caller(serve, body, headers, status):
    worker = serve(RAW.format(body="request.get_json()"))

    assert worker.score(body, headers=headers).status == status
    assert worker.score("x").status == 415


def test_an_aml_response_goes_out_as_it_is(serve, python):
    worker = serve(
        RAW.format(
            body="AMLResponse(b'\\xff\\x00', 201, {'Content-Type': 'image/jpeg', 'X-A': '1'})"
        ),
        python,
    )

    answer = worker.score("a")

    assert (answer.status, answer.body) == (201, b"\xff\x00")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-a"] == "1"
    assert answer.headers["x-ms-run-function-failed"] == "False"


@pytest.mark.parametrize(
    ("response", "status", "body", "failed"),
    [
        ("AMLResponse({'a': 1}, 200, json_str=True)", 200, b'{"a": 1}', "False"),
        ("AMLResponse(None, 200)", 200, b"{}", "False"),
        ("AMLResponse('no', 503)", 503, b"no", "True"),
        ("AMLResponse('no', 400, run_function_failed=True)", 400, b"no", "True"),
    ],
)
def test_the_present_path_of_the_inference_server_works_too(
    serve, python, response, status, body, failed
):
    worker = serve(
        f"""
        from azureml_inference_server_http.api.aml_request import rawhttp
        from azureml_inference_server_http.api.aml_response import AMLResponse

        @rawhttp
        def run(request):
            return {response}
        """,
        python,
    )

    answer = worker.score("a")

    assert (answer.status, answer.body) == (status, body)
    assert answer.headers["x-ms-run-function-failed"] == failed


def test_an_aml_response_of_pieces_is_streamed(serve):
    worker = serve(
        RAW.format(
            body="AMLResponse((p for p in ['data: 1', b'data: 2']), 200, "
            "{'Content-Type': 'text/event-stream'})"
        )
    )

    chunks, _ = worker.stream("a")

    assert [bytes(chunk.body) for chunk in chunks] == [b"data: 1", b"data: 2"]
    assert ["Content-Type", "text/event-stream"] in chunks[0].head["headers"]


def test_a_header_with_a_line_break_is_refused(serve):
    worker = serve(RAW.format(body="AMLResponse('a', 200, {'X-A': 'b\\r\\nSet-Cookie: c=d'})"))

    answer = worker.score("a")

    assert (answer.status, answer.json["code"]) == (500, "bad_output")


def test_a_response_like_flasks_is_passed_through(serve, python):
    worker = serve(
        """
        class Response:  # what Werkzeug's offers
            status_code = 418
            headers = {"Content-Type": "text/plain", "Content-Length": "99"}
            is_streamed = False
            direct_passthrough = False

            def get_data(self):
                return b"teapot"

        def run(data):
            return Response()
        """,
        python,
    )

    answer = worker.score("a")

    assert (answer.status, answer.body) == (418, b"teapot")
    assert answer.headers["content-type"] == "text/plain"
    assert "content-length" not in answer.headers


def test_an_answer_may_be_changed_after_it_was_made(serve, python):
    worker = serve(
        """
        from azureml.contrib.services.aml_response import AMLResponse

        def run(data):
            answer = AMLResponse("before", 200, {"X-One": "1"})
            answer.data = "after"
            answer.status = "202 ACCEPTED"
            answer.mimetype = "text/plain"
            answer.headers.add("X-One", "2")
            answer.headers.add("Content-Disposition", "attachment", filename="a.csv")
            answer.headers.extend({"X-Two": 2})
            answer.set_cookie("session", "two words", max_age=60, httponly=True, samesite="Lax")
            answer.delete_cookie("old")
            assert answer.headers.getlist("x-one") == ["1", "2"]
            assert (answer.status, answer.mimetype) == ("202 Accepted", "text/plain")
            return answer
        """,
        python,
    )

    worker.ask("a")
    frame = worker.receive()
    headers = [(name.lower(), value) for name, value in frame.head["headers"]]

    assert (frame.head["status"], bytes(frame.body)) == (202, b"after")
    assert ("content-type", "text/plain; charset=utf-8") in headers
    assert [value for name, value in headers if name == "x-one"] == ["1", "2"]
    assert ("content-disposition", 'attachment; filename="a.csv"') in headers
    assert ("x-two", "2") in headers
    cookies = [value for name, value in headers if name == "set-cookie"]
    assert cookies[0].startswith('session="two words"; Expires=')
    assert cookies[0].endswith("; Max-Age=60; HttpOnly; Path=/; SameSite=Lax")
    assert cookies[1] == "old=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/"
