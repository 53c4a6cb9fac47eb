"""Files: in pieces, resumed, verified, fetched in part."""

import gzip
from typing import Any

import httpx
import pytest

from tests.api.conftest import Caller
from tests.usecases.yard import Yard, sha, tar_of

DATA = bytes(range(256)) * 40
DIGEST = sha(DATA)
TAR = {"Content-Type": "application/x-tar"}


def put(caller: Caller, data: bytes, offset: int = 0, length: int | None = None) -> Any:
    headers = {"Upload-Offset": str(offset)}
    if length is not None:
        headers["Upload-Length"] = str(length)
    return caller("PUT", f"/blobs/{DIGEST}", content=data, headers=headers)


def test_a_file_goes_up_in_pieces_and_comes_back(contributor: Caller) -> None:
    assert contributor("HEAD", f"/blobs/{DIGEST}").headers["Upload-Offset"] == "0"

    first = put(contributor, DATA[:5000], 0, len(DATA))
    assert first.json() == {"sha256": DIGEST, "offset": 5000, "complete": False}
    stands = contributor("HEAD", f"/blobs/{DIGEST}")
    assert (stands.status_code, stands.headers["Upload-Offset"]) == (404, "5000")
    last = put(contributor, DATA[5000:], 5000, len(DATA))

    assert last.json() == {"sha256": DIGEST, "offset": len(DATA), "complete": True}
    assert contributor("HEAD", f"/blobs/{DIGEST}").status_code == 200
    answer = contributor("GET", f"/blobs/{DIGEST}")
    assert answer.content == DATA
    assert answer.headers["Content-Length"] == str(len(DATA))


def test_sending_again_what_is_there_changes_nothing(contributor: Caller) -> None:
    put(contributor, DATA)

    assert put(contributor, DATA).json()["complete"] is True
    assert put(contributor, DATA[:10], 0, len(DATA)).json()["complete"] is True


def test_an_empty_file_is_a_file(contributor: Caller) -> None:
    empty = sha(b"")

    assert contributor("PUT", f"/blobs/{empty}", content=b"").json()["complete"] is True
    assert contributor("GET", f"/blobs/{empty}").content == b""


def test_a_wrong_offset_is_a_conflict_that_says_where_to_go_on(contributor: Caller) -> None:
    put(contributor, DATA[:100], 0, len(DATA))

    answer = put(contributor, DATA[50:], 50, len(DATA))

    assert answer.status_code == 409
    assert answer.json()["details"]["offset"] == 100


def test_other_bytes_than_the_digest_says_are_refused_and_forgotten(contributor: Caller) -> None:
    answer = put(contributor, DATA[:-1] + b"!")

    assert answer.status_code == 400
    assert contributor("HEAD", f"/blobs/{DIGEST}").headers["Upload-Offset"] == "0"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Offset": "-1"}, 400),
        ({"Upload-Offset": "x"}, 400),
        ({"Upload-Length": "1e9"}, 400),
        ({"Upload-Offset": "9", "Upload-Length": "5"}, 400),
        ({"Upload-Length": "5"}, 400),
        ({"Upload-Length": str(10**12)}, 413),
    ],
)
def test_headers_that_cannot_be_are_refused(
    contributor: Caller, headers: dict[str, str], status: int
) -> None:
    answer = contributor("PUT", f"/blobs/{DIGEST}", content=DATA, headers=headers)

    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("range_", "status", "expected"),
    [
        ("bytes=0-9", 206, DATA[:10]),
        ("bytes=10000-", 206, DATA[10000:]),
        ("bytes=-5", 206, DATA[-5:]),
        ("bytes=5-999999", 206, DATA[5:]),
        ("bytes=-", 200, DATA),
        ("bytes=9-5", 200, DATA),
        ("bytes=0-1,5-6", 200, DATA),
        ("rows=1-2", 200, DATA),
        ("bytes=10240-", 416, None),
    ],
)
def test_a_range_is_honoured(
    contributor: Caller, range_: str, status: int, expected: bytes | None
) -> None:
    put(contributor, DATA)

    answer: httpx.Response = contributor("GET", f"/blobs/{DIGEST}", headers={"Range": range_})

    assert answer.status_code == status
    if expected is not None:
        assert answer.content == expected


def test_small_files_travel_together(contributor: Caller) -> None:
    files = {sha(bytes([n])): bytes([n]) for n in range(5)}
    pack = gzip.compress(tar_of(files))

    answer = contributor("POST", "/blobs/pack", content=pack, headers=TAR)

    assert answer.json() == {"stored": 5}
    asked = {"digests": [*files, DIGEST]}
    missing = contributor("POST", "/blobs/missing", json=asked).json()["missing"]
    assert missing == [DIGEST]


def test_a_pack_over_the_limit_is_refused(contributor: Caller, yard: Yard) -> None:
    pack = tar_of({sha(b""): bytes(yard.settings.max_upload)})

    assert contributor("POST", "/blobs/pack", content=pack, headers=TAR).status_code == 413


def test_a_folder_goes_up_as_a_tar_or_as_a_manifest(contributor: Caller) -> None:
    by_tar = contributor("POST", "/snapshots", content=tar_of({"a.py": "x"}), headers=TAR)
    manifest = {"files": [{"path": "a.py", "sha256": sha(b"x"), "size": 1}]}
    by_json = contributor("POST", "/snapshots", json=manifest)

    assert by_tar.status_code == by_json.status_code == 201
    assert by_tar.json() == by_json.json()
    digest = by_tar.json()["digest"]
    assert contributor("GET", f"/snapshots/{digest}").json() == by_tar.json()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", ""),
        (b'{"files": [{"path": "a"}]}', "sha256"),
        (b'{"files": [], "color": 1}', "color"),
        (b'{"files": [{"path": "../a", "sha256": "%s", "size": 1}]}' % (b"0" * 64), "'../a'"),
        (b'{"files": [{"path": "a", "sha256": "%s", "size": -1}]}' % (b"0" * 64), "size"),
        (b'{"files": [{"path": "a", "sha256": "%s", "size": 1}]}' % (b"0" * 64), "uploaded"),
        (b'{"files": [], "single": true}', "one file"),
    ],
)
def test_a_manifest_that_cannot_be_is_refused(
    contributor: Caller, body: bytes, words: str
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = contributor("POST", "/snapshots", content=body, headers=headers)

    assert answer.status_code == 400
    assert words in answer.json()["message"]


def test_a_tar_with_a_way_out_is_refused(contributor: Caller) -> None:
    answer = contributor("POST", "/snapshots", content=tar_of({"../x": "x"}), headers=TAR)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_archive")


def test_nothing_is_left_of_what_was_spooled(contributor: Caller, yard: Yard) -> None:
    contributor("POST", "/snapshots", content=tar_of({"a.py": "x"}), headers=TAR)
    contributor("POST", "/snapshots", content=b"nonsense", headers=TAR)

    assert list(yard.cases.spool_folder.iterdir()) == []
