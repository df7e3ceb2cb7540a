"""Fitting: makes a model in a process of its own. Nothing waits for it, and it can be given up at once."""

import json
import os
import subprocess
import sys
from pathlib import Path

from watcher.config.settings import RecognitionSettings
from watcher.errors import WatcherError, passes
from watcher.references.model import StoredModel, stored_model
from watcher.store.database import open_log
from watcher.store.references import ReferenceStore
from watcher.text import error_text
from watcher.workers.sandbox.limits import ONE_THREAD, die_with

BOOT = "import sys; sys.path[:] = sys.argv[3:]; from watcher.references.fitting import main; main()"
NICE = 10
"""The niceness of the fitting: the pictures that are sorted meanwhile go first."""


class FittingError(WatcherError):
    """A model could not be made."""

    def __init__(self, message: str, *, passing: bool) -> None:
        super().__init__(message)
        self.passes = passing


class Fitting:
    """A process that makes one model for the references in a database. Close it when done."""

    def __init__(self, file: Path, recognition: RecognitionSettings, cache: Path) -> None:
        order = {
            "file": os.fspath(file),
            "recognition": recognition.model_dump(mode="json"),
            "cache": os.fspath(cache),
        }
        self._process = subprocess.Popen(  # noqa: S603 - this very Python, with this very program
            [sys.executable, "-P", "-c", BOOT, str(os.getpid()), json.dumps(order), *sys.path],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=os.environ | ONE_THREAD,
            start_new_session=True,  # Ctrl-C is for the daemon, which ends this process
        )

    def result(self) -> StoredModel | None:
        """The model, or None while it is being made; never waits. Raises FittingError."""
        code = self._process.poll()
        if code is None:
            return None
        assert self._process.stdout is not None
        said = self._process.stdout.read()
        if code != 0:
            ended = f"the process that makes the model ended with exit code {code}"
            raise FittingError(ended, passing=True)
        answer = json.loads(said)
        if "fault" in answer:
            raise FittingError(answer["fault"], passing=answer["passes"])
        return StoredModel(Path(answer["folder"]), answer["version"])

    def close(self) -> None:
        """End the process, and give up a model that is not finished."""
        self._process.kill()
        self._process.communicate()


def main() -> None:
    """The process: make the model that its arguments describe, and answer with one line of JSON."""
    die_with(int(sys.argv[1]))
    os.nice(NICE)
    order = json.loads(sys.argv[2])
    sys.stdout.write(json.dumps(_answer(order)))


def _answer(order: dict[str, object]) -> dict[str, object]:
    recognition = RecognitionSettings.model_validate(order["recognition"])
    try:
        references = ReferenceStore(open_log(Path(str(order["file"]))))
        model = stored_model(references, recognition, Path(str(order["cache"])))
    except (OSError, MemoryError, WatcherError) as error:
        return {"fault": error_text(error), "passes": passes(error)}
    return {"folder": os.fspath(model.folder), "version": model.version}
