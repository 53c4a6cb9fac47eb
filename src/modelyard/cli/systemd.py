"""Speaking to systemd, of this user or of the machine."""

import shutil
import subprocess
from dataclasses import dataclass

_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Systemd:
    """``systemctl`` with or without ``--user``."""

    system: bool

    def command(self, *words: str) -> list[str]:
        """The command, as a person would type it."""
        return ["systemctl", *([] if self.system else ["--user"]), *words]

    def works(self) -> bool:
        """Whether a systemd listens here; containers and plain SSH sessions often have none."""
        return self.run("show", "--property=Version").returncode == 0

    def does(self, *words: str) -> bool:
        """Whether the command succeeded."""
        return self.run(*words).returncode == 0

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The command's outcome; code 127 where there is no systemctl."""
        command = self.command(*words)
        binary = shutil.which(command[0])
        if binary is None:
            return subprocess.CompletedProcess(command, 127, "", "systemctl is not installed")
        return subprocess.run(  # noqa: S603 - words of ours
            [binary, *command[1:]],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )
