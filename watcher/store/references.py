"""The references: sets of labeled images; each change makes a new version of the set."""

import hashlib
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select, update

from watcher.errors import WatcherError
from watcher.store.database import Database
from watcher.store.schema import reference_images, reference_versions
from watcher.store.timestamps import stamp

ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class LabeledImage:
    """An image file's bytes, its label, and where it came from.

    `source` is the folder or IDX file it was read from, `name` its name or index there.
    """

    image: bytes
    digit: int
    source: str
    name: str

    @property
    def sha256(self) -> str:
        """The checksum of the image's bytes, in hex; by it an image is known again."""
        return hashlib.sha256(self.image).hexdigest()


@dataclass(frozen=True, slots=True)
class Reference:
    """A labeled image in use."""

    id: int
    digit: int
    image: bytes


class KnownImage(NamedTuple):
    """The label and origin of an image that is already a reference."""

    digit: int
    source: str
    name: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """An image that is already a reference for another digit."""

    refused: LabeledImage
    known: KnownImage


@dataclass(slots=True)
class Added:
    """How many images were added and how many were known, and the conflicts."""

    added: int = 0
    known: int = 0
    conflicts: list[Conflict] = field(default_factory=list)


class UnknownReferenceError(WatcherError):
    """No reference in use has this id."""


class ReferenceStore:
    """The tables `reference_images` and `reference_versions`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def version(self) -> int | None:
        """The newest version; None if there never was a reference."""
        with self._database.transaction() as connection:
            newest: int | None = connection.execute(select(func.max(reference_versions.c.version))).scalar()
        return newest

    def add(self, images: Iterable[LabeledImage], reason: str) -> Added:
        """Add images as one new version, all or none. An image added twice is one reference."""
        with self._database.transaction() as connection:
            return _Adding(connection, reason).add(images)

    def retire(self, ids: Collection[int], reason: str) -> None:
        """Stop using references, as one new version; their images are kept.

        Raises UnknownReferenceError, and retires none, if an id belongs to no reference in use.
        """
        columns = reference_images.c
        with self._database.transaction() as connection:
            in_use = connection.execute(select(columns.id).where(columns.retired_at.is_(None))).scalars()
            unknown = sorted(set(ids) - set(in_use))
            if unknown:
                raise UnknownReferenceError(
                    f"no reference in use has the id {', '.join(map(str, unknown))}; none was retired"
                )
            now = stamp(time.time())
            retired = {"retired_at": now, "retired_in": _new_version(connection, now, reason)}
            statement = update(reference_images).where(columns.id == bindparam("of_id")).values(retired)
            connection.execute(statement, [{"of_id": known} for known in set(ids)])

    def fingerprint(self) -> str:
        """Identifies the set in use: any other set, in this database or another, has another fingerprint."""
        columns = reference_images.c
        statement = select(columns.id, columns.digit, columns.sha256).where(columns.retired_at.is_(None))
        digest = hashlib.sha256()
        with self._database.transaction() as connection:
            for row in connection.execute(statement.order_by(columns.id)):
                digest.update(f"{row.id} {row.digit} {row.sha256}\n".encode())
        return digest.hexdigest()[:16]

    def load(self) -> Iterator[Reference]:
        """The references in use, in the order of their ids.

        They are read in steps, so that a slow reader blocks nobody. They belong to one version if `version`
        is the same before and after.
        """
        columns = reference_images.c
        statement = select(columns.id, columns.digit, columns.image)
        statement = statement.where(columns.retired_at.is_(None), columns.id > bindparam("after"))
        statement = statement.order_by(columns.id).limit(ROWS_AT_ONCE)
        after = 0
        while True:
            with self._database.transaction() as connection:
                some = [Reference(*row) for row in connection.execute(statement, {"after": after})]
            if not some:
                return
            yield from some
            after = some[-1].id

    def with_ids(self, ids: Collection[int]) -> dict[int, LabeledImage]:
        """The references with these ids, in use or retired, by id; unknown ids are left out."""
        wanted = sorted(set(ids))
        columns = reference_images.c
        statement = select(columns.id, columns.image, columns.digit, columns.source, columns.name)
        known: dict[int, LabeledImage] = {}
        with self._database.transaction() as connection:
            for at in range(0, len(wanted), ROWS_AT_ONCE):
                some = statement.where(columns.id.in_(wanted[at : at + ROWS_AT_ONCE]))
                known |= {row[0]: LabeledImage(*row[1:]) for row in connection.execute(some)}
        return known

    def known(self) -> dict[str, KnownImage]:
        """The references in use, by their SHA-256 checksums."""
        with self._database.transaction() as connection:
            return _known_images(connection)

    def counts(self) -> tuple[int, ...]:
        """How many references of each digit are in use; ten numbers."""
        columns = reference_images.c
        statement = select(columns.digit, func.count()).where(columns.retired_at.is_(None))
        with self._database.transaction() as connection:
            rows = connection.execute(statement.group_by(columns.digit)).all()
        known = dict(map(tuple, rows))
        return tuple(known.get(digit, 0) for digit in range(10))

    def summary(self) -> list[tuple[str, int, int]]:
        """How many references are in use: (source, digit, count) for each source."""
        columns = reference_images.c
        statement = (
            select(columns.source, columns.digit, func.count())
            .where(columns.retired_at.is_(None))
            .group_by(columns.source, columns.digit)
            .order_by(columns.source, columns.digit)
        )
        with self._database.transaction() as connection:
            return [(source, digit, count) for source, digit, count in connection.execute(statement)]


class _Adding:
    """One transaction that adds images as a new version."""

    def __init__(self, connection: Connection, reason: str) -> None:
        self._connection = connection
        self._reason = reason
        self._now = stamp(time.time())
        self._version: int | None = None
        self._known = _known_images(connection)
        self._rows: list[dict[str, Any]] = []

    def add(self, images: Iterable[LabeledImage]) -> Added:
        outcome = Added()
        for image in images:
            digest = image.sha256
            known = self._known.get(digest)
            if known is None:
                self._known[digest] = KnownImage(image.digit, image.source, image.name)
                self._insert(image, digest)
                outcome.added += 1
            elif known.digit == image.digit:
                outcome.known += 1
            else:
                outcome.conflicts.append(Conflict(image, known))
        self._flush()
        return outcome

    def _insert(self, image: LabeledImage, digest: str) -> None:
        if self._version is None:
            self._version = _new_version(self._connection, self._now, self._reason)
        self._rows.append(
            {
                "image": image.image,
                "digit": image.digit,
                "sha256": digest,
                "source": image.source,
                "name": image.name,
                "added_at": self._now,
                "added_in": self._version,
            }
        )
        if len(self._rows) >= ROWS_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._connection.execute(insert(reference_images), self._rows)
            self._rows.clear()


def _new_version(connection: Connection, now: str, reason: str) -> int:
    made = insert(reference_versions).values(made_at=now, reason=reason)
    version: int = connection.execute(made.returning(reference_versions.c.version)).scalar_one()
    return version


def _known_images(connection: Connection) -> dict[str, KnownImage]:
    columns = reference_images.c
    statement = select(columns.sha256, columns.digit, columns.source, columns.name)
    return {
        digest: KnownImage(digit, source, name)
        for digest, digit, source, name in connection.execute(statement.where(columns.retired_at.is_(None)))
    }
