"""
Every wanted difference between Azure's scoring server and ours, each with its reason.

A difference that no line allows fails the comparison, and so does a line that no longer differs.
``docs/reference/scoring.md`` shows this table; a test compares them.
"""

import re
from dataclasses import dataclass

ABSENT = "absent"
GENERIC = "An unexpected error occurred in scoring script. Check the logs for more info."
INTERNAL = "An unexpected internal error occurred. Check the logs for more info."


@dataclass(frozen=True)
class Difference:
    """
    ``cases`` are SCRIPT/REQUEST, ``aspects`` status, header:NAME or body.PATH; ``*`` is anything.

    ``theirs`` and ``ours`` are the two values, again with ``*``.
    """

    cases: str
    aspects: str
    theirs: str
    ours: str
    reason: str

    def allows(self, case: str, aspect: str, theirs: str, ours: str) -> bool:
        """Whether this difference is the one of this line."""
        return (
            any(_fits(pattern, case) for pattern in self.cases.split())
            and any(_fits(pattern, aspect) for pattern in self.aspects.split())
            and _fits(self.theirs, theirs)
            and _fits(self.ours, ours)
        )


def _fits(pattern: str, text: str) -> bool:
    return bool(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL))


D = Difference

EVERY_ANSWER = (
    D("*", "header:x-ms-server-version", "*", "modelyard/*",
      "each names itself, ours on every answer"),
    D("*", "header:x-modelyard-version", ABSENT, "blue",
      "which version of the service answered, for traffic split between several"),
    D("*", "header:azureml-model-deployment", ABSENT, "blue",
      "the same, under the name that Azure's endpoints use"),
    D("*", "body.code body.request_id", ABSENT, "*",
      "every error has a stable code and the id under which the log has it"),
    D("*", "header:x-ms-run-fn-exec-ms", ABSENT, "<x-ms-run-fn-exec-ms>",
      "the time is told for failed and refused requests too"),
    D("*", "header:x-request-id header:x-ms-request-id header:x-ms-client-request-id"
      " header:traceid", ABSENT, "*", "404 and 405 have the ids too, and echo the caller's"),
    D("*", "header:allow", ABSENT, "*", "HTTP asks for the methods that are possible"),
    D("plain/options numpy/options cors/options cors*/preflight*", "header:content-type",
      "text/html; charset=utf-8", ABSENT, "there is no body"),
    D("plain/put plain/delete plain/patch plain/post-health plain/post-swagger numpy/put"
      " ids/not-allowed-ids", "body.message", "The method is not allowed*", "*is not possible*",
      "says which methods are possible"),
    D("*", "body.message", "The requested URL was not found*", "There is no *",
      "says which paths there are"),
)  # fmt: skip

REQUEST_IDS = (
    D("ids/client-id ids/legacy-id ids/all-ids ids/health-ids", "header:x-ms-request-id", "*", "*",
      "always the request's own id, the one in the log, never the caller's"),
    D("ids/long-client-id ids/long-legacy-id", "body.message", "*must not exceed 100*", "*",
      "names the header that is too long"),
    D("ids/long-request-id", "body", "*", "1", "as below"),
    D("ids/long-request-id", "status", "431", "200",
      "an unusable id from outside is replaced by one of ours, the request is served"),
)  # fmt: skip

FLASK_RESPONSES = (
    D("flask/*", "header:x-ms-run-function-failed", ABSENT, "False",
      "the header is on every answer of run(), so that its absence means nothing"),
    D("flask/stream", "header:x-ms-run-fn-exec-ms", "<*>", ABSENT,
      "the time is not known yet when a streamed answer begins"),
    D("flask/request", "header:x-ms-run-function-failed body", "*", "*", "as below"),
    D("flask/request", "status", "200", "500",
      "there is no flask.request: take request_headers, or @rawhttp for the whole request"),
)  # fmt: skip

CORS = (
    D("cors/* cors-any/*", "header:access-control-expose-headers", ABSENT, "*",
      "a page may read the request id and whether run() failed"),
    D("cors/not-found", "header:access-control-allow-origin header:vary", ABSENT, "*",
      "a page can read a 404 too"),
    D("cors/from-elsewhere cors/preflight-from-elsewhere", "header:vary", ABSENT, "Origin",
      "a cache must not give this answer to an origin that is allowed"),
    D("cors/from-nowhere", "header:access-control-allow-origin", "https://app.example", ABSENT,
      "no browser asked"),
    D("cors-any/*", "header:access-control-allow-origin header:vary", "*", "*",
      "`*` allows all: the answer is the same for each and may be cached"),
    D("cors/preflight* cors-any/preflight", "status", "200", "204", "there is no body"),
    D("cors/preflight cors-any/preflight", "header:access-control-allow-methods", "GET, POST",
      "GET, POST, OPTIONS", "all that /score takes"),
    D("cors/preflight cors-any/preflight", "header:access-control-allow-headers", "*", "*",
      "in the order asked; without a question those that a call needs"),
    D("cors/preflight cors-any/preflight", "header:access-control-max-age", ABSENT, "600",
      "a browser need not ask before every call"),
)  # fmt: skip

