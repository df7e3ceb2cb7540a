"""ImageClassifier: learns from labeled pictures; recognizes the digits of others, with a certainty."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from watcher.errors import UnfitReferencesError
from watcher.recognition.calibration.certainty import CertaintyModel
from watcher.recognition.calibration.fit import Checked, EarlyExit, FittedModel, fit_model, sorted_by_digit
from watcher.recognition.images.decode import SIDE
from watcher.recognition.normalize import FORMER_NAMES, NORMALIZERS, Normalizer, normalize_batch
from watcher.recognition.persistence import read_folder, write_folder
from watcher.recognition.reading import NO_INK, UNLIKE_ALL, LeftOut, Reading
from watcher.recognition.rules import RULES, make_rule
from watcher.recognition.similarity import Rule

BLOCK = 128  # pictures classified at once; their normalized arrays stay in the processor's caches
FORMAT = 12
Choice = TypeVar("Choice")


class ImageClassifier:
    """Recognizes handwritten digits by comparing pictures with labeled references.

    >>> classifier = ImageClassifier().fit(pictures, labels)  # (n, 64, 64, 3) uint8 RGB, (n,) digits
    >>> classifier.classify(others)[0].digit
    7

    `normalizer`: a name in NORMALIZERS, or any callable from a picture to an array. `rule`: a name in RULES.
    `augment`: if there are few references, also compare with distorted copies of them; only for `deformable`.
    """

    def __init__(
        self, normalizer: str | Normalizer = "centered", rule: str = "deformable", *, augment: bool = True
    ) -> None:
        normalizer = FORMER_NAMES.get(normalizer, normalizer) if isinstance(normalizer, str) else normalizer
        self._normalizer_name = normalizer if isinstance(normalizer, str) else None
        self._normalize = (
            _named("normalizer", normalizer, NORMALIZERS) if isinstance(normalizer, str) else normalizer
        )
        self._rule_name = rule
        self._rule_kind = _named("rule", rule, RULES)
        self._augment = augment
        self._fitted: FittedModel | None = None

    def fit(self, pictures: ArrayLike, labels: ArrayLike, ids: ArrayLike | None = None) -> Self:
        """Learn from (n, 64, 64, 3) uint8 RGB pictures, their digits (n,) and ids (n,).

        Without ids, the references are numbered from 0. Raises UnfitReferencesError if there are none or they
        do not fit together.
        """
        batch = _batch(pictures, UnfitReferencesError)
        if not len(batch):
            raise UnfitReferencesError("there are no references to learn from")
        return self.fit_normalized(self.normalize(batch), labels, ids)

    def fit_normalized(
        self, normalized: NDArray[Any], labels: ArrayLike, ids: ArrayLike | None = None
    ) -> Self:
        """Learn from (n, …) pictures that `normalize` returned, their digits (n,) and ids (n,).

        Raises UnfitReferencesError if there are none or they do not fit together.
        """
        numbers = np.arange(len(normalized)) if ids is None else np.asarray(ids)
        references, digits, sorted_ids = sorted_by_digit(normalized, np.asarray(labels), numbers)
        rule = make_rule(self._rule_name, references, digits, augment=self._augment)
        self._fitted = fit_model(rule, digits, sorted_ids)
        return self

    def normalize(self, pictures: ArrayLike) -> NDArray[Any]:
        """(m, …) the arrays that the rule compares, for one (64, 64, 3) picture or a batch (m, 64, 64, 3).

        Raises UnfitReferencesError if the normalizer gives arrays of different shapes.
        """
        try:
            return normalize_batch(self._normalize, _batch(pictures, ValueError))
        except ValueError as error:
            raise UnfitReferencesError(
                f"the normalizer does not give arrays of one shape: {error}"
            ) from error

    def classify(self, pictures: ArrayLike) -> list[Reading]:
        """A Reading for each of (m, 64, 64, 3) uint8 RGB pictures; for one (64, 64, 3) picture a list of one.

        Raises UnfitReferencesError before fit(), ValueError for any other array.
        """
        fitted = self._known()
        batch = _batch(pictures, ValueError)
        blocks = (batch[at : at + BLOCK] for at in range(0, len(batch), BLOCK))
        return [reading for block in blocks for reading in self._read(fitted, block)]

    def warm_up(self) -> None:
        """Compare one picture, so that the next one need not wait until everything is loaded and cached.

        Raises UnfitReferencesError before fit().
        """
        stroke = np.full((1, SIDE, SIDE, 3), 255, np.uint8)
        stroke[:, 16:48, 29:35] = 0
        self._known().rule.compare(self.normalize(stroke))

    def leave_one_out(self) -> tuple[LeftOut, ...]:
        """The answers for at most 2,000 references, evenly chosen, each compared with all the others.

        Raises UnfitReferencesError before fit().
        """
        fitted = self._known()
        checked = fitted.checked
        columns = (
            fitted.ids[checked.indices],
            fitted.labels[checked.indices],
            checked.guesses,
            checked.certainties,
        )
        return tuple(LeftOut(*row) for row in zip(*(column.tolist() for column in columns), strict=True))

    @property
    def counts(self) -> tuple[int, ...]:
        """How many references each of the ten digits has."""
        if self._fitted is None:
            return (0,) * 10
        return tuple(np.bincount(self._fitted.labels, minlength=10).tolist())

    def save(self, folder: Path) -> None:
        """Write the fitted classifier into a folder; replaces its content.

        Raises UnfitReferencesError before fit().
        """
        fitted = self._known()
        arrays = {
            **fitted.rule.arrays(),
            "labels": fitted.labels,
            "ids": fitted.ids,
            "left_out": fitted.checked.indices,
            "guesses": fitted.checked.guesses,
            "certainties": fitted.checked.certainties,
        }
        facts = {
            "format": FORMAT,
            "normalizer": self._normalizer_name and kept_as(self._normalizer_name),
            "rule": self._rule_name,
            "augment": self._augment,
            "slope": fitted.model.slope,
            "power": fitted.model.power,
            "glance": None if fitted.early_exit is None else asdict(fitted.early_exit),
            "oddest": fitted.novelty_limit,
        }
        write_folder(folder, arrays, facts)

    @classmethod
    def load(cls, folder: Path, normalizer: Normalizer | None = None, *, mmap: bool = True) -> Self:
        """The classifier saved in a folder; with mmap, processes that load it share its memory.

        If it was saved with a callable normalizer, give that callable again. Raises UnfitReferencesError if
        the folder is damaged, has another format, or the normalizer is missing.
        """
        arrays, facts = read_folder(folder, mmap=mmap)
        try:
            known, name = facts["format"], facts["normalizer"]
            if known != FORMAT:
                raise UnfitReferencesError(
                    f"{folder} has format {known}, not {FORMAT}: fit and save it again"
                )
            if name is None and normalizer is None:
                raise UnfitReferencesError(
                    f"{folder} was saved with a callable as its normalizer: give it to load()"
                )
            loaded = cls(name if normalizer is None else normalizer, facts["rule"], augment=facts["augment"])
            loaded._fitted = _restored(loaded._rule_kind, arrays, facts)
        except KeyError as error:
            raise UnfitReferencesError(f"{folder} holds no sound classifier: {error} is missing") from error
        except (ValueError, TypeError) as error:
            raise UnfitReferencesError(f"{folder} holds no sound classifier: {error}") from error
        return loaded

    def _read(self, fitted: FittedModel, batch: NDArray[np.uint8]) -> Iterator[Reading]:
        normalized = self.normalize(batch)
        found, certainties, is_novel = fitted.compare(normalized)
        orders = np.argsort(found.distances, axis=1, kind="stable")
        present = np.isfinite(found.distances).sum(axis=1)
        reasons = _reasons(normalized, is_novel)
        best, second = orders[:, 0].tolist(), orders[:, 1].tolist()
        columns = zip(
            best,
            certainties.tolist(),
            [one if count > 1 else None for one, count in zip(second, present.tolist(), strict=True)],
            map(tuple, found.scores.tolist()),
            map(tuple, fitted.ids[found.nearest].tolist()),
            reasons,
            strict=True,
        )
        return map(_without_guess_if_blank, map(Reading._make, columns))

    def _known(self) -> FittedModel:
        if self._fitted is None:
            raise UnfitReferencesError("there are no references yet: call fit() first")
        return self._fitted

    def __repr__(self) -> str:
        held = [count for count in self.counts if count]
        if not held:
            return "ImageClassifier without references"
        digits = "1 digit" if len(held) == 1 else f"{len(held)} digits"
        each = f"{held[0]}" if min(held) == max(held) else f"{min(held)} to {max(held)}"
        return f"ImageClassifier with {digits}, {each} {'reference' if each == '1' else 'references'} each"


def kept_as(normalizer: str) -> str:
    """The name of a normalizer in saved classifiers: its first one, so that these stay usable."""
    return next((former for former, name in FORMER_NAMES.items() if name == normalizer), normalizer)


def _named(kind: str, name: str, choices: Mapping[str, Choice]) -> Choice:
    if name in choices:
        return choices[name]
    close = difflib.get_close_matches(name, choices, n=1)
    hint = f": did you mean {close[0]}?" if close else ""
    raise ValueError(f"there is no {kind} {name}{hint} (there are {', '.join(choices)})")


def _reasons(normalized: NDArray[Any], is_novel: NDArray[np.bool_]) -> list[str | None]:
    """Why no digit can be recognized in each picture, None if one can."""
    has_ink = np.asarray(normalized.reshape(len(normalized), -1).any(axis=1))
    both = zip(has_ink.tolist(), is_novel.tolist(), strict=True)
    return [(UNLIKE_ALL if novel else None) if ink else NO_INK for ink, novel in both]


def _without_guess_if_blank(reading: Reading) -> Reading:
    if reading.reason != NO_INK:
        return reading
    return reading._replace(digit=None, certainty=0.0, runner_up=None, nearest=())


def _restored(kind: type[Rule], arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> FittedModel:
    """The model that was saved. Raises KeyError, ValueError or TypeError if its values are wrong."""
    model, early_exit, novelty_limit = _model(facts), facts["glance"], facts["oddest"]
    if early_exit is not None:
        early_exit = EarlyExit(float(early_exit["lead"]), _model(early_exit["model"]))
    if not (novelty_limit is None or novelty_limit >= 0):
        raise ValueError(f"its novelty limit is {novelty_limit}")
    if not isinstance(facts["augment"], bool):
        raise TypeError(f"augment is {facts['augment']}")
    labels, ids = arrays["labels"], arrays["ids"]
    checked = Checked(arrays["left_out"], arrays["guesses"], arrays["certainties"])
    rule = kind.restored(arrays, labels)
    return FittedModel(rule, labels, ids, model, early_exit, novelty_limit, checked)


def _model(facts: Mapping[str, Any]) -> CertaintyModel:
    slope, power = float(facts["slope"]), float(facts["power"])
    if not (slope >= 0 and power > 0):
        raise ValueError(f"its certainty is {slope}, {power}")
    return CertaintyModel(slope, power)


def _batch(pictures: ArrayLike, error: type[Exception]) -> NDArray[np.uint8]:
    batch = np.asarray(pictures)
    if batch.size == 0:
        return np.zeros((0, SIDE, SIDE, 3), np.uint8)
    if batch.ndim == 3:
        batch = batch[None]
    if batch.shape[1:] != (SIDE, SIDE, 3) or batch.dtype != np.uint8:
        raise error(f"pictures are (n, {SIDE}, {SIDE}, 3) uint8, not {batch.shape} {batch.dtype}")
    return batch
