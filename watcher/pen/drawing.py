"""Draws one picture of one digit."""

import numpy as np

from watcher.pen.forms import FORMS, Form
from watcher.pen.hand import hand_for
from watcher.pen.ink import Picture, colored, ink_cover
from watcher.pen.writing import write


def form_of(digit: int, index: int) -> Form:
    """The form of picture `index`: a digit's forms take turns, so that a few pictures show them all."""
    return FORMS[digit][index % len(FORMS[digit])]


def draw(seed: int, digit: int, index: int, size: int = 64) -> Picture:
    """Picture `index` of `digit`, (size, size, 3) uint8; it depends only on these arguments."""
    hand = hand_for(seed, digit, index)
    strokes = write(form_of(digit, index), hand, np.random.default_rng([seed, digit, index, 1]))
    return colored(ink_cover(strokes, size, blunt=hand.blunt), hand.ink, hand.paper)
