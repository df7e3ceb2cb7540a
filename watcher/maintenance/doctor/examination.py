"""Run all checks at the same time, so that none delays or hides another."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future

from watcher.config.settings import Config
from watcher.errors import WatcherError, to_change
from watcher.maintenance.doctor import database, events, folders, machine, workers
from watcher.maintenance.doctor.findings import Finding, shown, wrong
from watcher.text import error_text, printable

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
"""The checks, in the order of the output."""

PATIENCE = 30.0
"""Seconds that a check may take; a disk that does not answer takes longer."""


def examine(
    config: Config, checks: Mapping[str, Check] = CHECKS, patience: float = PATIENCE
) -> Iterator[Finding]:
    """What the checks find, in their order. A check that fails or does not end gives a finding too."""
    give_up = time.monotonic() + patience
    started = {name: _started(check, config) for name, check in checks.items()}
    for name, answer in started.items():
        try:
            yield from answer.result(max(0.0, give_up - time.monotonic()))
        except TimeoutError:
            yield wrong(name, f"no answer within {patience:g} s", "check that its disk or network answers")
        except OSError as error:
            path = to_change(error)
            advice = "see what the system's message means" if path is None else f"check {shown(path)}"
            yield wrong(name, printable(" ".join(error_text(error).split())), advice)
        except WatcherError as error:
            yield wrong(name, printable(" ".join(error_text(error).split())), "do what the message says")
        except Exception as error:  # noqa: BLE001 - a fault in one check must not hide the others
            yield wrong(name, f"it could not be checked: {type(error).__name__}: {error}", "report this")


def _started(check: Check, config: Config) -> Future[tuple[Finding, ...]]:
    """Start a check in a thread that does not keep the program from ending."""
    answer: Future[tuple[Finding, ...]] = Future()

    def run() -> None:
        try:
            answer.set_result(tuple(check(config)))
        except BaseException as error:  # noqa: BLE001 - `result` raises it again
            answer.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return answer
