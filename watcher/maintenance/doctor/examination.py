"""All the checks, run at the same time, so that none waits for another or hides it."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future

from watcher.config.settings import Config
from watcher.errors import WatcherError
from watcher.maintenance.doctor import database, events, folders, machine, workers
from watcher.maintenance.doctor.findings import Finding, wrong
from watcher.text import printable

Check = Callable[[Config], Iterable[Finding]]

CHECKS: Mapping[str, Check] = {
    "inbox": folders.inbox,
    "outbox": folders.outbox,
    "one disk": folders.one_disk,
    "space": machine.space,
    "daemon": folders.lock,
    "events": events.delivery,
    "inotify": events.limits,
    "open files": machine.descriptors,
    "database": database.database,
    "references": database.references,
    "classifier": database.model,
    "workers": workers.workers,
    "clock": machine.clock,
    "programs": machine.programs,
}
"""What is looked at, in the order it is told."""

PATIENCE = 30.0
"""How long, in seconds, a check may take; a disk that does not answer is found out so."""


def examine(
    config: Config, checks: Mapping[str, Check] = CHECKS, patience: float = PATIENCE
) -> Iterator[Finding]:
    """What the checks find, in their order. One that fails or does not end is told of as well."""
    give_up = time.monotonic() + patience
    begun = {name: _begun(check, config) for name, check in checks.items()}
    for name, answer in begun.items():
        try:
            yield from answer.result(max(0.0, give_up - time.monotonic()))
        except TimeoutError:
            yield wrong(name, f"no answer within {patience:g} s", "look whether its disk or network answers")
        except (WatcherError, OSError) as error:
            yield wrong(name, printable(" ".join(str(error).split())), "see what it says")
        except Exception as error:  # noqa: BLE001 - a fault in one check must not hide the others
            yield wrong(name, f"it could not be looked at: {type(error).__name__}: {error}", "report this")


def _begun(check: Check, config: Config) -> Future[tuple[Finding, ...]]:
    """A check under way, in a thread that the program does not wait for when it ends."""
    answer: Future[tuple[Finding, ...]] = Future()

    def run() -> None:
        try:
            answer.set_result(tuple(check(config)))
        except BaseException as error:  # noqa: BLE001 - it is raised again where the answer is asked for
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return answer
