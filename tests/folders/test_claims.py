"""Claims: taken by a rename, found again after a crash, gone when done; and read safely."""

import errno
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.support import make_files, read_files
from hypothesis import example, given
from hypothesis import strategies as st

from watcher.folders.claims import Claims, claimed_name
from watcher.folders.inbox import Arrival

ANY_NAMES = st.sets(
    st.binary(min_size=1, max_size=255).filter(
        lambda name: not {0, ord("/")} & set(name) and name not in {b".", b".."}
    ),
    min_size=1,
    max_size=5,
)


def claims_of(inbox: Path) -> Claims:
    claims = Claims(inbox)
    claims.make()
    return claims


def arrived(inbox: Path, *names: str) -> list[Arrival]:
    return [Arrival(os.path.join(inbox, name), os.path.basename(name), 5.0) for name in names]  # noqa: PTH118, PTH119 - names as the inbox gives them


def test_taking_moves_a_file_where_nobody_else_looks(tmp_path: Path) -> None:
    make_files(tmp_path, {"a.png": b"a", "b.png": b"b"})
    claims = claims_of(tmp_path)
    [claim] = claims.take(arrived(tmp_path, "a.png"))
    assert (claim.name, claim.arrived) == ("a.png", 5.0)
    assert read_files(tmp_path) == {"b.png": b"b", os.path.relpath(claim.path, tmp_path): b"a"}
    assert Path(claim.path).is_relative_to(tmp_path / ".claimed")
    assert claims.path.stat().st_mode & 0o777 == 0o700
    assert Path(claim.path).read_bytes() == b"a"


def test_the_private_folder_is_made_once(tmp_path: Path) -> None:
    claims_of(tmp_path).take(arrived(tmp_path))
    claims_of(tmp_path)
    assert list(claims_of(tmp_path).left()) == []


def test_every_batch_has_a_folder_of_its_own(tmp_path: Path) -> None:
    claims = claims_of(tmp_path)
    tokens = set()
    for _ in range(50):
        make_files(tmp_path, {"scan.png": b""})
        tokens |= {claim.token for claim in claims.take(arrived(tmp_path, "scan.png"))}
    assert len(tokens) == 50
    assert len(read_files(tmp_path)) == 50


def test_batches_never_share_a_folder_though_the_clock_stands_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([7, 7, 7, 8])
    monkeypatch.setattr("time.time_ns", lambda: next(times))
    claims = claims_of(tmp_path)
    make_files(tmp_path, {"a": b"", "b": b""})
    [a], [b] = claims.take(arrived(tmp_path, "a")), claims.take(arrived(tmp_path, "b"))
    assert Path(a.path).parent != Path(b.path).parent


def test_of_two_of_one_name_one_stays_for_the_next_time(tmp_path: Path) -> None:
    make_files(tmp_path, {"x/scan.png": b"x", "y/scan.png": b"y", "z.png": b"z"})
    claims = claims_of(tmp_path)
    arrivals = arrived(tmp_path, "x/scan.png", "y/scan.png", "z.png")
    first = claims.take(arrivals)
    assert [Path(claim.path).read_bytes() for claim in first] == [b"x", b"z"]
    assert (tmp_path / "y" / "scan.png").read_bytes() == b"y"
    second = claims.take(arrivals)
    assert [Path(claim.path).read_bytes() for claim in second] == [b"y"]
    assert len({claim.token for claim in first + second}) == 3


def test_a_subfolder_that_became_a_link_gives_nothing_of_what_lies_elsewhere(tmp_path: Path) -> None:
    make_files(tmp_path / "elsewhere", {"a.png": b"not ours"})
    inbox = tmp_path / "inbox"
    make_files(inbox, {"sub/deep/b.png": b"ours"})
    claims = claims_of(inbox)
    arrivals = arrived(inbox, "sub/a.png", "sub/deep/b.png", "link/a.png", "link/deep/b.png")
    (inbox / "link").symlink_to(tmp_path / "elsewhere")
    refused: list[tuple[str, str]] = []
    taken = claims.take(arrivals, lambda arrival, why: refused.append((arrival.path, why)))
    assert [claim.name for claim in taken] == ["b.png"]
    link = inbox / "link"
    assert refused == [(str(link / "a.png"), f"it cannot be claimed: {link}: Not a directory")]
    assert read_files(tmp_path / "elsewhere") == {"a.png": b"not ours"}


def test_what_is_gone_is_not_claimed(tmp_path: Path) -> None:
    make_files(tmp_path, {"b.png": b"b"})
    claims = claims_of(tmp_path)
    assert [claim.name for claim in claims.take(arrived(tmp_path, "a.png", "b.png"))] == ["b.png"]
    assert claims.take(arrived(tmp_path, "a.png")) == []
    claims.close()
    assert len(list(claims.path.iterdir())) == 1


