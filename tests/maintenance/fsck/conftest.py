"""The house that is looked at."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from helpers.daemon import Place
from helpers.fsck_site import FILED, House, Unhurried

from watcher.folders.claims import Claims
from watcher.folders.outbox import Outbox
from watcher.store.database import open_database


@pytest.fixture
def house(workplace: Path) -> Iterator[House]:
    """A place with FILED in it."""
    place = Place(workplace)
    place.inbox.mkdir()
    Claims(place.inbox).make()
    Outbox(place.outbox).make()
    with closing(open_database(place.database)) as database, closing(Unhurried(place.outbox)) as flusher:
        made = House(place, database, flusher)
        made.file(FILED)
        yield made
