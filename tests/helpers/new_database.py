"""New databases, copied from one that was made once: making the tables takes longer than most tests."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from watcher.store.database import Database, open_database


@cache
def _content() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder, "watcher.db")
        open_database(file).close()
        return file.read_bytes()


def new_database(file: Path) -> Database:
    """Open a database as `open_database` makes it where there is none."""
    assert not file.exists()
    file.write_bytes(_content())
    return open_database(file)
