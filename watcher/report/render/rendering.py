"""Templates with values put in, which are escaped whatever they hold."""

from collections.abc import Callable
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from watcher.report.render.pictures import normalized_uri, picture_uri
from watcher.report.render.terminal import shares
from watcher.report.render.values import GENERATOR
from watcher.report.render.words import certain, duration, percent, verdict
from watcher.text import printable


def render(template: str, **values: Any) -> str:
    """The page that a template makes of these values."""
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
        "percent": _together(percent),
        "certain": _together(certain),
        "verdict": verdict,
        "shares": shares,
        "printable": printable,
        "picture": picture_uri,
        "normalized": normalized_uri,
        "count": "{:,}".format,
        "duration": duration,
    }
    return environment


def _together(words: Callable[..., str]) -> Callable[..., str]:
    """The same words, on one line where a page breaks them."""
    return lambda *values: words(*values).replace(" ", "\N{NO-BREAK SPACE}")
