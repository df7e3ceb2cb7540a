"""The outbox: files pictures under free names, and never replaces another file."""

import itertools
import os
from contextlib import suppress
from pathlib import Path

from watcher.folders.claims import claimed_name
from watcher.folders.disk import move_without_replacing
from watcher.text import name_as_text

FOLDERS = (*(str(digit) for digit in range(10)), "review", "failed")
LONGEST_NAME = 255
LONGEST_SUFFIX = 32
REASON = ".reason.txt"
MOST_OF_ONE_NAME = 1_000_000


class Outbox:
    """The folders `0` … `9`, `review` and `failed`. Destinations are relative to it, such as `7/scan.png`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._root = os.fspath(path)
        self._next_number: dict[tuple[str, str], int] = {}

    def make(self) -> None:
        """Make the folders that are missing."""
        for folder in FOLDERS:
            (self.path / folder).mkdir(parents=True, exist_ok=True)

    def choose(self, folder: str, name: str, reserved: set[str]) -> str:
        """Choose a destination that is free and not in `reserved`, and add it to `reserved`.

        Another program may take the name before the file is there; then `file` returns False.
        """
        start = self._next_number.get((folder, name), 0)
        for number in itertools.count(start):
            destination = f"{folder}/{numbered(name, number)}"
            names = [destination, reason_name(destination)] if folder == "failed" else [destination]
            if any(taken in reserved or self.holds(taken) for taken in names):
                continue
            reserved.update(names)
            if number:
                if len(self._next_number) > 10_000:
                    self._next_number.clear()
                self._next_number[folder, name] = number + 1
            return destination
        raise AssertionError  # count() does not end

    def file(self, source: str, destination: str) -> bool:
        """Link a claimed file to its destination; False if another file has that name.

        A link fails if the name is taken; a rename would replace the other file. Some systems refuse to link
        a file of another user that one may not write (fs.protected_hardlinks). Such a file is moved.
        """
        goal = self.path_of(destination)
        try:
            self._link(source, goal)
        except FileExistsError:
            return os.path.samestat(os.lstat(source), os.lstat(goal))
        except PermissionError:
            try:
                move_without_replacing(source, goal)
            except FileExistsError:
                return False
        return True

    def path_of(self, destination: str) -> str:
        """The path of a destination."""
        return f"{self._root}/{destination}"

    def holds(self, destination: str) -> bool:
        """Whether there is a file at a destination."""
        return os.path.lexists(self.path_of(destination))

    def write_reason(self, destination: str, reason: str) -> None:
        """Write `NAME.reason.txt` next to a failed file; another file of that name is left alone.

        If this reason was written only in part before, it is completed.
        """
        path, text = self.path_of(reason_name(destination)), _as_bytes(reason)
        try:
            with open(path, "xb") as file:
                file.write(text)
        except FileExistsError:
            with open(path, "rb") as file:
                there = file.read(len(text) + 1)
            if there != text and text.startswith(there):
                with open(path, "wb") as file:
                    file.write(text)

    def unfile(self, source: str, destination: str, reason: str | None) -> None:
        """Undo `file` and `write_reason`, as far as they were done. The claim stays as the only name."""
        goal = self.path_of(destination)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.lstat(source), os.lstat(goal)):
                if reason is not None:
                    self.remove_reason(destination, reason)
                os.unlink(goal)

    def move_out(self, destination: str, goal: str) -> None:
        """Move a file out of the outbox. Raises FileExistsError if `goal` is taken."""
        move_without_replacing(self.path_of(destination), goal)

    def remove_reason(self, destination: str, reason: str) -> bool:
        """Remove the reason that `write_reason` wrote, unless it was changed; True if it was removed."""
        path = self.path_of(reason_name(destination))
        with suppress(FileNotFoundError):
            with open(path, "rb") as file:
                is_ours = file.read() == _as_bytes(reason)
            if is_ours:
                os.unlink(path)
            return is_ours
        return False

    def _link(self, source: str, goal: str) -> None:
        try:
            os.link(source, goal, follow_symlinks=False)
        except FileNotFoundError:
            # Somebody may have moved the folder away with all its files.
            os.makedirs(os.path.dirname(goal), exist_ok=True)
            os.link(source, goal, follow_symlinks=False)


def numbered(name: str, number: int) -> str:
    """`scan.png`, `scan-1.png`, `scan-2.png` …; a name that is too long for the disk gets a shorter stem.

    A numbered name leaves room for REASON, so that the names of the reasons keep the number.
    """
    if number == 0:
        return name
    stem, suffix = os.path.splitext(name)
    if len(os.fsencode(suffix)) > LONGEST_SUFFIX:
        stem, suffix = name, ""
    ending = f"-{number}{suffix}"
    return _cut(stem, LONGEST_NAME - len(REASON) - len(os.fsencode(ending))) + ending


def reason_name(destination: str) -> str:
    """The destination of the reason next to a failed file."""
    folder, name = destination.split("/", 1)
    return f"{folder}/{_cut(name, LONGEST_NAME - len(REASON))}{REASON}"


def destination_of(claim: str, recorded: str) -> str:
    """The destination that a claim's row names, in the bytes of the file's own name."""
    if "\\" not in recorded:
        return recorded
    folder, name = recorded.split("/", maxsplit=1)[0], claimed_name(claim)
    candidates = (f"{folder}/{numbered(name, number)}" for number in range(MOST_OF_ONE_NAME))
    known = (candidate for candidate in candidates if name_as_text(candidate) == recorded)
    return next(known, f"{folder}/{name}")


def _as_bytes(reason: str) -> bytes:
    return f"{reason}\n".encode(errors="backslashreplace")


def _cut(text: str, size: int) -> str:
    """The beginning of a text, at most `size` bytes on disk, cut between characters."""
    while len(os.fsencode(text)) > size:
        text = text[:-1]
    return text
