"""Small values for pages."""

from collections.abc import Callable

import numpy as np
import pytest

from watcher.recognition import Reading
from watcher.report.render.values import Explanation, Neighbor, Provenance


@pytest.fixture
def provenance() -> Provenance:
    settings = (("normalizer", "centered"), ("review_below", "0.9"))
    return Provenance("2026-11-22T08:01:02.000000Z", settings, (40,) * 9 + (1000,), 3)


@pytest.fixture
def neighbor() -> Neighbor:
    return Neighbor(1234, 9, "their <images>", "9_0.png", a_picture(), np.eye(28, dtype=np.float32))


Explain = Callable[..., Explanation]


@pytest.fixture
def explain(neighbor: Neighbor) -> Explain:
    """An explanation of a picture that is taken for a 9."""

    def explained(
        name: str = "scan.png", label: int | None = None, certainty: float = 0.98765
    ) -> Explanation:
        reading = Reading(9, certainty, 4, tuple(number / 10 for number in range(10)), (1234,))
        picture, normalized = a_picture(), np.eye(28, dtype=np.float32)
        return Explanation(name, "filed", None, reading, picture, normalized, (neighbor,), label)

    return explained


def a_picture() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    picture = np.full((64, 64, 3), 250, np.uint8)
    picture[20:40, 30:34] = 20
    return picture
