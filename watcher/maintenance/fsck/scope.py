"""What is held against each other."""

from dataclasses import dataclass

from watcher.folders.claims import Claims
from watcher.folders.outbox import Outbox
from watcher.store.database import Database


@dataclass(frozen=True, slots=True)
class Scope:
    """The log in its database, the claims, and the outbox of one inbox."""

    database: Database
    claims: Claims
    outbox: Outbox
