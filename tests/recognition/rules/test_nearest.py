"""The rule `nearest` gives the answers of an exhaustive search, and measures few distances."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from watcher.errors import UnfitReferencesError
from watcher.recognition import RULES, ImageClassifier
from watcher.recognition.rules.euclidean import References
from watcher.recognition.rules.nearest import FEW, Nearest
from watcher.recognition.rules.projection import AXES, LEAST_REFERENCES, fit_projection, useful_projection
from watcher.recognition.similarity import NEAREST, flat

Labels = NDArray[np.int64]
Pictures = NDArray[np.float32]

counts = st.lists(st.integers(0, 12), min_size=10, max_size=10).filter(any)
projected = st.booleans()


def grid(rng: np.random.Generator, size: tuple[int, ...], steps: int) -> Pictures:
    """Numbers from 0 to 1; float32 adds thousands of their squares without rounding, so ties stay ties."""
    return (rng.integers(0, steps + 1, size) / 8).astype(np.float32)


def rule_of(references: Pictures, labels: Labels, *, projection: bool) -> Nearest:
    rows = flat(references, np.float32)
    return Nearest(references, labels, known=References(rows, fit_projection(rows) if projection else None))


def exhaustive(
    references: Pictures, labels: Labels, picture: Pictures, without: int | None = None
) -> tuple[list[int], list[float]]:
    """The indices of the nearest and the distance to each digit, as a plain loop."""
    apart = (references.astype(np.float64) - picture.astype(np.float64)).reshape(len(references), -1)
    squares = (apart**2).sum(axis=1)
    order = sorted((i for i in range(len(references)) if i != without), key=lambda i: (squares[i], i))
    distances = []
    for digit in range(10):
        few = [float(np.sqrt(squares[i])) for i in order if labels[i] == digit][:FEW]
        distances.append(sum(few) / len(few) if few else np.inf)
    return order[:NEAREST], distances


@given(
    seed=st.integers(0, 2**32),
    counts=counts,
    values=st.sampled_from([1, 9, 80]),
    steps=st.integers(0, 8),
    alike=st.integers(0, 120),
    projection=projected,
)
def test_answers_equal_an_exhaustive_search(
    seed: int, counts: list[int], values: int, steps: int, alike: int, *, projection: bool
) -> None:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(10), counts)
    references = grid(rng, (len(labels), values), steps)
    references[rng.integers(0, len(labels), alike)] = references[rng.integers(0, len(labels))]
    blank = np.zeros((1, values), np.float32)
    pictures = np.concatenate([references[:2], grid(rng, (4, values), steps), blank])
    rule = rule_of(references, labels, projection=projection)
    found = rule.compare(pictures)
    for row, picture in enumerate(pictures):
        nearest, distances = exhaustive(references, labels, picture)
        assert found.nearest[row].tolist() == nearest
        assert found.distances[row] == pytest.approx(distances, rel=1e-6)
    left_out = rule.leave_one_out(np.arange(len(labels)))
    for index, picture in enumerate(references):
        nearest, distances = exhaustive(references, labels, picture, without=index)
        assert left_out.nearest[index].tolist() == nearest
        assert left_out.distances[index] == pytest.approx(distances, rel=1e-6)


@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 100),
    values=st.sampled_from([1, 30, 300]),
    offset=st.sampled_from([0.0, 1.0, -1000.0]),
    magnitude=st.sampled_from([1e-22, 1e-3, 1.0, 255.0]),
    spread=st.sampled_from([0.0, 1e-7, 1e-3, 1.0]),
    projection=projected,
)
def test_bounds_never_exceed_the_measured_distance(
    seed: int, count: int, values: int, *, offset: float, magnitude: float, spread: float, projection: bool
) -> None:
    rng = np.random.default_rng(seed)
    kinds = rng.random((1 + count % 3, values))
    rows, pictures = (
        np.asarray(
            magnitude * (offset + kinds[rng.integers(0, len(kinds), n)] + spread * rng.random((n, values))),
            np.float32,
        )
        for n in (count, 5)
    )
    references = References(rows)
    bounds = (fit_projection(rows) if projection else references).bounds(pictures)
    which, others = np.indices((5, count)).reshape(2, -1)
    measured = references.measured(pictures, which, others).reshape(5, count)
    assert (bounds.table <= bounds.limits(measured)).all()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("huge", [1e20, 3e38, np.inf, np.nan])
@pytest.mark.parametrize("rule", ["nearest", "averaged"])
@pytest.mark.parametrize("count", [3, LEAST_REFERENCES])
def test_numbers_whose_squares_overflow_are_refused(rule: str, count: int, huge: float) -> None:
    references = np.random.default_rng(0).random((count, 300)).astype(np.float32)
    labels = np.sort(np.arange(count) % 10)
    made = RULES[rule](references, labels)
    with pytest.raises(UnfitReferencesError, match="finite numbers"):
        made.compare(np.full((1, 300), huge, np.float32))
    references[1] = huge
    made = RULES[rule](references, labels)
    with pytest.raises(UnfitReferencesError, match="finite numbers"):
        made.leave_one_out(np.arange(3))


@pytest.fixture(scope="module")
def many() -> tuple[Pictures, Labels, Pictures]:
    """References, labels and pictures: many enough for a projection, and similar enough that it helps."""
    rng = np.random.default_rng(5)
    ways = rng.random((40, 28 * 28))
    drawn = rng.random((LEAST_REFERENCES + 60, 40)) ** 3 @ ways + 0.1 * rng.random(
        (LEAST_REFERENCES + 60, 28 * 28)
    )
    drawn = (drawn / drawn.max()).astype(np.float32)
    noise = rng.random((20, 28, 28)).astype(np.float32)
    pictures = np.concatenate([drawn[LEAST_REFERENCES:].reshape(-1, 28, 28), noise, noise[:1] * 0])
    return (
        drawn[:LEAST_REFERENCES].reshape(-1, 28, 28),
        np.sort(rng.integers(0, 10, LEAST_REFERENCES)),
        pictures,
    )


def test_answers_for_many_references_equal_an_exhaustive_search(
    many: tuple[Pictures, Labels, Pictures],
) -> None:
    references, labels, pictures = many
    assert useful_projection(flat(references, np.float32)) is not None
    found = Nearest(references, labels).compare(pictures)
    for row, picture in enumerate(pictures):
        nearest, distances = exhaustive(references, labels, picture)
        assert found.nearest[row].tolist() == nearest
        assert found.distances[row] == pytest.approx(distances, rel=1e-5)


def test_few_of_many_references_are_measured(
    many: tuple[Pictures, Labels, Pictures], monkeypatch: pytest.MonkeyPatch
) -> None:
    references, labels, pictures = many
    pairs = []
    measured = References.measured

    def counting(self: References, some: Pictures, which: Labels, others: Labels) -> NDArray[np.float32]:
        pairs.append(len(which))
        return measured(self, some, which, others)

    rule = Nearest(references, labels)
    monkeypatch.setattr(References, "measured", counting)
    rule.compare(pictures)
    assert sum(pairs) < 0.2 * len(pictures) * LEAST_REFERENCES


def test_answers_do_not_depend_on_the_batch(many: tuple[Pictures, Labels, Pictures]) -> None:
    references, labels, pictures = many
    rule = Nearest(references, labels)
    together = rule.compare(pictures)
    for row in range(len(pictures)):
        alone = rule.compare(pictures[row : row + 1])
        assert np.array_equal(alone.distances[0], together.distances[row])
        assert np.array_equal(alone.nearest[0], together.nearest[row])


def test_a_projection_is_made_only_if_it_saves_time() -> None:
    rng = np.random.default_rng(0)
    alike = (rng.random((LEAST_REFERENCES, AXES // 2)) @ rng.random((AXES // 2, 400))).astype(np.float32)
    assert useful_projection(alike) is not None
    assert useful_projection(alike[: LEAST_REFERENCES - 1]) is None
    assert useful_projection(np.ascontiguousarray(alike[:, :200])) is None
    assert useful_projection(rng.random((LEAST_REFERENCES, 4000)).astype(np.float32)) is None


def test_the_projection_is_saved_with_the_references(
    many: tuple[Pictures, Labels, Pictures], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    references, labels, pictures = many
    asked = np.zeros((len(pictures), 64, 64, 3), np.uint8)
    asked[:, :28, :28] = np.rint(255 * pictures)[..., None]

    def corner(picture: NDArray[np.uint8]) -> Pictures:
        return picture[:28, :28, 0].astype(np.float32) / np.float32(255)

    def takes_its_time(_rows: object) -> None:
        pytest.fail("the projection is made again")

    fitted = ImageClassifier(corner, "nearest").fit_normalized(references, labels)
    fitted.save(tmp_path / "saved")
    monkeypatch.setattr("watcher.recognition.rules.nearest.useful_projection", takes_its_time)
    loaded = ImageClassifier.load(tmp_path / "saved", corner)
    assert (tmp_path / "saved" / "sketches.npy").stat().st_size < 0.1 * references.nbytes
    assert loaded.classify(asked) == fitted.classify(asked)
