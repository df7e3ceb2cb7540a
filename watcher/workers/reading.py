"""The reader's work: files → pictures on the slate. What a file does to decoders is done to this process."""

from collections.abc import Callable, Sequence
from pathlib import Path

from watcher.errors import LacksMemory, Unreadable
from watcher.recognition.picture import read_picture
from watcher.workers.slate import Slate, State

Files = Sequence[tuple[int, bytes]]
"""Files with the indices that they have on the slate."""


def prepare(_fitted: Path) -> None:
    """There is nothing to load: the less a reader holds, the sooner another takes its place."""


def work(_fitted: Path, slate: Slate) -> Callable[[Files], None]:
    """What a reader does with the files that it is sent."""

    def read(files: Files) -> None:
        for index, file in files:
            slate.begun = index
            try:
                slate.keep_picture(index, file, read_picture(file))
            except LacksMemory as error:
                slate.keep_reason(index, file, State.STARVED, str(error))
            except Unreadable as error:
                slate.keep_reason(index, file, State.UNREADABLE, str(error))
        slate.begun = None

    return read
