"""Open folders below another folder without following links."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def opened_beneath(root: str, folder: str) -> Iterator[int]:
    """A descriptor of a folder below `root`. The path of `root` itself may contain links.

    Raises NotADirectoryError if there is a link or a file between the two.
    """
    with ExitStack() as stack:
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        stack.callback(os.close, descriptor)
        path = root
        for part in os.path.relpath(folder, root).split(os.sep):
            path = os.path.join(path, part)
            try:
                descriptor = os.open(part, FOLDER, dir_fd=descriptor)
            except OSError as error:
                error.filename = path
                raise
            stack.callback(os.close, descriptor)
        yield descriptor
