"""``@rawhttp``, AMLRequest and AMLResponse."""

from tests.conformance.asking import FORM, JSON, Ask, get, other, post, text
from tests.conformance.cases.script import Script

_PARTS = (
    b'--edge\r\nContent-Disposition: form-data; name="title"\r\n\r\nHouse\r\n'
    b'--edge\r\nContent-Disposition: form-data; name="image"; filename="a.bin"\r\n'
    b"Content-Type: application/octet-stream\r\n\r\n\x00\xff\r\n--edge--\r\n"
)
_MULTIPART = {"content-type": "multipart/form-data; boundary=edge"}

_REQUEST = """
def init():
    pass

def describe(request):
    files = {n: [f.filename, len(f.read()), f.mimetype] for n, f in request.files.items()}
    return {
        "method": request.method,
        "path": request.path,
        "full_path": request.full_path,
        "query": request.query_string.decode(),
        "args": request.args.to_dict(flat=False) if hasattr(request.args, "to_dict")
                else dict(request.args.lists()),
        "get": [request.args.get("n", type=int), request.args.get("x", "none")],
        "form": dict(request.form.items()),
        "files": files,
        "data": request.get_data(as_text=True) if not files and not request.form else "",
        "is_json": request.is_json,
        "json": request.get_json(silent=True),
        "mimetype": request.mimetype,
        "content_type": request.content_type,
        "header": [request.headers.get("X-Tenant"), request.headers.get("x-none", "no"),
                   "X-tenant" in request.headers],
        "cookies": dict(request.cookies),
        "values": request.values.get("n"),
    }
"""

RAW = Script(
    "raw",
    """
from azureml_inference_server_http.api.aml_request import AMLRequest, rawhttp
from azureml_inference_server_http.api.aml_response import AMLResponse
"""
    + _REQUEST
    + """
@rawhttp
def run(request):
    return describe(request)
""",
    (
        post("json", {"a": 1}, **{"x-tenant": "blue", "cookie": "a=1; b=2"}),
        text("bytes", b"abc\x00", {"content-type": "application/octet-stream"}),
        text("without-content-type", "abc", {}),
        text("form", "title=a+b&n=3", FORM),
        text("form-that-is-json", '{"data": 1}', FORM),
        text("multipart", _PARTS, _MULTIPART),
        text("broken-json", "{"),
        Ask("query", b"{}", path="/score?n=3&n=4&x=%C3%BC", headers=JSON),
        get("get", "/score?n=3"),
        get("get-plain", "/score"),
        other("put", "PUT"),
        other("delete", "DELETE"),
        other("head", "HEAD"),
        other("options", "OPTIONS"),
    ),
)

STRICT_JSON = Script(
    "raw-json",
    """
from azureml_inference_server_http.api.aml_request import rawhttp

def init():
    pass

@rawhttp
def run(request):
    return request.json
""",
    (post("right", [1]), text("broken", "{"), text("other-type", "1", {"content-type": "a/b"})),
)

RESPONSES = Script(
    "responses",
    """
from azureml_inference_server_http.api.aml_request import rawhttp
from azureml_inference_server_http.api.aml_response import AMLResponse

def init():
    pass

ANSWERS = {
    "text": lambda: AMLResponse("hello", 200),
    "bytes": lambda: AMLResponse(b"\\x89PNG", 200, {"Content-Type": "image/png"}),
    "json": lambda: AMLResponse({"a": [1]}, 201, json_str=True),
    "none": lambda: AMLResponse(None, 200),
    "headers": lambda: AMLResponse("a", 200, {"X-One": "1", "X-Many": "a, b"}),
    "bad-request": lambda: AMLResponse("bad request", 400),
    "failed": lambda: AMLResponse("down", 503),
    "told-failed": lambda: AMLResponse("quietly", 200, run_function_failed=True),
    "no-content": lambda: AMLResponse("", 204),
    "changed": lambda: changed(),
    "cookies": lambda: cookies(),
    "plain-value": lambda: {"a": 1},
    "nan": lambda: AMLResponse([float("nan")], 200, json_str=True),
}

def changed():
    answer = AMLResponse("before", 200)
    answer.set_data("after")
    answer.status_code = 202
    answer.headers["X-Later"] = "yes"
    answer.headers.add("X-Twice", "1")
    answer.headers.add("X-Twice", "2")
    answer.mimetype = "text/plain"
    return answer

def cookies():
    answer = AMLResponse("a", 200)
    answer.set_cookie("session", "1", max_age=60, httponly=True)
    answer.set_cookie("other", "two words")
    return answer

@rawhttp
def run(request):
    return ANSWERS[request.args["make"]]()
""",
    tuple(
        get(name, f"/score?make={name}")
        for name in [
            "text",
            "bytes",
            "json",
            "none",
            "headers",
            "bad-request",
            "failed",
            "told-failed",
            "no-content",
            "changed",
            "cookies",
            "plain-value",
            "nan",
        ]
    ),
)

OLD_PATH = Script(
    "old-path",
    """
from azureml.contrib.services.aml_request import AMLRequest, rawhttp
from azureml.contrib.services.aml_response import AMLResponse

def init():
    pass

@rawhttp
def run(request):
    return AMLResponse(request.method, 200)
""",
    (post("post", 1), get("get", "/score")),
)

SCRIPTS = (RAW, STRICT_JSON, RESPONSES, OLD_PATH)
