"""What fsck compares."""

from dataclasses import dataclass

from watcher.folders.claims import Claims
from watcher.folders.outbox import Outbox
from watcher.store.database import Database


@dataclass(frozen=True, slots=True)
class Scope:
    """The log's database, the claims and the outbox of one inbox."""

    database: Database
    claims: Claims
    outbox: Outbox
