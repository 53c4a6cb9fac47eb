"""The rules for services that want tokens: signed ones, checked here; pure."""

from collections.abc import Iterator

from modelyard.gateway.maps import KEYS
from modelyard.gateway.replies import answer
from modelyard.gateway.sections import quoted

_KEY = "proc.signing_key"
_BEARER = "http_auth_bearer"

DOOR = "tokened right_token its_token in_time"
"""The condition under which a token opens the service."""


def signing_key(key: str) -> tuple[str, ...]:
    """The line of the global section; none without a key."""
    return (f"set-var {_KEY} str({quoted(key)})",) if key else ()


def tokens(key: str) -> Iterator[str]:
    """
    What a JSON Web Token says: whose it is, and until when.

    Only HS256 is verified, whatever the token's own header says, and one whose header says
    something else is none. What a right one says is kept with the caller's connection, beside the
    token, as it is for keys; its time and its service are looked at for each request. A service is
    named by its id as well: a token of one that is gone opens no other of the same name.
    """
    yield "acl tokened var(txn.auth) -m str token"
    yield f"acl same_token {_BEARER},strcmp(sess.token) eq 0"
    yield "acl checked var(sess.sid) -m found"
    yield f"acl right_token var(txn.svc),concat(:,sess.sid),map({KEYS}) -m found"
    yield "acl its_token var(sess.aud),strcmp(txn.svc) eq 0"
    yield "acl in_time var(sess.until),sub(txn.now) gt 0"
    if not key:
        return
    for name in ("sid", "aud", "until"):
        yield f"http-request unset-var(sess.{name}) if tokened !same_token"
    yield f"http-request set-var(sess.token) {_BEARER} if tokened !checked"
    yield (
        f"http-request set-var(txn.signed) {_BEARER},jwt_verify(HS256,{_KEY}) if tokened !checked"
    )
    yield (
        f"http-request set-var(txn.alg) {_BEARER},jwt_header_query('$.alg') if tokened !checked"
    )
    yield "acl genuine var(txn.signed) -m int 1"
    yield "acl as_we_sign var(txn.alg) -m str HS256"
    for name, query in (("until", "'$.exp','int'"), ("aud", "'$.aud'"), ("sid", "'$.sid'")):
        yield (
            f"http-request set-var(sess.{name}) {_BEARER},jwt_payload_query({query}) "
            "if tokened !checked genuine as_we_sign"
        )
    yield "http-request set-var(txn.now) date if tokened"


def refused_tokens() -> Iterator[str]:
    """What is said to a request whose token does not open the service."""
    ask = "send Authorization: Bearer TOKEN, as service.get_access_token() gives one."
    expired = f"The access token for the service %[var(txn.svc),json(utf8s)] has expired: {ask}"
    other = f"The service %[var(txn.svc),json(utf8s)] needs an access token of its own: {ask}"
    for triton, there in ((True, "v2 tokened !opened"), (False, "tokened !opened")):
        for message, more in ((expired, " right_token its_token"), (other, "")):
            yield answer(
                401,
                message,
                "unauthenticated",
                headers={"WWW-Authenticate": "Bearer"},
                when=f"if {there}{more}",
                triton=triton,
            )
