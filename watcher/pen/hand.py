"""A writer: the habits of the hand, and its pen."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Hand:
    """How one digit is written. Lengths are in units of the digit's height, angles in degrees."""

    slant: float  # to the right of upright
    rotation: float  # clockwise, of the whole digit
    aspect: float  # width as a multiple of the form's own
    waist: float  # below 1 the middle of the digit sits lower, above 1 higher
    wander: float  # how far the digit's plane is bent
    jitter: float  # how far the pen misses each point
    tremor: float  # how far the pen trembles sideways
    haste: float  # 0 neat to 1 hasty: corners are cut, strokes overshoot
    pen_width: float
    pressure: float  # how much the width varies, as a share of it
    taper: float  # how much thinner a stroke's ends are, as a share of the width
    blunt: bool  # strokes end square, as with a felt-tip pen, not round
    size: float  # the longer side of the ink, as a share of the picture
    left: float  # the place of the ink: 0 at the left border, 1 at the right
    top: float  # 0 at the upper border, 1 at the lower
    ink: Color
    paper: Color


_INKS: tuple[Color, ...] = ((26, 26, 29), (30, 37, 66), (30, 52, 138), (48, 47, 50))

# Negative powers of the real root of x^6 = x + 1: their multiples fill a five-dimensional cube evenly
# (Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018).
_STRIDES = 1.1347241384015194 ** -np.arange(1.0, 6.0)


def hand_for(seed: int, digit: int, index: int) -> Hand:
    """The hand that writes picture `index` of `digit`; always the same one.

    The habits that shape a digit most are spread evenly over the first pictures; the rest is random.
    """
    start = np.random.default_rng([seed, digit]).random(5)
    slant, width, proportion, size, haste = ((start + (index + 1) * _STRIDES) % 1).tolist()
    rng = np.random.default_rng([seed, digit, index])
    aspect = _normal_quantile(proportion, 1.02, 0.17, 0.75, 1.42)
    hasty = haste**1.6
    shade = int(rng.integers(0, 12))
    red, green, blue = _INKS[int(rng.integers(len(_INKS)))]
    paper = int(rng.integers(243, 256))
    blunt = width > 0.45 and bool(rng.random() < 0.35)
    return Hand(
        slant=_normal_quantile(slant, 8 + 4 * hasty, 9, -15, 35),
        rotation=_normal_quantile(rng.random(), 1, 2.5, -5, 8),
        aspect=aspect,
        waist=_normal_quantile(rng.random(), 1, 0.1, 0.8, 1.2),
        wander=0.013 + 0.013 * hasty,
        jitter=0.007 + 0.009 * hasty,
        tremor=0.001 + 0.003 * float(rng.random()) ** 2,
        haste=hasty,
        pen_width=(0.062 + 0.095 * width) * min(aspect, 1),
        pressure=0.05 + 0.15 * float(rng.random()),
        taper=0.0 if blunt else 0.55 * float(rng.random()) * (0.4 + 0.6 * hasty),
        blunt=blunt,
        size=0.52 + 0.38 * size,
        left=_normal_quantile(rng.random(), 0.5, 0.2, 0, 1),
        top=_normal_quantile(rng.random(), 0.5, 0.2, 0, 1),
        ink=(red + shade, green + shade, blue + shade),
        paper=(paper, paper - int(rng.integers(0, 3)), paper - int(rng.integers(0, 8))),
    )


def _normal_quantile(share: float, mean: float, deviation: float, low: float, high: float) -> float:
    """The quantile of a normal distribution at this share, kept between low and high."""
    value = NormalDist(mean, deviation).inv_cdf(min(max(share, 1e-6), 1 - 1e-6))
    return min(max(value, low), high)
