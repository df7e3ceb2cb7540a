"""What is found in a claimed file without a worker: its bytes, why it has none, or that it must wait."""

import errno
import os
from concurrent.futures import BrokenExecutor
from enum import Enum
from hashlib import sha256

from watcher.errors import Unreadable
from watcher.folders.claims import Claim
from watcher.folders.contents import read_file
from watcher.text import error_text
from watcher.workers import Recognized, WorkerFailure

RESTLESS = "it was changed again and again while it was worked on"
NOT_GIVEN_BACK = f"the disk does not give it back: {os.strerror(errno.EIO)}"


class Unread(Enum):
    """Why a claimed file is not read now."""

    GONE = "somebody removed it"
    LATER = "the disk may give it back later"


def content_of(claim: Claim, *, is_exhausted: bool) -> bytes | Recognized | Unread:
    """The bytes of a claimed file, or what is found without a worker.

    One that `is_exhausted` by having been put through too often is found to have failed. Raises OSError for a
    fault that is not this file's.
    """
    try:
        content = read_file(claim.path)
    except Unreadable as error:
        return Recognized(None, None, str(error))
    except FileNotFoundError:
        return Unread.GONE
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return Recognized(None, None, NOT_GIVEN_BACK) if is_exhausted else Unread.LATER
    return Recognized(sha256(content).hexdigest(), None, RESTLESS) if is_exhausted else content


def failed(claim: Claim, reason: str) -> Recognized:
    """A picture that recognizing brought to nothing. Raises OSError for a fault that may pass."""
    try:
        digest = sha256(read_file(claim.path)).hexdigest()
    except (Unreadable, FileNotFoundError):
        digest = None
    return Recognized(digest, None, reason)


def blame(fault: BaseException) -> str:
    """The reason that is told of a picture, by what was raised over it."""
    if isinstance(fault, BrokenExecutor):
        return "the worker that read it died, twice"
    if isinstance(fault, WorkerFailure):
        return str(fault)
    return f"recognizing it failed, twice: {type(fault).__name__}: {error_text(fault)}"
