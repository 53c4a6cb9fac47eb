"""The part of the configuration that leads to fronts; pure."""

from collections.abc import Iterator
from functools import lru_cache

from modelyard.domain.routing import Backend
from modelyard.gateway.config_begun import second_try
from modelyard.gateway.layout import Layout, again_socket
from modelyard.gateway.maps import backend_name
from modelyard.gateway.replies import of_fronts
from modelyard.gateway.sections import PAUSE, quoted, section


def front_sections(backend: Backend, layout: Layout) -> tuple[str, ...]:
    """
    A backend on connections that are kept, and behind it one for what these lose.

    A new connection for each request would cost more than all else here. But of a request on a
    kept connection that dies HAProxy would say nothing: it would only close the caller's. So what
    gets no byte of an answer is sent once more, inside this process, to ``again``, which takes a
    new connection to a front and says what becomes of it. HAProxy can do that with what it had
    whole before it sent any of it: up to 16 KB. A front that is just dying still takes
    connections, and closes them without a byte: ``again`` tries until there is another.

    What had begun is never run a second time, because a front says so before any worker is told.
    One alone notes the ids of small requests in a file, where ``again`` and its successor find
    them and say the 502. Of all others a front begins the answer (``HTTP/1.1``): with that HAProxy
    sees itself that the request is lost.
    """
    return _sections(backend, layout)


@lru_cache(maxsize=4096)
def _sections(backend: Backend, layout: Layout) -> tuple[str, ...]:
    """Kept: all of them are asked for whenever anything changes."""
    timeout = f"timeout server {max(1, round(backend.timeout * 1000))}ms"
    fronts = list(_fronts(backend))
    alone = len(fronts) == 1
    errors = of_fronts(backend.version) if backend.version else ()
    place = quoted(f"unix@{again_socket(layout.sockets, backend.id)}")
    kept = section(
        f"backend {backend_name(backend.id)} from fronts",
        timeout,
        "option http-keep-alive",
        "option http-buffer-request",
        "http-reuse always",
        f"retries {len(backend.sockets)}",
        "retry-on conn-failure empty-response",
        *errors,
        *fronts,
        f"server again {place} backup pool-max-conn 0{_unchecked(backend)}",
    )
    new = section(
        f"listen again_{backend.id} from fronts",
        f"bind {place} mode 600",
        "unique-id-format %[req.hdr(x-request-id)]",
        timeout,
        "option http-buffer-request",
        "retry-on conn-failure empty-response",
        *errors,
        *(second_try(backend, layout) if alone else ("retries 20",)),
        *fronts,
        f"{PAUSE}{_unchecked(backend)}",
    )
    return kept, new


def _fronts(backend: Backend) -> Iterator[str]:
    """
    Of several the one with fewest requests is next.

    One that does not take a connection is out at once, and the request goes to another; it is
    asked again ten times a second. With all of them out, only the last line of the section is
    left: the pause, where each try takes ``timeout connect``.
    """
    if len(backend.sockets) == 1:
        yield f"server front {quoted(f'unix@{backend.sockets[0]}')} backup"
        return
    yield "balance leastconn"
    yield "default-server check inter 2s fastinter 100ms downinter 100ms fall 1 rise 1"
    yield "default-server observe layer4 error-limit 1 on-error mark-down"
    for number, socket in enumerate(backend.sockets, start=1):
        yield f"server front{number} {quoted(f'unix@{socket}')}"


def _unchecked(backend: Backend) -> str:
    return "" if len(backend.sockets) == 1 else " no-check"
