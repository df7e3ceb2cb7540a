"""config.toml and WATCHER_* of the environment → one frozen Config, all its faults told at once."""

import itertools
import json
import os
import tomllib
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from watcher.errors import ConfigError
from watcher.settings import Config
from watcher.text import did_you_mean, printable

ENVIRONMENT_PREFIX = "WATCHER_"


def load_config(path: Path | None, environ: Mapping[str, str]) -> Config:
    """The configuration of a file, overridden by `WATCHER_SECTION__KEY` of the environment.

    Without a path it is `config.toml` of the current folder, if there is one. Relative paths in it count from
    the folder it lies in. Raises ConfigError with every fault on a line of its own.
    """
    file = path or Path("config.toml")
    origin = printable(str(file))
    written = _read(file, origin) if path or file.exists() else {}
    faults = [
        f"{origin}: [{printable(section)}] is no section{did_you_mean(section, Config.model_fields)}"
        for section in written.keys() - Config.model_fields.keys()
    ]
    sections: dict[str, Any] = {section: written.get(section, {}) for section in Config.model_fields}
    origins: dict[tuple[str, str], str] = {}
    for variable, section, key, text in _overrides(environ):
        fault = _unknown_variable(variable, section, key)
        if fault:
            faults.append(fault)
        elif isinstance(sections[section], dict):
            sections[section] = {**sections[section], key: _value(text, _settings(section)[key].annotation)}
            origins[section, key] = variable
    try:
        config = Config.model_validate(sections, context={"base": file.parent.absolute()})
    except ValidationError as error:
        faults += [_fault(origin, origins, dict(detail)) for detail in error.errors()]
    else:
        faults += [f"{origin}: {fault}" for fault in _folder_faults(config)]
        if not faults:
            return config
    raise ConfigError(sorted(faults))


def _read(file: Path, origin: str) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError([f"{origin}: there is no such file"]) from None
    except OSError as error:
        raise ConfigError([f"{origin}: it cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([f"{origin}: it is not UTF-8 (byte {error.start})"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{origin}: it is not TOML: {printable(str(error))}"]) from None


def _overrides(environ: Mapping[str, str]) -> Iterable[tuple[str, str, str, str]]:
    for variable, text in sorted(environ.items()):
        section, separator, key = variable.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
        if variable.startswith(ENVIRONMENT_PREFIX) and separator:
            yield variable, section, key, text


def _unknown_variable(variable: str, section: str, key: str) -> str | None:
    shown = printable(variable)
    if section not in Config.model_fields:
        hint = did_you_mean(section, Config.model_fields)
        return f"{shown}: there is no section [{printable(section)}]{hint}"
    if key not in _settings(section):
        return f"{shown}: [{section}] has no setting {printable(key)}{did_you_mean(key, _settings(section))}"
    return None


def _settings(section: str) -> Any:
    annotation: Any = Config.model_fields[section].annotation
    return annotation.model_fields


def _value(text: str, annotation: object) -> Any:
    """A variable's text as config.toml would have it: words stay words, all else is read as TOML."""
    if annotation in {str, Path}:
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _fault(origin: str, origins: Mapping[tuple[str, str], str], detail: Mapping[str, Any]) -> str:
    section, *rest = (str(part) for part in detail["loc"])
    if not rest:
        return f"{origin}: {section} must be a section, written [{section}]"
    key = rest[0]
    if detail["type"] == "extra_forbidden":
        return f"{origin}: [{section}] {printable(key)} is no setting{did_you_mean(key, _settings(section))}"
    where = origins.get((section, key), origin)
    given, choices = detail["input"], _choices(section, key)
    if choices:
        hint = did_you_mean(given, filter(None, map(_word, choices))) if isinstance(given, str) else ""
        wanted = f"must be one of {', '.join(map(_toml, choices))}{hint}"
    else:
        wanted = _WANTED.get(detail["type"], detail["msg"].removeprefix("Value error, "))
    return f"{where}: [{section}] {key} = {_toml(given)} {wanted.replace('Input should', 'must')}"


_WANTED = {
    "bool_type": "must be true or false",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "path_type": 'must be a folder, written "in quotes"',
    "string_type": 'must be text, written "in quotes"',
}


def _toml(value: object) -> str:
    return printable(json.dumps(value, default=str, ensure_ascii=False))


def _word(choice: object) -> str | None:
    return choice if isinstance(choice, str) else None


def _choices(section: str, key: str) -> tuple[object, ...]:
    return typing.get_args(_settings(section)[key].annotation)


def _folder_faults(config: Config) -> list[str]:
    """What would come in again once it is filed: folders that are one another, or lie in one another."""
    places = {
        "[inbox] path": Path(os.path.realpath(config.inbox.path)),
        "[outbox] path": Path(os.path.realpath(config.outbox.path)),
        "[references] path": Path(os.path.realpath(config.references.path)),
    }
    faults = []
    for (first, a), (second, b) in itertools.combinations(places.items(), 2):
        if a == b:
            faults.append(f"{first} and {second} are one folder ({_shown(a)}); each needs its own")
        elif b.is_relative_to(a):
            faults.append(f"{second} ({_shown(b)}) lies inside {first} ({_shown(a)}); move it out")
        elif a.is_relative_to(b):
            faults.append(f"{first} ({_shown(a)}) lies inside {second} ({_shown(b)}); move it out")
    if config.database.file.is_relative_to(places["[inbox] path"]):
        faults.append(
            f"[database] url lies inside [inbox] path ({_shown(config.database.file)}); move it out"
        )
    return faults


def _shown(path: Path) -> str:
    return printable(str(path))
