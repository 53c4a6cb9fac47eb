"""
Several fronts of one revision: what each is told, and what they say together. Pure.

The rest of the system knows one front by the revision's id; its parts are ``ID.1``, ``ID.2``, …
"""

import heapq
from collections.abc import Sequence
from dataclasses import replace

from modelyard.domain.fronts import ASLEEP, WAKING, FrontSpec, FrontState, FrontStatus, paths_of

_WORST_LAST = (
    FrontState.DRAINING,
    FrontState.READY,
    FrontState.STARTING,
    FrontState.UNHEALTHY,
    FrontState.FAILED,
)


def parts(spec: FrontSpec) -> tuple[FrontSpec, ...]:
    """
    The specification of each front; of one alone it is the whole.

    Workers are divided, at least one each and the first ones get what is left over; so are the
    most workers. So are the limits, by the most workers that each may have: each front bounds its
    own, so that together they stay within the whole. The queue is divided evenly, because the
    gateway spreads requests evenly. None has a ledger: what one of them loses, the gateway would
    bring to another.
    """
    if spec.fronts == 1:
        return (spec,)
    count = spec.fronts
    workers = _divided(spec.workers, count)
    most = _divided(max(spec.workers, spec.max_workers or 0), count)
    shares = [own / sum(most) for own in most]
    return tuple(
        replace(
            spec,
            id=f"{spec.id}.{number}",
            socket=socket,
            control_socket=control,
            log_file=log,
            workers=own,
            max_workers=None if spec.max_workers is None else mine,
            queue_limit=-(-spec.queue_limit // count),
            cpu=None if spec.cpu is None else spec.cpu * share,
            memory=None if spec.memory is None else int(spec.memory * share),
            fronts=1,
            ledger="",
        )
        for number, (own, mine, share, socket, control, log) in enumerate(
            zip(
                workers,
                most,
                shares,
                paths_of(spec.socket, count),
                paths_of(spec.control_socket, count),
                paths_of(spec.log_file, count),
                strict=True,
            ),
            start=1,
        )
    )


def _divided(workers: int, count: int) -> list[int]:
    return [max(1, workers // count + (n < workers % count)) for n in range(count)]


def together(id: str, said: Sequence[FrontStatus]) -> FrontStatus:
    """What all fronts of a revision say, as if they were one."""
    if len(said) == 1:
        return replace(said[0], id=id)
    living = [status for status in said if status.state is not FrontState.GONE]
    first = (living or said)[0]
    return replace(
        first,
        id=id,
        state=_state(said, living),
        pid=next((status.pid for status in said if status.pid), 0),
        ready_workers=sum(status.ready_workers for status in said),
        workers=sum(status.workers for status in said),
        in_flight=sum(status.in_flight for status in said),
        queued=sum(status.queued for status in said),
        served=sum(status.served for status in said),
        restarts=sum(status.restarts for status in said),
        error=next((status.error for status in said if status.error is not None), None),
        swagger=any(status.swagger for status in said),
        notes=_notes(said),
        asleep=any(status.asleep for status in said),
    )


def _notes(said: Sequence[FrontStatus]) -> tuple[str, ...]:
    """Each once; that one of them sleeps is no news while another serves."""
    dropped = (ASLEEP, WAKING) if any(status.ready_workers for status in said) else ()
    notes = dict.fromkeys(note for status in said for note in status.notes)
    return tuple(note for note in notes if note not in dropped)


def _state(said: Sequence[FrontStatus], living: Sequence[FrontStatus]) -> FrontState:
    """
    The worst; GONE only when all are.

    One that does not drain yet must still be told to: they drain when all that live do.
    """
    if not living:
        return FrontState.GONE
    worst = max((status.state for status in living), key=_WORST_LAST.index)
    if worst is FrontState.READY and len(living) < len(said):
        return FrontState.UNHEALTHY
    return worst


def merged(logs: Sequence[Sequence[str]], lines: int) -> list[str]:
    """
    The last lines of several fronts' logs by their times, each with its front's number.

    A line is ``TIME [worker 1] text``; here it becomes ``TIME [worker 1 of front 2] text``.
    """
    if len(logs) == 1:
        return list(logs[0])
    marked = ([_marked(line, n) for line in log] for n, log in enumerate(logs, start=1))
    return list(heapq.merge(*marked, key=lambda line: line.partition(" ")[0]))[-lines:]


def _marked(line: str, number: int) -> str:
    time, opening, rest = line.partition(" [")
    name, closing, text = rest.partition("] ")
    if not closing:
        return line
    who = f"front {number}" if name == "front" else f"{name} of front {number}"
    return f"{time}{opening}{who}{closing}{text}"
