"""Decoders keep their words to themselves: what they found is told by the reason why a file is not read."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_ONE_AT_A_TIME = Lock()


@contextmanager
def no_remarks() -> Iterator[None]:
    """Without the warnings and log lines by which Pillow tells of what it then reads or refuses."""
    log, unheard = logging.getLogger("PIL"), logging.NullHandler()
    log.addHandler(unheard)  # where nobody else listens, logging would print on standard error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.removeHandler(unheard)


@contextmanager
def no_standard_error() -> Iterator[None]:
    """Without the standard error stream of the whole process, on which libtiff writes of itself."""
    with _ONE_AT_A_TIME:
        try:
            kept = os.dup(2)
        except OSError:  # there is no such stream
            yield
            return
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)
