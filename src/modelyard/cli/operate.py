"""backup, restore, gc: looking after a home."""

from typing import Annotated

import typer

from modelyard.cli.output import Json
from modelyard.cli.processes import run_part


def backup(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A .tar, or - for standard output.")],
    no_telemetry: Annotated[
        bool, typer.Option("--no-telemetry", help="Leave requests, logs and metrics out.")
    ] = False,
    no_data: Annotated[
        bool, typer.Option("--no-data", help="Leave collected inputs and outputs out.")
    ] = False,
) -> None:
    """
    Save everything while the server runs: the database, all files, telemetry, collected data and
    the keys.

    modelyard backup yard.tar

    modelyard backup --no-telemetry - | gzip > yard.tar.gz
    """
    flags = [name for name, on in (("--no-telemetry", no_telemetry), ("--no-data", no_data)) if on]
    run_part("backup", [*flags, "--", file])


def restore(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A backup, or - for standard input.")
    ],
    replace: Annotated[
        bool, typer.Option("--replace", help="Move what the home holds aside first.")
    ] = False,
) -> None:
    """Make an empty home what a backup says."""
    run_part("restore", [*(["--replace"] if replace else []), "--", file])


def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    older_than: Annotated[
        float, typer.Option("--older-than", metavar="DAYS", help="What is younger stays.")
    ] = 1.0,
    as_json: Json = False,
) -> None:
    """Remove files, environments, logs and folders that nothing refers to any more."""
    flags = [name for name, on in (("--dry-run", dry_run), ("--json", as_json)) if on]
    run_part("collect", [*flags, f"--older-than={older_than!r}"])
