"""The rules for requests to services: who may pass, and what the others are told; pure."""

from collections.abc import Iterator

from modelyard.gateway.layout import Layout
from modelyard.gateway.maps import AUTH, BACKENDS, CORS, KEYS
from modelyard.gateway.replies import answer

VERSION = "azureml-model-deployment"
"""The header by which a caller names a version."""


def key() -> Iterator[str]:
    """
    How a service wants to be opened, and the hash of the key that is shown.

    A digest takes longer than all else here, so it is kept with the caller's connection, beside
    the key that it is of; whether that key opens this service is looked up for each request.
    A request without a key sets nothing: hence the hash of the last one goes first.
    """
    yield f"http-request set-var(txn.auth) var(txn.svc),map({AUTH})"
    yield "acl known var(txn.auth) -m found"
    yield "acl keyed var(txn.auth) -m str key"
    yield "acl open var(txn.auth) -m str off"
    yield f"acl cors var(txn.svc),map({CORS}) -m found"
    yield "acl same_key http_auth_bearer,strcmp(sess.key) eq 0"
    yield "acl hashed var(sess.hash) -m found"
    yield f"acl right_key var(txn.svc),concat(:,sess.hash),map({KEYS}) -m found"
    yield "http-request unset-var(sess.hash) if keyed !same_key"
    yield "http-request set-var(sess.key) http_auth_bearer if !hashed keyed"
    yield "http-request set-var(sess.hash) http_auth_bearer,sha2(256),hex if !hashed keyed"
    # the model's code has no need of the key that opens the door
    yield "http-request del-header authorization if keyed"


def admission(layout: Layout, *doors: str) -> Iterator[str]:
    """
    The way of a request that may pass, to one of these conditions.

    Where the map names a backend it leaves the rules here: which version of several it goes to,
    or why it may not pass, is asked only of the others, because each rule costs every request that
    meets it.
    """
    yield f"acl too_large req.hdr_val(content-length) gt {layout.max_body}"
    yield lookup(*doors)
    yield "acl admitted var(txn.backend) -m found"
    yield "acl direct var(txn.backend) -m beg be_"
    yield f"acl by_name req.hdr_cnt({VERSION}) gt 0"
    yield "acl feedback path /feedback"
    yield "http-request allow if direct !by_name !feedback"


def lookup(*doors: str) -> str:
    """Where a request goes that may pass: a backend, a plan, or why there is none."""
    ways = " or ".join(f"{door} !too_large".strip() for door in doors)
    return f"http-request set-var(txn.backend) var(txn.svc),map({BACKENDS}) if {ways}"


def refused_keys(*doors: str) -> Iterator[str]:
    """What is said to a request whose key does not open the service."""
    yield f"http-request set-var(txn.opened) bool(true) if {' or '.join(doors)}"
    yield "acl opened var(txn.opened) -m bool"
    yield "acl v2 path,field(2,/) -m str v2"
    for triton, there in ((True, "v2 keyed"), (False, "keyed")):
        yield answer(
            401,
            "The service %[var(txn.svc),json(utf8s)] needs one of its keys: "
            "send Authorization: Bearer KEY.",
            "unauthenticated",
            headers={"WWW-Authenticate": "Bearer"},
            when=f"if {there} !opened",
            triton=triton,
        )


def refused(layout: Layout) -> Iterator[str]:
    """What is said to a request that opened the service and leads nowhere."""
    yield answer(
        413,
        f"The body is larger than the {layout.max_body} bytes that this server takes. "
        "MODELYARD_MAX_BODY changes that.",
        "too_large",
        when="if too_large",
    )
    yield answer(
        503,
        "The service %[var(txn.svc),json(utf8s)] is not ready yet, or was stopped.",
        "not_ready",
        headers={"Retry-After": "1"},
        when="if TRUE",
    )


def onward(successor: str, *others: str) -> Iterator[str]:
    """Where a request goes; ``nowhere`` when this process does not know what the map names."""
    yield "use_backend %[var(txn.backend)] if { var(txn.backend) -m found }"
    yield f"use_backend {successor} if late"
    yield from others
    yield "default_backend nowhere"
