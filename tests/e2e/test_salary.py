"""The tutorial's script, unchanged, from its first line to its curl."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split

from tests.e2e.harness import Yard, yard

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "salary"
GIVEN = ROOT.parent / "shared" / "data" / "salary.csv"


def fitted(rows: list[tuple[float, float]], at: float) -> float:
    """The least-squares line through the tutorial's three quarters of the rows, at one place."""
    x, y = [[row[0]] for row in rows], [row[1] for row in rows]
    x_train, _, y_train, _ = train_test_split(x, y, test_size=0.25, random_state=10)
    return float(LinearRegression().fit(x_train, y_train).predict([[at]])[0])


def run_tutorial(server: Yard, folder: Path) -> float:
    """Run the script and call its service with curl; the salary at 21 years."""
    for name in ("salary.py", "score.py", "clean_up.py"):
        shutil.copy(EXAMPLE / name, folder)
    done = server.run(sys.executable, "-m", "modelyard.azureml", "salary.py", cwd=folder)
    assert "Registering model sal_model" in done.stdout
    assert "scikit-learn" in done.stdout
    address = done.stdout.strip().splitlines()[-1]
    assert address == f"{server.url}/serve/salary/salary-svc/score"
    curl = ["curl", "-s", "-d", '{"data": [[21]]}', address]
    answer = subprocess.run(curl, capture_output=True, text=True, check=True).stdout
    # the tutorial's score.py encodes twice: the body is a JSON string that holds a JSON list
    return float(json.loads(json.loads(answer))[0])


def test_the_tutorial_runs_unchanged_on_the_examples_own_table(tmp_path: Path) -> None:
    with yard(tmp_path) as server:
        work = tmp_path / "work"
        work.mkdir()
        server.run(sys.executable, str(EXAMPLE / "make_data.py"), cwd=work)

        salary = run_tutorial(server, work)

        with (work / "data" / "sal.csv").open() as file:
            rows = [(float(r["x"]), float(r["y"])) for r in csv.DictReader(file)]
        assert salary == pytest.approx(fitted(rows, 21), abs=1e-6)
        server.run(sys.executable, "-m", "modelyard.azureml", "clean_up.py", cwd=work)


@pytest.mark.skipif(not GIVEN.exists(), reason=f"the tutorial's own table is not at {GIVEN}")
def test_the_tutorials_own_table_gives_its_published_salary(tmp_path: Path) -> None:
    with yard(tmp_path) as server:
        work = tmp_path / "work"
        (work / "data").mkdir(parents=True)
        shutil.copy(GIVEN, work / "data" / "sal.csv")

        salary = run_tutorial(server, work)

        assert salary == pytest.approx(141760.569, abs=1e-3)
