from pathlib import Path

import psutil

from modelyard.targets.local.capacity import capacity

GIB = 1024**3


def put(mount: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = mount / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")


def test_without_cgroups_the_hardware_counts(tmp_path: Path) -> None:
    cores, memory = capacity("", tmp_path)

    assert cores >= 1
    assert memory == psutil.virtual_memory().total


def test_limits_of_version_2_count_also_from_above(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "a/b/cpu.max": "max 100000",
            "a/b/memory.max": "max",
            "a/cpu.max": "50000 100000",
            "a/memory.max": str(GIB // 4),
        },
    )

    assert capacity("0::/a/b\n", tmp_path) == (0.5, GIB // 4)


def test_limits_of_version_1_count(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "cpu/x/cpu.cfs_quota_us": "25000",
            "cpu/x/cpu.cfs_period_us": "100000",
            "memory/memory.limit_in_bytes": str(GIB // 8),
        },
    )

    assert capacity("4:memory:/host/path\n1:cpu,cpuacct:/x\n", tmp_path) == (0.25, GIB // 8)


def test_unlimited_and_unreadable_are_no_limits(tmp_path: Path) -> None:
    put(
        tmp_path,
        {
            "cpu/cpu.cfs_quota_us": "-1",
            "cpu/cpu.cfs_period_us": "100000",
            "memory/memory.limit_in_bytes": "9223372036854771712",
        },
    )

    assert capacity("4:memory:/\n1:cpu:/\n", tmp_path) == capacity("", tmp_path)


def test_this_machine_says_something() -> None:
    cores, memory = capacity()

    assert 0 < cores <= 4096
    assert memory > 64 * 1024**2
