"""The content of a claimed file, read before any worker gets it: its bytes, or why there are none."""

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

KEEPS_CHANGING = "it kept changing while it was recognized"
DISK_FAULT = f"the disk cannot read it: {os.strerror(errno.EIO)}"


class NotRead(Enum):
    """Why a claimed file was not read now."""

    GONE = "it was removed"
    LATER = "the disk may be able to read it later"


def read_content(claim: Claim, *, is_exhausted: bool) -> bytes | Recognized | NotRead:
    """The bytes of a claimed file, a result that needs no worker, or why it was not read.

    A file that `is_exhausted`, because it was tried too often, gets a failed result. Raises OSError for a
    fault that does not lie in this file.
    """
    try:
        content = read_file(claim.path)
    except Unreadable as error:
        return Recognized(None, None, str(error))
    except FileNotFoundError:
        return NotRead.GONE
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return Recognized(None, None, DISK_FAULT) if is_exhausted else NotRead.LATER
    return Recognized(sha256(content).hexdigest(), None, KEEPS_CHANGING) if is_exhausted else content


def failed_result(claim: Claim, reason: str) -> Recognized:
    """The result for a picture that could not be recognized. Raises OSError for a fault that may pass."""
    try:
        digest = sha256(read_file(claim.path)).hexdigest()
    except (Unreadable, FileNotFoundError):
        digest = None
    return Recognized(digest, None, reason)


def failure_reason(fault: BaseException) -> str:
    """The reason why a picture failed, in words, from the exception that its batch raised."""
    if isinstance(fault, BrokenExecutor):
        return "the worker that read it died, twice"
    if isinstance(fault, WorkerFailure):
        return str(fault)
    return f"recognizing it failed, twice: {type(fault).__name__}: {error_text(fault)}"
