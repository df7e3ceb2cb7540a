"""An explanation shows what was compared."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from helpers.new_database import new_database
from helpers.support import digit_picture

from watcher.config.settings import RecognitionSettings
from watcher.recognition import NORMALIZERS, Reading, read_picture
from watcher.report.explanation import Recognition, explanations_of, provenance
from watcher.store.references import LabeledImage, ReferenceStore
from watcher.workers import Recognized

SETTINGS = RecognitionSettings.model_validate({})
SEVEN = LabeledImage(digit_picture(7), 7, "images", "7_0.png")
NO_MORE = LabeledImage(b"was a picture once", 1, "images", "1_0.png")


@pytest.fixture
def references(tmp_path: Path) -> Iterator[ReferenceStore]:
    with closing(new_database(tmp_path / "watcher.db")) as database:
        references = ReferenceStore(database)
        references.add([SEVEN, NO_MORE], "first")
        yield references


def test_a_reading_comes_with_its_picture_and_references(references: ReferenceStore) -> None:
    image = digit_picture(7, 1)
    reading = Reading(7, 0.5, 1, (0.0,) * 10, (1,))
    (shown,) = explanations_of([Recognition("a", image, Recognized("", reading), 7)], references, SETTINGS)
    assert (shown.name, shown.label, shown.status, shown.reading) == ("a", 7, "review", reading)
    assert shown.picture is not None
    assert shown.normalized is not None
    assert np.array_equal(shown.picture, read_picture(image))
    assert np.array_equal(shown.normalized, NORMALIZERS[SETTINGS.normalizer](shown.picture))
    (near,) = shown.neighbors
    assert (near.id, near.digit, near.source, near.name) == (1, 7, "images", "7_0.png")
    assert np.array_equal(near.picture, read_picture(SEVEN.image))
    assert np.array_equal(near.normalized, NORMALIZERS[SETTINGS.normalizer](near.picture))


def test_references_that_cannot_be_had_are_left_out(references: ReferenceStore) -> None:
    reading = Reading(7, 1.0, 1, (0.0,) * 10, (99, 2, 1))
    (shown,) = explanations_of([Recognition("a", SEVEN.image, Recognized("", reading))], references, SETTINGS)
    assert [near.id for near in shown.neighbors] == [1]
    assert shown.status == "filed"


def test_what_could_not_be_read_has_its_reason_alone(references: ReferenceStore) -> None:
    unread = Recognition("a", b"", Recognized(None, None, "it is empty"))
    (shown,) = explanations_of([unread], references, SETTINGS)
    assert (shown.status, shown.reason, shown.picture, shown.neighbors) == (
        "failed",
        "it is empty",
        None,
        (),
    )


def test_the_provenance_holds_every_setting_of_recognition() -> None:
    made_with = provenance(SETTINGS, (1,) * 10, 3)
    assert [name for name, _ in made_with.settings] == list(RecognitionSettings.model_fields)
    assert made_with.made_at.endswith("Z")
