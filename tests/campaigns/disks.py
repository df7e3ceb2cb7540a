"""Disks to fill, freeze and cut off: file systems in files, mounted for as long as they are needed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from helpers.support import wait_until

TOOLS = ("mkfs.ext4", "mount", "umount", "fsfreeze")


@cache
def why_not() -> str | None:
    """Why nothing can be mounted here, if so."""
    if os.name != "posix" or os.geteuid() != 0:
        return "only root can mount a disk"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"there is no {missing[0]}"
    with tempfile.TemporaryDirectory() as folder:
        try:
            with mounted(made(Path(folder) / "disk.img", megabytes=8), Path(folder) / "disk"):
                return None
        except subprocess.CalledProcessError as error:
            return f"no disk can be mounted: {error.stderr.strip()}"


def made(image: Path, *, megabytes: int) -> Path:
    """An empty ext4 file system in a file, with an inode for every 4 KiB; takes no room until it is used."""
    with image.open("wb") as file:
        file.truncate(megabytes * 2**20)
    _do("mkfs.ext4", "-q", "-i", "4096", str(image))
    return image


@contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Path]:
    """Mount an image as a loop device on a folder, which is made."""
    folder.mkdir()
    _do("mount", "-o", "loop,noatime", str(image), str(folder))
    try:
        yield folder
    finally:
        try:
            wait_until(lambda: _umounted(folder), 5)
        except AssertionError:
            _do("umount", "--lazy", str(folder))
            raise
        folder.rmdir()


@contextmanager
def frozen(folder: Path) -> Iterator[None]:
    """While this holds, whoever writes on the disk mounted there waits."""
    _do("fsfreeze", "--freeze", str(folder))
    try:
        yield
    finally:
        _do("fsfreeze", "--unfreeze", str(folder))


def _umounted(folder: Path) -> bool:
    return subprocess.run(["umount", folder], capture_output=True, check=False).returncode == 0


def _do(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
