"""Render templates; every value is escaped."""

from collections.abc import Callable
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from watcher.report.render.pictures import normalized_uri, picture_uri
from watcher.report.render.terminal import shares
from watcher.report.render.values import GENERATOR
from watcher.report.render.words import duration, verdict
from watcher.text import exact_percent, local_day, percent, printable, share_percent


def render(template: str, **values: Any) -> str:
    """The page that a template makes from these values."""
    return _environment().get_template(template).render(values, generator=GENERATOR)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("watcher.report.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": _unbroken(share_percent),
        "exact_percent": _unbroken(exact_percent),
        "certain": _unbroken(percent),
        "verdict": verdict,
        "shares": shares,
        "printable": printable,
        "picture": picture_uri,
        "normalized": normalized_uri,
        "count": "{:,}".format,
        "duration": duration,
        "local_day": local_day,
    }
    return environment


def _unbroken(words: Callable[..., str]) -> Callable[..., str]:
    """The same words, never broken across two lines."""
    return lambda *values: words(*values).replace(" ", "\N{NO-BREAK SPACE}")
