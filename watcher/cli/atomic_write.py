"""Write a file whole or not at all: under a temporary name first."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def temporary_beside(target: Path) -> Iterator[Path]:
    """An empty temporary file in the target's folder, for `put_in_place`; removed if it is still there.

    Raises OSError at once if it cannot be made.
    """
    temporary = target.with_name(f".{secrets.token_hex(8)}.tmp")
    os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
    try:
        yield temporary
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def put_in_place(temporary: Path, target: Path, *, replacing: bool) -> None:
    """Flush a temporary file and give it the target's name.

    Raises FileExistsError if the target exists and is not to be replaced.
    """
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    if not replacing:
        target.touch(exist_ok=False)  # nobody else can take the name now
    temporary.replace(target)
