"""References for a folder in which `watcher run` never was. They are kept in the user's cache."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import click

from watcher.cli.databases import to_read
from watcher.config.settings import Config
from watcher.references.sources import first_references
from watcher.references.training import train
from watcher.store.database import Database, open_database, open_log
from watcher.store.references import LabeledImage, ReferenceStore
from watcher.store.schema import HEAD

DATABASE, MODELS = "references.db", "models"


@contextmanager
def references_to_compare(config: Config, environ: Mapping[str, str]) -> Iterator[tuple[Database, Path]]:
    """A database with references, and the folder for the models that are fitted to them.

    Without a database, they are those that a first `watcher run` would take. Then nothing is made in the
    current folder: they are kept in the user's cache, or for this once in a temporary folder. Raises
    DatabaseError, SourceError, OSError.
    """
    if config.database.file.exists():
        with to_read(config) as database:
            yield database, config.cache
        return
    _, images = first_references(config.references.path)
    click.echo(f"There is no database yet; compared with {images[0].source}", err=True)
    with tempfile.TemporaryDirectory(prefix="watcher-") as temporary:
        folder = Path(temporary)
        with suppress(OSError):
            folder = _kept(images, _user_cache(environ)) or folder
        if folder == Path(temporary):
            _fill(folder, images)
        with closing(open_log(folder / DATABASE)) as database:
            yield database, folder / MODELS


def _user_cache(environ: Mapping[str, str]) -> Path | None:
    """The user's folder for what can be made again; None if there is none."""
    asked = environ.get("XDG_CACHE_HOME", "")
    if Path(asked).is_absolute():
        return Path(asked)
    with suppress(RuntimeError):
        if (home := Path.home()).is_dir():
            return home / ".cache"
    return None


def _kept(images: list[LabeledImage], cache: Path | None) -> Path | None:
    """The folder in the cache that holds these references; filled under another name first."""
    if cache is None:
        return None
    folder = cache / "watcher" / _fingerprint(images)
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=".making-", dir=folder.parent))
        try:
            _fill(making, images)
            making.rename(folder)
        except OSError:
            shutil.rmtree(making, ignore_errors=True)
            if not folder.is_dir():  # else another process was faster
                raise
    return folder if os.access(folder, os.W_OK) else None


def _fingerprint(images: list[LabeledImage]) -> str:
    digest = hashlib.sha256(HEAD.encode())
    for image in images:
        digest.update(f"{image.digit} {image.source} {image.name} {len(image.image)} ".encode())
        digest.update(image.image)
    return digest.hexdigest()[:16]


def _fill(folder: Path, images: list[LabeledImage]) -> None:
    with closing(open_database(folder / DATABASE)) as database:
        train(ReferenceStore(database), images, "the first references")
