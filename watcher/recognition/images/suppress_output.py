"""Suppress what decoders print: the reason why a file cannot be read says it better."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_ONE_AT_A_TIME = Lock()


@contextmanager
def pillow_silenced() -> Iterator[None]:
    """Suppress Pillow's warnings and log lines."""
    log, unheard = logging.getLogger("PIL"), logging.NullHandler()
    log.addHandler(unheard)  # without any handler, logging prints on standard error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.removeHandler(unheard)


@contextmanager
def stderr_silenced() -> Iterator[None]:
    """Discard the standard error stream of the whole process: libtiff writes to it directly."""
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