def test_what_the_system_does_not_let_go_is_left_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_files(tmp_path, {"a.png": b"a", "b.png": b"b"})
    rename = os.rename

    def sticky(source: str, goal: str) -> None:
        if source.endswith("a.png"):
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), source)
        rename(source, goal)

    monkeypatch.setattr(os, "rename", sticky)
    reported: list[tuple[str, str]] = []
    claims = claims_of(tmp_path)
    arrivals = arrived(tmp_path, "a.png", "b.png")
    [b] = claims.take(arrivals, lambda arrival, why: reported.append((arrival.name, why)))
    assert b.name == "b.png"
    assert reported == [("a.png", "it cannot be claimed: Operation not permitted")]
    assert (tmp_path / "a.png").read_bytes() == b"a"


def test_an_earlier_runs_claims_are_found_oldest_first_with_their_tokens(tmp_path: Path) -> None:
    claims = claims_of(tmp_path)
    taken = []
    for batch in (("b", "a"), ("c",), ("a",)):
        make_files(tmp_path, dict.fromkeys(batch, b""))
        taken.append({claim.token for claim in claims.take(arrived(tmp_path, *batch))})
    (claims.path / "0").mkdir()
    (claims.path / ".probe-x").touch()
    left = list(Claims(tmp_path).left())
    assert [claim.name for claim in left] == ["a", "b", "c", "a"]
    assert [{claim.token for claim in left[start:end]} for start, end in ((0, 2), (2, 3), (3, 4))] == taken
    assert not (claims.path / "0").exists()


def test_dropping_removes_the_files_and_then_their_folder(tmp_path: Path) -> None:
    make_files(tmp_path, {"a": b"", "b": b""})
    claims = claims_of(tmp_path)
    a, b = claims.take(arrived(tmp_path, "a", "b"))
    claims.drop([a.path])
    assert [claim.token for claim in claims.left()] == [b.token]
    claims.drop([a.path, b.path])
    claims.close()
    assert list(claims.path.iterdir()) == []
    claims.drop([a.path, b.path])


@pytest.mark.parametrize("clock", [itertools.repeat(7), itertools.count(7, -1), itertools.count(7)])
def test_one_folder_is_kept_for_the_next_batch_under_a_name_that_no_token_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Iterator[int]
) -> None:
    monkeypatch.setattr("time.time_ns", lambda: next(clock))
    claims = claims_of(tmp_path)
    tokens = []
    for _ in range(3):
        make_files(tmp_path, {"a": b"", "b": b""})
        taken = claims.take(arrived(tmp_path, "a")) + claims.take(arrived(tmp_path, "b"))
        tokens += [claim.token for claim in taken]
        claims.drop(claim.path for claim in taken)
        assert len(list(claims.path.iterdir())) == 1
    assert len(set(tokens)) == 6
    assert list(Claims(tmp_path).left()) == []  # after a crash: none is there any more
    assert list(claims.path.iterdir()) == []


def test_the_folder_that_is_kept_may_be_removed_by_somebody(tmp_path: Path) -> None:
    make_files(tmp_path, {"a": b"a", "b": b"b"})
    claims = claims_of(tmp_path)
    claims.drop(claim.path for claim in claims.take(arrived(tmp_path, "a")))
    [kept] = claims.path.iterdir()
    kept.rmdir()
    [b] = claims.take(arrived(tmp_path, "b"))
    assert Path(b.path).read_bytes() == b"b"
    claims.drop([b.path])
    claims.close()
    claims.close()
    assert list(claims.path.iterdir()) == []


@given(ANY_NAMES)
@example({b"\xff\xfe", b"%ff", b"a\nb", b"\xc3\xa4", b"a%2fb", b" ", b"x" * 255})
def test_names_may_hold_any_bytes(tmp_path_factory: pytest.TempPathFactory, raw: set[bytes]) -> None:
    inbox = tmp_path_factory.mktemp("inbox")
    names = sorted(map(os.fsdecode, raw))
    make_files(inbox, {name: os.fsencode(name) for name in names})
    claims = claims_of(inbox)
    taken = claims.take(arrived(inbox, *names))
    assert [claimed_name(claim.token) for claim in taken] == [claim.name for claim in taken] == names
    assert [Path(claim.path).read_bytes() for claim in taken] == [os.fsencode(name) for name in names]
    assert all(claim.token.isascii() and claim.token.isprintable() for claim in taken)
    left = list(claims.left())
    assert {(claim.token, claim.path, claim.name) for claim in left} == {
        (claim.token, claim.path, claim.name) for claim in taken
    }
    claims.drop(claim.path for claim in left)
    assert read_files(inbox) == {}


@pytest.mark.parametrize("error", [FileNotFoundError(), OSError(errno.EIO, "Input/output error")])
def test_a_rename_that_is_done_and_reported_as_failed_is_a_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    make_files(tmp_path, {"a.png": b"first", "sub/a.png": b"second"})
    claims, rename = claims_of(tmp_path), os.rename

    def done_and_failed(source: str, goal: str) -> None:
        monkeypatch.undo()
        rename(source, goal)
        raise error

    monkeypatch.setattr(os, "rename", done_and_failed)
    (claim,) = claims.take(arrived(tmp_path, "a.png", "sub/a.png"))
    assert Path(claim.path).read_bytes() == b"first"
    assert sorted(read_files(tmp_path).values()) == [b"first", b"second"]
