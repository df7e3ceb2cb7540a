"""The examples in docstrings say what is so."""

import doctest
import importlib
import pkgutil
from collections.abc import Iterator

import numpy as np
import pytest
from helpers.daemon import reference_picture
from helpers.support import digit_picture

import watcher
from watcher.recognition import read_picture


def examples() -> Iterator[doctest.DocTest]:
    """Every docstring with examples in it."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    for found in pkgutil.walk_packages(watcher.__path__, "watcher."):
        if not found.name.endswith("__main__"):
            yield from finder.find(importlib.import_module(found.name), found.name)


def namespace() -> dict[str, object]:
    """What examples may use: pictures of digits with their labels, and the picture of a 7 by another hand."""
    drawn = [(digit, index) for digit in range(10) for index in range(4)]
    return {
        "pictures": np.stack([read_picture(reference_picture(*one)) for one in drawn]),
        "labels": np.array([digit for digit, _ in drawn]),
        "others": read_picture(digit_picture(7))[None],
    }


SHOWN = {one.name: one for one in examples() if one.examples}


def test_the_public_classes_have_examples() -> None:
    assert "watcher.recognition.classifier.ImageClassifier" in SHOWN


@pytest.mark.parametrize("name", SHOWN)
def test_the_examples_of_a_docstring_give_what_they_say(name: str) -> None:
    said: list[str] = []
    example = SHOWN[name]
    example.globs = {**example.globs, **namespace()}
    failed, tried = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=said.append)
    assert tried
    assert not failed, "".join(said)
