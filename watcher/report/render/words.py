"""Durations and verdicts as text, the same on pages and terminals."""

from watcher.report.render.values import Explanation


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
    """What happens to the picture and why, as a sentence."""
    reading, reason = explanation.reading, explanation.reason
    if reading is None:
        return f"It could not be read: {reason}."
    if explanation.status == "filed":
        return f"It would be filed under {reading.digit}."
    return f"It would go to review: {reason}."
