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
    D("ids/long-request-id", "status body", "*", "*",
      "an unusable id from outside is replaced by one of ours, the request is served"),
)  # fmt: skip

FLASK_RESPONSES = (
    D("flask/*", "header:x-ms-run-function-failed", ABSENT, "False",
      "the header is on every answer of run(), so that its absence means nothing"),
    D("flask/stream", "header:x-ms-run-fn-exec-ms", "<*>", ABSENT,
      "the time is not known yet when a streamed answer begins"),
    D("flask/request", "status header:x-ms-run-function-failed body", "*", "*",
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
    D("numpy/form", "status header:x-ms-run-function-failed body*", "*", "*",
      "JSON sent by `curl -d` without a content type is taken as JSON"),
    D("numpy/not-utf-8", "status body.message", "*", "*",
      "400, as for an undecorated run(); not the service's failure"),
    D("raw/put raw/delete", "status body*", "*", "*",
      "@rawhttp gets every method; Azure's route lets only GET, POST and OPTIONS through"),
    D("raw-json/*", "status header:x-ms-run-function-failed body.message", "*", "*",
      "request.json of a body that is none: 400 or 415 as in Flask itself, not 500"),
)  # fmt: skip

RESULTS = (
    D("async/one", "status body", "*", "*", "`async def run` is awaited"),
    D("generator/one", "status header:content-type body", "*", "*", "a generator is streamed"),
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
    D("timeout/catches-everything", "status header:* body", "*", "*",
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
    D("frame-named/turned", "status header:x-ms-run-function-failed", "*", "*", "as above"),
    D("frame-*/other nested/wrong-frame", "status body", "*", "*",
      "a column under another name is missing, though their number is right"),
    D("frame-times/numbers-like-times", "body[5][0]", "0.12345678901234501",
      "0.12345678901234568", "numbers are read exactly, not to 15 digits"),
    D("date/right", "status header:x-ms-run-function-failed body", "*", "*",
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

DIFFERENCES: tuple[Difference, ...] = (
    *EVERY_ANSWER,
    *REQUEST_IDS,
    *BODIES,
    *INPUTS,
    *RESULTS,
    *ERRORS,
    *FLASK_RESPONSES,
    *CORS,
    *DESCRIPTIONS,
    *STARTS,
)
