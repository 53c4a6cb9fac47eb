"""query: telemetry asked in SQL or KQL."""

import csv
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from modelyard.cli.choose import running_server
from modelyard.cli.option_groups import grouped_options
from modelyard.cli.output import Column, Json, print_json, remark, say, show_all
from modelyard.domain.errors import BadInput, Unavailable
from modelyard.sdk.client import Client, path
from modelyard.sdk.telemetry import BASE
from modelyard.sdk.telemetry_result import QueryResult
from modelyard.wire import telemetry as wire
from modelyard.wire.workspaces import Workspace

Text = Annotated[
    str | None,
    typer.Argument(
        metavar="QUERY", help="SQL or KQL; @FILE reads it from a file, - from standard input."
    ),
]
Kql = Annotated[
    bool,
    typer.Option(
        "--kql", help="It is KQL (known by itself where it begins 'TABLE |', let, union)."
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--parameter", "-p", help="VALUE for the next ?, or NAME=VALUE for $NAME; repeatable."
    ),
]
Since = Annotated[str | None, typer.Option(help="Only what is newer: 30m, 12h, 7d, or a time.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="Rows at most.")]
Timeout = Annotated[float | None, typer.Option(help="Seconds at most; 30 by default.")]
Saved = Annotated[str | None, typer.Option(help="Run the query saved under a name.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, and how; None is the server's default."""

    text: Text = None
    kql: Kql = False
    parameter: Parameters = None
    since: Since = None
    limit: Limit = 1000
    timeout: Timeout = None
    saved: Saved = None

    @property
    def language(self) -> str | None:
        """None where the server is to know it by itself."""
        return "kql" if self.kql else None

    def query(self, ws: str | None) -> wire.Query:
        """As the server takes it. Raises ``BadInput``."""
        return wire.Query(
            query=None if self.text is None else _text(self.text),
            saved=self.saved,
            parameters=_parameters(self.parameter or []),
            language=self.language,
            timeout=self.timeout,
            limit=self.limit,
            since=self.since,
            workspace=ws,
        )


@grouped_options(asked=Asked)
def query(
    asked: Asked,
    save: Annotated[
        str | None, typer.Option(help="Save the query under a name instead of running it.")
    ] = None,
    tables: Annotated[
        bool, typer.Option("--tables", help="List the tables; with a name as QUERY its columns.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: Json = False,
    ws: Annotated[
        str | None, typer.Option("--workspace", "-w", help="Only rows of this workspace.")
    ] = None,
) -> None:
    """
    Ask for requests, logs and metrics in SQL or KQL.

    modelyard query "SELECT * FROM requests WHERE NOT success ORDER BY timestamp DESC LIMIT 5"

    modelyard query "requests | summarize percentile(duration, 95) by bin(timestamp, 1m)"
    """
    client = running_server()
    if tables:
        _tables(list(client.items(f"{BASE}/tables", wire.TableInfo)), asked.text, as_json)
        return
    if (asked.text is None) == (asked.saved is None):
        raise BadInput(
            'Say what to ask: modelyard query "SELECT …", or --saved NAME. What there is: '
            "modelyard query --tables"
        )
    if save is not None:
        _save(client, save, asked)
        return
    answer = client.send("POST", f"{BASE}/query", asked.query(ws), wire.QueryResult)
    if ws and not answer.rows:
        # a workspace that is not there has no rows either: that is what to say then
        with suppress(Unavailable):
            client.get(path("workspaces", ws), Workspace)
    _show(QueryResult(answer), as_json, as_csv)


def _save(client: Client, name: str, asked: Asked) -> None:
    wanted = wire.SavedQueryRequest(query=_text(asked.text or ""), language=asked.language)
    client.send("PUT", BASE + path("saved", name), wanted, wire.SavedQuery)
    say(f"Saved. Run it: modelyard query --saved {name}")


def _show(result: QueryResult, as_json: bool, as_csv: bool) -> None:
    if as_json:
        print_json(result.rows)
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(result.columns)
        writer.writerows([_plain(row[name]) for name in result.columns] for row in result.rows)
    else:
        columns: list[Column] = [(name, _getter(name)) for name in result.columns]
        show_all(result.rows, False, columns, "No rows.", verbatim=True)
    if result.truncated:
        remark(f"There are more than these {len(result)} rows. --limit shows more of them.")


def _getter(name: str) -> Any:
    def get(row: dict[str, Any]) -> Any:
        value = row[name]
        return f"{value:.6g}" if isinstance(value, float) else _plain(value, str)

    return get


def _plain(value: Any, other: Any = None) -> Any:
    """Nested values as JSON; times as they are, in UTC."""
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    if hasattr(value, "isoformat"):
        return value.isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00")
    if value is None:
        return ""
    return other(value) if other else value


def _tables(found: list[wire.TableInfo], name: str | None, as_json: bool) -> None:
    if name is None:
        show_all(found, as_json, ["name", "kind", "about"], "No tables.")
        return
    table = next((t for t in found if t.name.lower() == name.lower()), None)
    if table is None:
        raise BadInput(
            f"There is no table {name!r}. The tables: {', '.join(t.name for t in found)}."
        )
    if as_json:
        print_json(table)
        return
    say(table.about + "\n")
    show_all(table.columns, False, ["name", "type", "about"], "No columns.")


def _text(text: str) -> str:
    if text == "-":
        return sys.stdin.read()
    if text.startswith("@"):
        try:
            return Path(text[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"{text[1:]!r} cannot be read: {error}.") from error
    return text


def _parameters(texts: list[str]) -> list[Any] | dict[str, Any] | None:
    named = [text.partition("=") for text in texts]
    names = [name for name, sign, _ in named if sign and name.isidentifier()]
    if names and len(names) != len(texts):
        raise BadInput("Give all parameters by place (-p VALUE) or all by name (-p NAME=VALUE).")
    if names:
        return {name: _value(value) for name, _, value in named}
    return [_value(text) for text in texts] or None


def _value(text: str) -> Any:
    """A number where it is one, else the text."""
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    return found if isinstance(found, int | float) else text
