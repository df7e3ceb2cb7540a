"""A TOML file that knows the line of each of its keys."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from watcher.errors import ConfigError
from watcher.text import printable, refusal

BYTE_ORDER_MARK = "\ufeff"
"""Some editors begin a file with it; TOML does not allow it."""
_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True)
class TomlFile:
    """A file's name as people see it, its text, and the values in it."""

    name: str
    text: str
    values: Mapping[str, Any]

    def place(self, *keys: str) -> str:
        """`NAME:LINE` of the value under these nested keys; `NAME` if there is none."""
        line = self._lines.get(keys)
        return f"{self.name}:{line}" if line else self.name

    @cached_property
    def _lines(self) -> dict[tuple[str, ...], int]:
        # tomllib gives no positions. So the file is parsed line by line: a key is on the line that adds it.
        lines: dict[tuple[str, ...], int] = {}
        source, start = self.text.split("\n"), 1
        for end in range(1, len(source) + 1):
            try:
                values = tomllib.loads("\n".join(source[:end]))
            except tomllib.TOMLDecodeError:
                continue  # in the middle of a value
            for keys in _nested(values):
                lines.setdefault(keys, start)
            start = end + 1
        return lines


def read_toml(file: Path) -> TomlFile:
    """Read a TOML file. Raises ConfigError with what is wrong and where."""
    name = printable(str(file))
    text = ""
    try:
        text = file.read_text("utf-8").removeprefix(BYTE_ORDER_MARK)
        return TomlFile(name, text, tomllib.loads(text))
    except FileNotFoundError:
        fault = f"{name}: there is no such file"
    except OSError as error:
        fault = f"{name}: it cannot be read: {refusal(error, file)}"
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        fault = f"{name}:{line}: it is not UTF-8 (byte {error.start}); save it as UTF-8"
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        found = _AT_LINE.search(said)
        line = int(found[1]) if found and found[1] else text.rstrip("\n").count("\n") + 1
        fault = f"{name}:{line}: it is not TOML: {printable(_AT_LINE.sub('', said))}"
    raise ConfigError([fault])


def _nested(values: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for key, value in values.items():
        yield (key,)
        if isinstance(value, dict):
            yield from ((key, *rest) for rest in _nested(value))
