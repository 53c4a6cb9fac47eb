"""``python -m modelyard.bootstrap.collect``: remove what nothing refers to any more."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from modelyard import settings as settings_
from modelyard.bootstrap.backup import open_database
from modelyard.bootstrap.clock import SystemClock
from modelyard.bootstrap.collect_files import collect_files
from modelyard.bootstrap.collect_things import collect_things
from modelyard.bootstrap.gc_lock import files_may_go
from modelyard.bootstrap.waiting import complain, say
from modelyard.domain.errors import ModelyardError, NotFound
from modelyard.sdk.progress import human
from modelyard.settings import Settings
from modelyard.stores.blobs import FileBlobStore
from modelyard.stores.sql import dumps
from modelyard.supervisor import files
from modelyard.usecases.collect import GRACE_DAYS, Removed, checked_age, table


def collect(settings: Settings, days: float, *, pretend: bool) -> list[Removed]:
    """
    Remove garbage last touched so many days ago; what was (with ``pretend``: would be) removed.

    The server may run meanwhile. Raises NotFound, Conflict, BadInput.
    """
    running = bool(files.supervisor(settings.run) or files.running(settings.run))
    age = checked_age(days, running=running)
    database = open_database(settings)
    try:
        with files_may_go(settings.run):
            with database.read() as connection:
                dumps.check_schema(connection)
            before = (SystemClock().now() - age).timestamp()
            blobs = FileBlobStore(settings.home)
            return [
                *collect_files(database, blobs, before, pretend=pretend),
                *collect_things(settings, database, before, pretend=pretend),
            ]
    finally:
        database.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; errors are one sentence on stderr."""
    parser = argparse.ArgumentParser(prog="modelyard gc", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="only say what would go")
    parser.add_argument(
        "--older-than", type=float, default=GRACE_DAYS, metavar="DAYS", help="(default 1)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    asked = parser.parse_args(arguments)
    try:
        removed = collect(settings_.read(), asked.older_than, pretend=asked.dry_run)
    except ModelyardError as error:
        complain(error.message)
        return 3 if isinstance(error, NotFound) else 1
    except KeyboardInterrupt:
        complain("Interrupted; what was removed so far was not in use.")
        return 130
    if asked.json:
        say(json.dumps([asdict(line) for line in removed], indent=2))
    else:
        _show(removed, pretend=asked.dry_run)
    return 0


def _show(removed: Sequence[Removed], *, pretend: bool) -> None:
    say(table(removed, {line.size: human(line.size) for line in removed}))
    total = human(sum(line.size for line in removed))
    say(f"{total} would be freed." if pretend else f"{total} are free again.")


if __name__ == "__main__":
    sys.exit(main())
