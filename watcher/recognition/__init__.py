"""Recognising handwritten digits: bytes and arrays in, numbers out."""

from watcher.recognition.classifier import ImageClassifier
from watcher.recognition.normalize import NORMALIZERS
from watcher.recognition.picture import read_picture
from watcher.recognition.reading import LeftOut, Reading
from watcher.recognition.rules import RULES

__all__ = ["NORMALIZERS", "RULES", "ImageClassifier", "LeftOut", "Reading", "read_picture"]
