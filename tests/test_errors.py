"""Of a call that was refused, the path that has to change is found, with real files and a real user."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from watcher.errors import to_change

NOBODY = 65534
TRY = """
import os, sys
from watcher.errors import to_change
os.chdir("/")
try:
    if os.geteuid() == 0:
        os.setgroups([]); os.setgid({nobody}); os.setuid({nobody})
    {call}
except OSError as error:
    print(to_change(error))
"""


def refused(call: str, folder: Path, repository: Path = Path(__file__).parents[1]) -> Path:
    """What has to change for a call, made as a user without special rights; relative to the folder."""
    code = TRY.format(nobody=NOBODY, call=call.replace("@", f"{folder}/"))
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=True
    ).stdout
    return Path(said.strip()).relative_to(folder)


@pytest.fixture
def tree() -> Iterator[Path]:
    """Folders and files of a user without rights, in a folder that this user can enter."""
    with TemporaryDirectory() as made:
        root = Path(made)
        for folder in ("from", "to", "closed/in"):
            (root / folder).mkdir(parents=True)
        for file in ("from/a", "to/taken"):
            (root / file).touch()
        if os.geteuid() == 0:
            for path in [root, *root.rglob("*")]:
                os.chown(path, NOBODY, NOBODY)
        yield root
        for folder in ("from", "to", "closed"):
            (root / folder).chmod(0o755)


LINK, RENAME = "os.link('@from/a', '@{}')", "os.rename('@from/a', '@{}')"


@pytest.mark.parametrize(
    ("closed", "call", "expected"),
    [
        ("to", LINK.format("to/a"), "to"),
        ("to", RENAME.format("to/a"), "to"),
        ("from", RENAME.format("to/a"), "from"),
        ("to", "os.mkdir('@to/new')", "to"),
        ("to", "open('@to/new', 'x')", "to"),
        ("to", "os.unlink('@to/taken')", "to"),
        ("from/a", "open('@from/a', 'a')", "from/a"),
    ],
)
def test_a_folder_that_must_not_be_written_is_named(
    tree: Path, closed: str, call: str, expected: str
) -> None:
    (tree / closed).chmod(0o555)
    assert refused(call, tree) == Path(expected)


@pytest.mark.parametrize(
    "call",
    [LINK.format("closed/in/a"), "os.scandir('@closed/in')", "open('@closed/in/x')", "os.scandir('@closed')"],
)
def test_a_folder_on_the_way_that_must_not_be_entered_is_named(tree: Path, call: str) -> None:
    (tree / "closed").chmod(0)
    assert refused(call, tree) == Path("closed")


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (LINK.format("none/deep/a"), "none"),
        ("os.link('@from/none', '@to/a')", "from/none"),
        ("open('@none/deep/b')", "none"),
        ("os.mkdir('@from/a/b')", "from/a"),
        (LINK.format("to/taken"), "to/taken"),
    ],
)
def test_what_is_missing_or_in_the_way_is_named(tree: Path, call: str, expected: str) -> None:
    assert refused(call, tree) == Path(expected)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
def test_a_folder_whose_sticky_bit_keeps_the_files_of_others_is_named(tree: Path) -> None:
    os.chown(tree / "from", 0, 0)
    (tree / "from").chmod(0o1777)
    os.chown(tree / "from/a", 0, 0)
    assert refused(RENAME.format("to/a"), tree) == Path("from")


@pytest.mark.parametrize(
    "code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EXDEV, errno.EMLINK, errno.EIO]
)
def test_of_a_link_the_destination_s_folder_is_named_if_nothing_else_is_known(
    code: int, tmp_path: Path
) -> None:
    source, goal = tmp_path / "from/a", tmp_path / "to/a"
    for path in (source, goal):
        path.parent.mkdir()
    assert to_change(OSError(code, "", str(source), None, os.fsencode(goal))) == goal.parent
    assert to_change(OSError(code, "", str(goal))) == goal


@pytest.mark.parametrize("path", [None, "", 7])
def test_an_error_without_a_path_names_none(path: object) -> None:
    assert to_change(OSError(errno.EACCES, "", path)) is None
