"""Undecorated scripts, routes, headers and methods."""

from tests.conformance.asking import FORM, get, other, post, text
from tests.conformance.cases.script import Script

LONG = "x" * 101

PLAIN = Script(
    "plain",
    """
def init():
    pass

def run(whatever):
    return whatever
""",
    (
        post("object", {"a": [1, 2.5, None], "b": "ü"}),
        text("text", "no json at all", {"content-type": "text/plain"}),
        text("without-content-type", '{"a": 1}', {}),
        text("form", '{"data": [1]}', FORM),
        text("form-fields", "a=1&b=2", FORM),
        text("empty", ""),
        text("not-utf-8", b"\xff\xfe"),
        text("large-integer", "123456789012345678901234567890"),
        get("query", "/score?a=1&b=%5B1%2C2%5D&c=word&d=null&e=&f=1&f=x&g=1.5"),
        get("no-query", "/score"),
        get("encoded-query", "/score?name=a%20b+c&%C3%BC=%22x%22"),
        other("put", "PUT"),
        other("delete", "DELETE"),
        other("patch", "PATCH"),
        other("head", "HEAD"),
        other("options", "OPTIONS"),
        get("health", "/"),
        get("health-with-query", "/?probe=1"),
        other("head-health", "HEAD", "/"),
        other("post-health", "POST", "/"),
        get("no-such-route", "/nothing"),
        other("post-no-such-route", "POST", "/nothing"),
        get("slash", "/score/"),
        other("post-swagger", "POST", "/swagger.json"),
    ),
)

IDS = Script(
    "ids",
    PLAIN.text,
    (
        post("client-id", 1, **{"x-ms-client-request-id": "mine"}),
        post("request-id", 1, **{"x-request-id": "a-1"}),
        post("legacy-id", 1, **{"x-ms-request-id": "old"}),
        post("all-ids", 1, **{"x-ms-request-id": "old", "x-ms-client-request-id": "mine",
                              "x-request-id": "a-1"}),
        post("trace", 1, traceid="trace-1"),
        post("long-client-id", 1, **{"x-ms-client-request-id": LONG}),
        post("long-request-id", 1, **{"x-request-id": LONG}),
        post("long-legacy-id", 1, **{"x-ms-request-id": LONG}),
        get("health-ids", "/", **{"x-ms-client-request-id": "mine", "traceid": "t"}),
        get("not-found-ids", "/nothing", **{"x-ms-client-request-id": "mine", "traceid": "t"}),
        other("not-allowed-ids", "PUT", **{"x-ms-client-request-id": "mine", "traceid": "t"}),
    ),
)  # fmt: skip

HEADERS = Script(
    "headers",
    """
def init():
    pass

def run(data, request_headers):
    shown = {name: request_headers[name] for name in request_headers if name.startswith("X-T")}
    return [data, isinstance(request_headers, dict), shown, request_headers.get("Content-Type")]
""",
    (
        post("one", 1, **{"x-tenant": "blue"}),
        post("spelling", 1, **{"X-TENANT-ID": "7", "x-tOKEN": "ü".encode().decode("latin-1")}),
        get("get", "/score?a=1", **{"x-tenant": "blue"}),
    ),
)

DRIVER = Script(
    "driver",
    """
import inner as driver_module

def init():
    driver_module.init()

def run(data):
    return "the driver's"
""",
    (post("one", 1),),
    files={"inner.py": "def init():\n    pass\n\ndef run(data):\n    return 'the inner one'\n"},
)

IMPORTS = Script(
    "imports",
    """
import os, sys
import helper
from package import deep

def init():
    pass

def run(data):
    folder = os.environ["AZUREML_MODEL_DIR"]
    return [helper.NAME, deep.NAME, os.path.isdir(folder), os.path.exists("score.py"),
            os.environ["SERVICE_NAME"], os.environ["SERVICE_VERSION"], __name__ != "__main__",
            os.path.samefile(os.environ["AML_APP_ROOT"], ".")]
""",
    (post("one", 1),),
    files={
        "helper.py": "NAME = 'helper'\n",
        "package/__init__.py": "",
        "package/deep.py": "NAME = 'deep'\n",
    },
)

ASYNC = Script(
    "async",
    """
import asyncio

def init():
    pass

async def run(data):
    await asyncio.sleep(0)
    return [data]
""",
    (post("one", 1),),
)

GENERATOR = Script(
    "generator",
    "def init():\n    pass\n\ndef run(data):\n    yield 'a'\n    yield 'b'\n",
    (post("one", 1),),
)

CORS = Script(
    "cors",
    PLAIN.text,
    (
        post("from-there", 1, origin="https://app.example"),
        post("from-the-other", 1, origin="https://b.example"),
        post("from-elsewhere", 1, origin="https://evil.example"),
        post("from-nowhere", 1),
        get("health", "/", origin="https://app.example"),
        get("not-found", "/nothing", origin="https://app.example"),
        other("options", "OPTIONS", origin="https://app.example"),
        other("preflight", "OPTIONS", origin="https://app.example",
              **{"access-control-request-method": "POST",
                 "access-control-request-headers": "content-type, authorization"}),
        other("preflight-from-elsewhere", "OPTIONS", origin="https://evil.example",
              **{"access-control-request-method": "POST"}),
    ),
    variables={"AML_CORS_ORIGINS": "https://app.example, https://b.example"},
)  # fmt: skip

CORS_ANY = Script(
    "cors-any",
    PLAIN.text,
    (
        post("from-there", 1, origin="https://app.example"),
        other("preflight", "OPTIONS", origin="https://app.example",
              **{"access-control-request-method": "POST"}),
    ),
    variables={"AML_CORS_ORIGINS": "*"},
)  # fmt: skip

SCRIPTS = (PLAIN, IDS, HEADERS, DRIVER, IMPORTS, ASYNC, GENERATOR, CORS, CORS_ANY)
