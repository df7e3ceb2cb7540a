"""The pages of `watcher evaluate --html` and `watcher classify --html`; they need no other file."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from watcher.recognition.calibration.evaluation import Evaluation
from watcher.report.render.charts import coverage_chart, reliability_chart
from watcher.report.render.measures import error_by_coverage, reliability
from watcher.report.render.rendering import render
from watcher.report.render.values import Explanation, Provenance
from watcher.text import exact_percent, share_percent


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The contents of an evaluation's page.

    `without` is the outcome for the images that are no references; `answers` are (certainty, whether it was
    right); `misread` the mistakes that are shown, `more` how many others there are; `unreadable` (name,
    reason) of the images that were left out.
    """

    source: str
    outcome: Evaluation
    without: Evaluation
    review_below: float
    answers: Sequence[tuple[float, bool]]
    misread: Sequence[Explanation]
    more: int
    unreadable: Sequence[tuple[str, str]]


def evaluation_page(evaluated: Evaluated, provenance: Provenance) -> str:
    """The page of `watcher evaluate --html`."""
    outcome = evaluated.outcome
    certainty = np.array([sure for sure, _ in evaluated.answers], np.float64)
    right = np.array([was_right for _, was_right in evaluated.answers], np.bool_)
    curve = [(share, error) for share, error, _ in error_by_coverage(certainty, ~right)]
    bins, marks = reliability(certainty, right), _marks(evaluated, curve)
    return render(
        "evaluation.html",
        evaluated=evaluated,
        outcome=outcome,
        filed=outcome.images - outcome.review,
        bins=bins,
        marks=marks,
        reliability=reliability_chart(bins),
        coverage=coverage_chart(curve, marks),
        most_confused=max(
            (
                count
                for row, counts in enumerate(outcome.confusion)
                for column, count in enumerate(counts)
                if row != column
            ),
            default=0,
        ),
        first=_first(evaluated.misread),
        provenance=provenance,
    )


def explanations_page(explanations: Sequence[Explanation], more: int, provenance: Provenance) -> str:
    """The page of `watcher classify --html`; `more` is how many files are not shown."""
    return render("explanations.html", explanations=explanations, more=more, provenance=provenance)


def _first(misread: Sequence[Explanation]) -> dict[tuple[int | None, int], int]:
    """The number, from 1, of the first mistake of each (label, best guess)."""
    first: dict[tuple[int | None, int], int] = {}
    for number, mistake in enumerate(misread, start=1):
        if mistake.reading and mistake.reading.digit is not None:
            first.setdefault((mistake.label, mistake.reading.digit), number)
    return first


def _marks(evaluated: Evaluated, curve: Sequence[tuple[float, float]]) -> list[tuple[float, float, str, str]]:
    """(coverage, error rate, CSS class, words): for the current settings, and for each given error rate."""
    outcome = evaluated.outcome
    if not outcome.images:
        return []
    errors = dict(curve)
    marks = [
        (
            share,
            errors.get(share, 0.0),
            f"bearable{number}",
            f"{share_percent(share)} can be filed with at most {exact_percent(float(rate))} misread",
        )
        for number, (rate, share) in enumerate(outcome.coverage.items())
    ]
    filed = outcome.images - outcome.review
    wrong = outcome.wrong_filed / filed if filed else 0.0
    share = filed / outcome.images
    words = f"with the current settings: {share_percent(share)} filed, {share_percent(wrong)} of them misread"
    return [(share, wrong, "set", words), *marks]
