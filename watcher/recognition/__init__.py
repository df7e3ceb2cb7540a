"""Recognizing handwritten digits: bytes and arrays in, numbers out."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watcher.recognition.classifier import ImageClassifier
    from watcher.recognition.images.decode import read_picture
    from watcher.recognition.normalize import NORMALIZERS
    from watcher.recognition.reading import LeftOut, Reading
    from watcher.recognition.rules import RULES

__all__ = ["NORMALIZERS", "RULES", "ImageClassifier", "LeftOut", "Reading", "read_picture"]

HOMES = {
    "ImageClassifier": "classifier",
    "NORMALIZERS": "normalize",
    "read_picture": "images.decode",
    "LeftOut": "reading",
    "Reading": "reading",
    "RULES": "rules",
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use: a process that only reads pictures loads little."""
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
