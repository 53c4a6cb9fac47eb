"""Write data/sal.csv: years of experience and salary, a line with a little noise on it."""

import csv
from pathlib import Path

NOISE = [0, 35, -20, 15, 40, -45, 10, -5, 25, -30, 5]


def rows() -> list[tuple[int, int]]:
    """21 rows (years, salary): 40,000 to begin with, 2,150 more each year, and some noise."""
    return [(years, 40_000 + 2_150 * years + NOISE[years % len(NOISE)]) for years in range(21)]


def main() -> None:
    folder = Path("data")
    folder.mkdir(exist_ok=True)
    with (folder / "sal.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["x", "y"])
        writer.writerows(rows())


if __name__ == "__main__":
    main()
