"""Where the files of a revision lie; pure."""

from pathlib import Path


def revision_folder(home: Path, revision: str) -> Path:
    """Everything that is laid out for a revision."""
    return home / "services" / revision


def app_root(home: Path, revision: str) -> Path:
    """The worker's working folder: the source folder is laid out in it."""
    return revision_folder(home, revision) / "app"


def models_root(home: Path, revision: str) -> Path:
    """The folder ``azureml-models``: NAME/VERSION for each model."""
    return revision_folder(home, revision) / "models" / "azureml-models"


def model_folder(home: Path, revision: str, name: str, version: int) -> Path:
    """The files of one model."""
    return models_root(home, revision) / name / str(version)


def worker_log(logs: Path, revision: str, ending: str = "log") -> Path:
    """What the workers of a revision print, or what lies beside it; outlives its front."""
    return logs / "services" / f"{revision}.{ending}"


def worker_logs(logs: Path, revision: str, ending: str = "log") -> list[Path]:
    """
    What is there of them when nobody knows any more how many fronts the revision had; not empty.
    """
    one = worker_log(logs, revision, ending)
    found = one.parent.glob(f"{revision}.*.{ending}")
    several = (p for p in found if p.suffixes[0][1:].isdecimal())
    return sorted(several, key=lambda p: int(p.suffixes[0][1:])) or [one]


def front_log(logs: Path, revision: str) -> Path:
    """What the front itself prints."""
    return logs / f"{process_name(revision)}.log"


def process_name(revision: str) -> str:
    """The front's name under the supervisor."""
    return f"front-{revision}"


def revision_of(name: str) -> str:
    """The revision that a front's id, or a file named by one, belongs to."""
    return name.partition(".")[0]


def socket(sockets: Path, revision: str) -> Path:
    """Where a front serves HTTP."""
    return sockets / f"{revision}.sock"


def control_socket(sockets: Path, revision: str) -> Path:
    """Where a front takes commands."""
    return sockets / f"{revision}.ctl"