BODIES = (
    D("plain/form plain/form-fields", "body", "", "*",
      "what `curl -d` sends without a content type arrives; Flask empties it"),
    D("numpy/form", "status", "415", "200",
      "JSON sent by `curl -d` without a content type is taken as JSON"),
    D("numpy/form", "body*", "*", "*", "as above"),
    D("numpy/not-utf-8", "status", "500", "400",
      "as for an undecorated run(): not the service's failure"),
    D("numpy/not-utf-8", "body.message", INTERNAL, "Input cannot be decoded as UTF-8*",
      "as above"),
    D("raw/put raw/delete", "status", "405", "200",
      "@rawhttp gets every method; Azure's route lets only GET, POST and OPTIONS through"),
    D("raw/put raw/delete", "body*", "*", "*", "as above"),
    D("raw-json/*", "status", "500", "4*",
      "request.json of a body that is none: 400 or 415, as in Flask itself"),
    D("raw-json/*", "header:x-ms-run-function-failed", "True", "False", "as above"),
    D("raw-json/*", "body.message", GENERIC, "*", "as above"),
)  # fmt: skip

RESULTS = (
    D("async/one", "status", "500", "200", "`async def run` is awaited"),
    D("async/one", "body", f"*{INTERNAL}*", '["1"]', "as above"),
    D("generator/one", "status", "500", "200", "a generator is streamed"),
    D("generator/one", "header:content-type body", "*", "*", "as above"),
    D("*", "body*", "NaN", "null", "NaN is no JSON; the service may ask for an error instead"),
    D("returns/infinity", "body*", "*Infinity", "null", "as NaN"),
    D("returns/*", "status", "500", "200",
      "arrays, frames, scalars of numpy, times, bytes, dataclasses, enums, sets … are encoded"),
    D("returns/*", "body*", f"*{INTERNAL}*", "*", "as above; what cannot be encoded is named"),
    D("returns/array-inside returns/dataclass returns/tuple-key", "body.*", ABSENT, "*",
      "as above"),
    D("returns/odd", "header:x-ms-run-function-failed", "False", "True",
      "a value that cannot be encoded is a failure of run()"),
)  # fmt: skip

ERRORS = (
    D("*", "body.message", GENERIC, "run() *",
      "says the exception's type, its message, file and line of the script"),
    D("*", "body.details", ABSENT, "*", "the same for programs: type, message, file, line"),
    D("raises/exit", "header:content-type header:x-ms-run-function-failed body", "*", "*",
      "sys.exit() is an error of run() like any other, in JSON; theirs is HTML of gunicorn"),
    D("timeout/catches-everything", "status", "200", "500",
      "as below: theirs has answered, long after its timeout"),
    D("timeout/catches-everything", "header:* body", "*", "*",
      "a timeout ends the call whatever the script catches; theirs is an exception inside of it"),
)  # fmt: skip

INPUTS = (
    D("*", "body.field", ABSENT, "*", "the way to what is wrong, such as data[1].age"),
    D("numpy/* numpy-types/* standard/* date/* nested/* frame-*", "status", "500", "400",
      "a wrong type, shape or column is the caller's mistake, no failure of the service"),
    D("numpy/* numpy-types/* standard/* date/* nested/* frame-*",
      "header:x-ms-run-function-failed", "True", "False", "as above"),
    D("numpy/* numpy-types/* standard/* date/* nested/* frame-*", "body.message", GENERIC,
      "Input '*", "says what is wrong with which input"),
    D("frame-*/turned", "body*", "*", "*", "columns are found by name, whatever their order"),
    D("frame-named/turned", "status", "500", "200", "as above"),
    D("frame-*/other nested/wrong-frame", "status", "200", "400",
      "a column under another name is missing, though their number is right"),
    D("frame-*/other nested/wrong-frame", "body", "*", '*"bad_input"*', "as above"),
    D("frame-times/numbers-like-times", "body[5][0]", "0.12345678901234501",
      "0.12345678901234568", "numbers are read exactly, not to 15 digits"),
    D("date/right", "body", "*", "[2020, 2, 3]", "as below"),
    D("date/right", "status", "500", "200",
      "a date is read; theirs calls datetime.date.strptime, which Python has since 3.14 only"),
)  # fmt: skip

DESCRIPTIONS = (
    D("*", "body.schemes", '["https"]', '["https", "http"]', "a service may be without TLS"),
    D("*", "body.paths./*swagger.json.get.*", "*", "*",
      "the version is a text of five values, and the answer is JSON"),
    D("*", "body.paths./*.get.responses.200.content.text/*", "*", "*", "the health page is HTML"),
    D("mixed/* frame-split/* frame-values/*", "body.message", "Swagger version [*", "Swagger *",
      "lists versions by their main names"),
    D("override-broken/*", "*", "*", "*",
      "a file that is no JSON is left out; theirs does not start"),
)  # fmt: skip

STARTS = (
    D("no-init/*", "*", "*", "*", "init() may be missing"),
    D("two-parameters/start", "status", "200", "0",
      "run() with a second parameter that nobody gives fails at the start, not on every request"),
)  # fmt: skip

SECTIONS: dict[str, tuple[Difference, ...]] = {
    "Every answer": EVERY_ANSWER,
    "Request ids": REQUEST_IDS,
    "Bodies and methods": BODIES,
    "Input against a schema": INPUTS,
    "What run() returns": RESULTS,
    "Errors and timeouts": ERRORS,
    "Responses of Flask": FLASK_RESPONSES,
    "Browsers": CORS,
    "Descriptions": DESCRIPTIONS,
    "The start": STARTS,
}

DIFFERENCES: tuple[Difference, ...] = tuple(line for lines in SECTIONS.values() for line in lines)
