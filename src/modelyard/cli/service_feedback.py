"""service feedback: tell a service what became of its requests."""

import csv
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TextIO

import msgspec
import typer

from modelyard.cli.choose import WorkspaceOption, running_server, workspace
from modelyard.cli.deployments import Name, find
from modelyard.cli.output import Json, print_json, remark, say
from modelyard.domain.errors import BadInput, Unavailable
from modelyard.sdk.feedback import by_token, send_all
from modelyard.wire.rollouts import FeedbackResult, Outcome

COLUMNS = ("request_id", "metric", "value", "time")
_SHOWN = 10


def feedback(
    name: Name,
    request_id: Annotated[
        str | None, typer.Argument(help="The answer's header x-ms-request-id.")
    ] = None,
    metric: Annotated[str | None, typer.Argument(help="What is told, like sales.")] = None,
    value: Annotated[
        str | None, typer.Argument(help="A number, or true or false; after -- if it is under 0.")
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--file",
            help="Outcomes in CSV (with the names request_id,metric,value[,time] in its first "
            "line) or JSON lines; - reads JSON lines from standard input.",
        ),
    ] = None,
    ws: WorkspaceOption = None,
    as_json: Json = False,
) -> None:
    """
    Tell what became of requests: one, or all in a file; late ones too.

    The same outcome twice counts once; of two different values the first stays.
    """
    given = [v for v in (request_id, metric, value) if v is not None]
    if bool(file) == bool(given) or (given and len(given) < 3):
        raise BadInput("Say either REQUEST_ID METRIC VALUE, or --file with many of them.")
    client = running_server()
    space = workspace(client, ws)
    send = by_token(client, space, name)
    if file:
        with _opened(file) as lines:
            found = send_all(send, _read(lines, file))
    else:
        values = dict(zip(COLUMNS, given, strict=False))
        found = send_all(send, [_outcome(values, "VALUE" if value else "")])
    if not found.accepted + found.repeated + found.conflicting:
        # of a service that is not there nobody knows a request: that is what to say then
        with suppress(Unavailable):
            find(client, space, name)
    _tell(found, as_json=as_json)


def _tell(found: FeedbackResult, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    say(
        f"{found.accepted:,} accepted, {found.repeated:,} known already, "
        f"{found.conflicting:,} in conflict, {found.unknown:,} of unknown requests."
    )
    if found.conflicting:
        remark("What was told first stays, where another value came now.")
    if found.unknown:
        ids = ", ".join(found.unknown_ids[:_SHOWN])
        more = ", …" if found.unknown > _SHOWN else ""
        remark(f"Nobody knows these requests yet ({ids}{more}); they are waited for for a day.")


@contextmanager
def _opened(file: str) -> Iterator[TextIO]:
    if file == "-":
        yield sys.stdin
        return
    try:
        with Path(file).open(encoding="utf-8-sig", newline="") as lines:
            yield lines
    except OSError as error:
        raise BadInput(f"{file!r} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{file!r} is no text in UTF-8: {error}.") from error


def _read(lines: TextIO, file: str) -> Iterator[Outcome]:
    if file.lower().endswith(".csv"):
        yield from _read_csv(lines, file)
        return
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            values = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise BadInput(f"{file}, line {number} is no JSON: {error}.") from error
        if not isinstance(values, dict):
            raise BadInput(f"{file}, line {number} is no object with {', '.join(COLUMNS[:3])}.")
        yield _outcome(values, f"{file}, line {number}")


def _read_csv(lines: TextIO, file: str) -> Iterator[Outcome]:
    rows = csv.DictReader(lines)
    present = [column.strip() for column in rows.fieldnames or ()]
    if missing := [column for column in COLUMNS[:3] if column not in present]:
        raise BadInput(f"{file} lacks in its first line: {', '.join(missing)}.")
    rows.fieldnames = present
    try:
        for row in rows:
            values = {column: row[column] for column in COLUMNS if row.get(column)}
            yield _outcome(values, f"{file}, line {rows.line_num}")
    except csv.Error as error:
        raise BadInput(f"{file}, line {rows.line_num} is no CSV: {error}.") from error


def _outcome(values: dict[str, Any], where: str) -> Outcome:
    told = dict(values)
    if isinstance(value := told.get("value"), str):
        told["value"] = _value(value.strip(), where)
    if isinstance(moment := told.get("time"), str):
        told["time"] = _moment(moment.strip(), where)
    try:
        return msgspec.convert(told, Outcome)
    except msgspec.ValidationError as error:
        raise BadInput(f"{where}: {error}." if where else str(error)) from error


def _value(text: str, where: str) -> float | bool:
    if text.lower() in {"true", "yes", "false", "no"}:
        return text.lower() in {"true", "yes"}
    try:
        number = float(text)
    except ValueError:
        raise BadInput(f"{where}: {text!r} is no number, and neither true nor false.") from None
    if not math.isfinite(number):
        raise BadInput(f"{where}: {text!r} is no finite number.")
    return number


def _moment(text: str, where: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{where}: {text!r} is no time like 2026-11-22T12:00:00+01:00.") from None
    return moment.astimezone() if moment.tzinfo is None else moment
