"""A log of a few pictures, for the commands that ask it."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from helpers.new_database import new_database

from watcher.store.database import open_database
from watcher.store.results import Decision, ResultsLog, Status
from watcher.store.timestamps import as_stamp

NOW = datetime.now(UTC)
HOSTILE = 'a\x1b[31m\u202eb\nc,"d"\udcff.png'
HOSTILE_TEXT = 'a\x1b[31m\u202eb\nc,"d"\\xff.png'


def decision(
    name: str, digit: int | None, certainty: float | None, status: Status, hours_ago: float
) -> Decision:
    """What was decided of a file so long ago; its claim is made from its name."""
    moment = as_stamp(NOW - timedelta(hours=hours_ago))
    return Decision(
        claim=f"batch/{name!r}",
        name=name,
        sha256="5e" * 32,
        status=status,
        destination=f"{digit if status == 'filed' else status}/{name}",
        arrived_at=moment,
        decided_at=moment,
        digit=digit,
        certainty=certainty,
        runner_up=None if digit is None else 9 - digit,
        scores=None if digit is None else tuple(float(place == digit) for place in range(10)),
        reason=None if status == "filed" else f"because of {name}",
        reference_version=1,
    )


LOG = [
    decision("old.png", 7, 0.999, "filed", 24 * 30),
    decision("three.png", 3, 0.97, "filed", 50),
    decision("unsure.png", 3, 0.6, "review", 20),
    decision("broken.png", None, None, "failed", 10),
    decision(HOSTILE, 7, 0.93, "filed", 1),
]


def write_log(file: Path) -> None:
    """Five pictures, the last of them not yet filed."""
    add(file, LOG)
    with closing(open_database(file)) as database:
        ResultsLog(database).mark_filed([entry.claim for entry in LOG[:-1]], as_stamp(NOW))


def add(file: Path, decisions: list[Decision]) -> None:
    """Record more of them."""
    with closing(open_database(file) if file.exists() else new_database(file)) as database:
        ResultsLog(database).record(decisions)
