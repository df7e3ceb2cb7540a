"""Files that commands write: whole or not at all, under another name until they are done."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def temporary_beside(target: Path) -> Iterator[Path]:
    """An empty file beside the target, to be written and put in its place; if it is not, it is removed.

    Raises OSError at once where none can be made there.
    """
    draft = target.with_name(f".{secrets.token_hex(8)}.tmp")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
    try:
        yield draft
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def put_in_place(draft: Path, target: Path, *, replacing: bool) -> None:
    """Put a draft in its place. Raises FileExistsError where something is there and not to be replaced."""
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    if not replacing:
        target.touch(exist_ok=False)  # nobody else can take the name now
    draft.replace(target)
