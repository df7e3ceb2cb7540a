"""Recognising behind a guard: a picture that crashes, ends or hangs the process that reads it is found out.

A worker has the pictures read and compared by a child of its own, which says which one it begins with. Where
the child is lost, the worker forks another from what it has loaded already, a matter of milliseconds, and
goes on with the rest of the batch.
"""

from collections.abc import Sequence
from pathlib import Path

from watcher.workers.child import Child, Grief, Limits
from watcher.workers.recognizing import Recognized


class Guard:
    """Keeps one child at work. For a process without threads, as it forks."""

    def __init__(self) -> None:
        self._child: Child | None = None

    def recognize(self, fitted: Path, files: Sequence[bytes], limits: Limits) -> list[Recognized]:
        """Recognise a batch; a file that the child came to grief over is answered with that.

        Raises Grief where it came to grief over no single one, UnfitReferencesError.
        """
        found: dict[int, Recognized] = {}
        left = list(range(len(files)))
        self._ready(fitted, limits)
        while len(found) < len(files):
            child = self._ready(fitted, limits)
            try:
                answers = child.recognize([files[index] for index in left], limits)
            except Grief as grief:
                self.close()
                if child.reading is None:
                    raise
                blamed = left.pop(child.reading)
                found[blamed] = Recognized.by_grief(files[blamed], str(grief))
            else:
                found.update(zip(left, answers, strict=True))
                if child.stepped_back:
                    self.close()
        return [found[index] for index in range(len(files))]

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def _ready(self, fitted: Path, limits: Limits) -> Child:
        if self._child is not None and not self._child.serves(fitted, limits.memory):
            self.close()
        if self._child is None:
            self._child = Child(fitted, limits.memory)
        return self._child
