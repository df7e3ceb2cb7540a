"""Check the workers: whether one starts and recognizes a picture."""

import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice

from watcher.config.settings import Config
from watcher.maintenance.doctor.database import classifier_folder
from watcher.maintenance.doctor.findings import Finding, ok, warn, wrong
from watcher.references.model import is_sound
from watcher.store.database import open_as_it_is
from watcher.store.references import ReferenceStore
from watcher.workers import Pool


def workers(config: Config) -> Iterator[Finding]:
    """Start a worker and let it recognize a reference."""
    what, folder = "workers", classifier_folder(config)
    if folder is None or not is_sound(folder):
        yield warn(what, "not tried: there is no classifier yet", "`watcher run` makes it when it starts")
        return
    with closing(open_as_it_is(config.database.file)) as database:
        (reference,) = islice(ReferenceStore(database).load(), 1)
    start = time.perf_counter()
    with closing(Pool(config.workers.model_copy(update={"count": 1}))) as pool:
        pool.warm(folder)
        ready = time.perf_counter()
        (found,) = pool.submit_again(folder, [reference.image]).result()
        done = time.perf_counter()
    count = f"{config.workers.count:,}" if config.workers.count else "one for each core"
    figure = (
        f"{config.workers.executor}, {count}; one was ready after {ready - start:.1f} s "
        f"and recognized a picture in {(done - ready) * 1000:.0f} ms"
    )
    if found.reading is None:
        yield wrong(what, f"reference {reference.id} was not recognized: {found.reason}", "report this")
    elif found.reading.digit is None:
        yield warn(
            what,
            f"reference {reference.id}, labeled {reference.digit}: {found.reading.reason}",
            f"`watcher references --retire {reference.id}`",
        )
    elif found.reading.digit != reference.digit:
        yield warn(
            what,
            f"reference {reference.id}, labeled {reference.digit}, was taken for {found.reading.digit}",
            "check its label: `watcher train` lists references that look mislabeled",
        )
    else:
        yield ok(what, figure)
