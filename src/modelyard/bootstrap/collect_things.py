"""Garbage among folders: environments, revisions, logs, copies of the worker."""

import json
import shutil
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path

from modelyard.bootstrap.waiting import complain
from modelyard.domain.clock import utc
from modelyard.domain.environments import EnvironmentDefinition
from modelyard.domain.errors import ModelyardError
from modelyard.domain.jobs import JobFolder
from modelyard.environments.inspection import bytes_freed
from modelyard.environments.uv_builder import UvBuilder
from modelyard.settings import Settings
from modelyard.stores.contents import value_of
from modelyard.stores.sql import references
from modelyard.stores.sql.database import Database
from modelyard.stores.sql.tables import revisions
from modelyard.supervisor import files
from modelyard.targets.local.layout import process_name, revision_of
from modelyard.targets.local.runtime import digest_of, installed_package
from modelyard.usecases.collect import Kind, Removed, Thing, garbage

_FRONT = process_name("")


def collect_things(
    settings: Settings, database: Database, before: float, *, pretend: bool
) -> list[Removed]:
    """Remove what nothing uses and what was last touched before."""
    things = [*_revision_folders(settings), *_logs(settings), *_runtimes(settings)]
    # what is used is asked after what is there: a new thing is written down before it is made
    known = _revisions(settings, database)
    used = {Kind.REVISIONS: known, Kind.LOGS: known, Kind.RUNTIMES: _runtimes_in_use(settings)}
    doomed = garbage(things, used, before)
    if not pretend:
        for thing in doomed:
            _remove(Path(thing.place))
    kinds = (Kind.REVISIONS, Kind.LOGS, Kind.RUNTIMES)
    return [
        _environments(settings, database, before, pretend=pretend),
        *(_line(kind, [t.size for t in doomed if t.kind is kind]) for kind in kinds),
    ]


def _environments(
    settings: Settings, database: Database, before: float, *, pretend: bool
) -> Removed:
    """Built environments; a folder that other homes may share is left alone."""
    folder = settings.environments_dir
    if not folder.is_relative_to(settings.home):
        complain(f"The environments in {folder} may serve other homes, too: they stay.")
        return Removed(Kind.ENVIRONMENTS, 0, 0)
    builder = UvBuilder(folder, settings.logs / "builds")
    built = (folder / digest for digest in builder.digests())
    things = [thing for path in built for thing in _thing(Kind.ENVIRONMENTS, path.name, path)]
    with database.read() as connection:
        used = references.recipes_in_use(connection)
        used |= references.builds_since(connection, utc(before))
        registered = references.environment_definitions(connection)
    doomed = garbage(things, {Kind.ENVIRONMENTS: used}, before)
    if doomed:  # only now, because resolving looks at the machine's interpreters
        used = _recipes(builder, [value_of(d, EnvironmentDefinition) for d in registered])
        doomed = garbage(doomed, {Kind.ENVIRONMENTS: used}, before)
    sizes = [thing.size if pretend else builder.remove(thing.name) for thing in doomed]
    return _line(Kind.ENVIRONMENTS, sizes)


def _recipes(builder: UvBuilder, definitions: list[EnvironmentDefinition]) -> set[str]:
    found = set()
    for definition in definitions:
        try:
            found.add(builder.resolve(definition).digest)
        except ModelyardError:
            continue  # it cannot be built any more, so nothing was built from it
    return found


def _revision_folders(settings: Settings) -> Iterator[Thing]:
    for path in _inside(settings.home / "services"):
        yield from _thing(Kind.REVISIONS, path.name, path)


def _logs(settings: Settings) -> Iterator[Thing]:
    """
    ``ID.log`` and ``front-ID.log`` with their rotated ones, ``….log.1``; of several fronts
    ``ID.1.log`` and so on.
    """
    for path in _inside(settings.logs / "services"):
        yield from _thing(Kind.LOGS, revision_of(path.name), path)
    for path in settings.logs.glob(f"{_FRONT}*.log*"):
        yield from _thing(Kind.LOGS, revision_of(path.name.removeprefix(_FRONT)), path)


def _runtimes(settings: Settings) -> Iterator[Thing]:
    for path in _inside(settings.home / "runtime"):
        yield from _thing(Kind.RUNTIMES, path.name, path)


def _revisions(settings: Settings, database: Database) -> AbstractSet[str]:
    """Those in the database and those whose fronts are asked for."""
    names = files.read_desired(settings.run).processes
    asked = {revision_of(n.removeprefix(_FRONT)) for n in names if n.startswith(_FRONT)}
    with database.read() as connection:
        return asked | references.ids(connection, revisions, "id")


def _runtimes_in_use(settings: Settings) -> AbstractSet[str]:
    """
    Those of fronts and jobs, and the one that the next front will get.

    That is this release's, or the newest, when the server that runs was installed elsewhere.
    """
    newest = sorted(_inside(settings.home / "runtime"), key=lambda path: path.lstat().st_mtime)
    ours = {digest_of(installed_package()), *(path.name for path in newest[-1:])}
    jobs = [JobFolder(path).spec for path in _inside(settings.home / "jobs")]
    return ours | {
        Path(_runtime(spec)).name for spec in (*_inside(settings.run / "fronts"), *jobs)
    }


def _runtime(spec: Path) -> str:
    try:
        return str(json.loads(spec.read_bytes()).get("runtime"))
    except (OSError, ValueError, AttributeError):
        return ""


def _line(kind: Kind, sizes: list[int]) -> Removed:
    return Removed(kind, len(sizes), sum(sizes))


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _thing(kind: Kind, name: str, path: Path) -> Iterator[Thing]:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return  # it has gone since
    size = bytes_freed(path) if path.is_dir() else status.st_size
    yield Thing(kind, name, str(path), size, status.st_mtime)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
