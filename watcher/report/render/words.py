"""Numbers in words and figures, the same on pages and terminals."""

import math

from watcher.report.render.values import Explanation


def percent(share: float, places: int = 1) -> str:
    """0.0305 → 3.1 %: rounded, but never to 0 or to all unless it is just that."""
    shown = round(100 * share, places)
    step = 10.0**-places
    if share > 0:
        shown = max(shown, step)
    if share < 1:
        shown = min(shown, 100 - step)
    return f"{shown:.{places}f} %"


def certain(certainty: float) -> str:
    """0.98376 → 98.3 %: rounded down, so that nothing seems to reach a threshold that it does not."""
    return f"{math.floor(round(certainty * 1000, 6)) / 10:.1f} %"


def duration(seconds: float) -> str:
    """0.0351 → 35 ms, 2.5 → 2.5 s, 100 → 1 min 40 s, 9000 → 2 h 30 min."""
    if seconds < 1:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, left = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {left} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min"


def verdict(explanation: Explanation) -> str:
    """What becomes of the picture and why, as a sentence."""
    reading, reason = explanation.reading, explanation.reason
    if reading is None:
        return f"It could not be read: {reason}."
    if explanation.status == "filed":
        return f"It would be filed under {reading.digit}."
    return f"It would go to review: {reason}."
