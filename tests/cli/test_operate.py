"""The commands backup, restore and gc, as a person types them."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.bootstrap.filled import filled, home


def run(place: Path, *arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "modelyard", *arguments],
        env={**os.environ, "MODELYARD_HOME": str(place)},
        capture_output=True,
        text=True,
        **more,  # type: ignore[call-overload]
    )


def test_saved_restored_and_tidied_by_three_commands(tmp_path: Path) -> None:
    filled(home(tmp_path / "old")).close()

    saved = run(tmp_path / "old", "backup", "yard.tar", cwd=tmp_path)
    restored = run(tmp_path / "new", "restore", "yard.tar", cwd=tmp_path)
    tidied = run(tmp_path / "new", "gc", "--dry-run", "--json", "--older-than", "2.5")

    assert saved.returncode == 0, saved.stderr
    assert f"The backup is in {tmp_path / 'yard.tar'}" in saved.stderr
    assert restored.returncode == 0, restored.stderr
    assert "Start it: modelyard up" in restored.stderr
    assert tidied.returncode == 0, tidied.stderr
    assert all(line["count"] == 0 for line in json.loads(tidied.stdout))


def test_an_error_is_one_sentence_and_an_exit_code(tmp_path: Path) -> None:
    filled(home(tmp_path / "old")).close()
    run(tmp_path / "old", "backup", str(tmp_path / "yard.tar"))

    refused = run(tmp_path / "old", "restore", str(tmp_path / "yard.tar"))
    missing = run(tmp_path / "new", "restore", str(tmp_path / "none.tar"))
    nowhere = run(tmp_path / "none", "gc")

    assert refused.returncode == 1
    assert "--replace" in refused.stderr
    assert missing.returncode == 3
    assert nowhere.returncode == 3
    for done in (refused, missing, nowhere):
        assert "Traceback" not in done.stderr
        assert done.stdout == ""


def test_replacing_says_where_the_old_home_is(tmp_path: Path) -> None:
    filled(home(tmp_path / "old")).close()
    run(tmp_path / "old", "backup", str(tmp_path / "yard.tar"))

    done = run(tmp_path / "old", "restore", "--replace", str(tmp_path / "yard.tar"))

    assert done.returncode == 0, done.stderr
    assert "What was there before is kept" in done.stderr
