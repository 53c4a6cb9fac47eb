"""Which route answers a path. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from modelyard.collector.web import Route


@dataclass(slots=True)
class _Node:
    """A segment: what follows it literally, what follows it as a parameter, who answers here."""

    literal: "dict[str, _Node]" = field(default_factory=dict)
    any: "_Node | None" = None
    routes: dict[str, Route] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """The routes of a path by method, and the path's parameters."""

    routes: Mapping[str, Route]
    parameters: Mapping[str, str]

    @property
    def allowed(self) -> str:
        """The methods, as an Allow header says them."""
        names = set(self.routes) | ({"HEAD"} if "GET" in self.routes else set())
        return ", ".join(sorted(names))

    def route(self, method: str) -> Route | None:
        """The route of a method; HEAD is GET without its body."""
        return self.routes.get(method) or (self.routes.get("GET") if method == "HEAD" else None)


class Router:
    """Finds routes; a segment that is written out comes before ``{one that is not}``."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Raises ValueError for two of one method and path."""
        self._root = _Node()
        for route in routes:
            node = self._root
            for segment in _segments(route.path):
                if segment.startswith("{"):
                    node.any = node = node.any or _Node()
                else:
                    node = node.literal.setdefault(segment, _Node())
            if route.method in node.routes:
                raise ValueError(f"Two routes answer {route.method} {route.path}.")
            node.routes[route.method] = route

    def find(self, path: str) -> Found | None:
        """What is at a path; None for nothing."""
        segments = _segments(path)
        for node in _nodes(self._root, segments):
            if node.routes:
                # routes of one place may name a parameter differently: the first one's names count
                pattern = _segments(next(iter(node.routes.values())).path)
                named = zip(pattern, segments, strict=True)
                return Found(node.routes, {p[1:-1]: s for p, s in named if p.startswith("{")})
        return None


def _nodes(node: _Node, segments: list[str]) -> Iterator[_Node]:
    if not segments:
        yield node
        return
    first, rest = segments[0], segments[1:]
    if first in node.literal:
        yield from _nodes(node.literal[first], rest)
    if node.any is not None and first:
        yield from _nodes(node.any, rest)


def _segments(path: str) -> list[str]:
    return path.removeprefix("/").split("/")
