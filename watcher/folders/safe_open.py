"""Folders below another, reached without following links."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def opened_beneath(root: str, folder: str) -> Iterator[int]:
    """A descriptor of a folder that lies below `root`, whose own path may lead through links.

    Raises NotADirectoryError where a link, or a file, lies on the way from there.
    """
    with ExitStack() as stack:
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        stack.callback(os.close, descriptor)
        for part in os.path.relpath(folder, root).split(os.sep):
            descriptor = os.open(part, FOLDER, dir_fd=descriptor)
            stack.callback(os.close, descriptor)
        yield descriptor
