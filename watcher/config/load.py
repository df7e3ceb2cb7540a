"""Read config.toml and WATCHER_* in the environment into one frozen Config; report all faults at once."""

import itertools
import json
import os
import tomllib
import typing
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from watcher.config.settings import Config
from watcher.config.tomlfile import TomlFile, read_toml
from watcher.errors import ConfigError
from watcher.text import did_you_mean, nearest, printable

FILE = Path("config.toml")
PREFIX = "WATCHER_"
DEFAULT = "default"

Key = tuple[str, str]


@dataclass(frozen=True)
class LoadedConfig:
    """A configuration, and where its values come from."""

    config: Config
    file: TomlFile | None
    variables: Mapping[Key, str]

    def origin(self, section: str, key: str) -> str:
        """Where a setting's value comes from: a variable, `FILE:LINE`, or `default`."""
        if (section, key) in self.variables:
            return self.variables[section, key]
        if self.file and key in self.file.values.get(section, {}):
            return self.file.place(section, key)
        return DEFAULT


def load_config(path: Path | None, environ: Mapping[str, str]) -> Config:
    """The configuration from a file, overridden by `WATCHER_SECTION__KEY` in the environment.

    Without a path, the file is `config.toml` in the current folder, if there is one. Paths in it are relative
    to its folder. Raises ConfigError with every fault on a line of its own.
    """
    return load_with_origins(path, environ).config


def load_with_origins(path: Path | None, environ: Mapping[str, str]) -> LoadedConfig:
    """As `load_config`, together with where each value comes from."""
    file, faults = _read(path or FILE, is_named=path is not None)
    written: Mapping[str, Any] = file.values if file else {}
    sections: dict[str, Any] = {section: written.get(section, {}) for section in Config.model_fields}
    variables, unknown_variables = _variables(environ)
    for (section, key), variable in variables.items():
        if isinstance(sections[section], dict):
            value = _value(environ[variable], _settings(section)[key].annotation)
            sections[section] = {**sections[section], key: value}
    in_doubt = set() if not faults else _every_key() - variables.keys()
    faults += unknown_variables
    if file:
        faults += [
            f"{file.place(section)}: [{printable(section)}] is not a section"
            f"{did_you_mean(section, Config.model_fields)}"
            for section in written
            if section not in Config.model_fields
        ]
    context = {"base": (path or FILE).parent.absolute()}
    try:
        config = Config.model_validate(sections, context=context)
    except ValidationError as error:
        details = [dict(detail) for detail in error.errors()]
        faults += [_fault(file, variables, detail) for detail in details]
        in_doubt |= _drop(sections, details)
        config = Config.model_validate(sections, context=context)
    loaded = LoadedConfig(config, file, variables)
    faults += _folder_faults(loaded, in_doubt | _misspelled(written, environ, variables))
    if faults:
        raise ConfigError(sorted(faults, key=_by_line))
    return loaded


def _read(path: Path, *, is_named: bool) -> tuple[TomlFile | None, list[str]]:
    """The file and what is wrong with it as a whole. Only a file that is named must be there."""
    if not is_named and not path.exists():
        return None, []
    try:
        return read_toml(path), []
    except ConfigError as error:
        return None, error.faults


def _every_key() -> set[Key]:
    return {(section, key) for section in Config.model_fields for key in _settings(section)}


def _drop(sections: dict[str, Any], details: Iterable[Mapping[str, Any]]) -> set[Key]:
    """Remove the faulty values, so that the others can be compared; returns the keys without a value."""
    dropped: set[Key] = set()
    for detail in details:
        section, *rest = detail["loc"]
        if rest:
            sections[section] = {key: value for key, value in sections[section].items() if key != rest[0]}
            dropped.add((section, rest[0]))
        else:
            sections[section] = {}
            dropped |= {(section, key) for key in _settings(section)}
    return dropped


def _misspelled(
    written: Mapping[str, Any], environ: Mapping[str, str], variables: Mapping[Key, str]
) -> set[Key]:
    """The keys that a misspelled section, key or variable probably means: their values are not known."""
    meant: set[Key] = set()
    for section, values in written.items():
        near = section if section in Config.model_fields else nearest(section, Config.model_fields)
        if near is not None and isinstance(values, dict):
            guesses = {(near, guess) for key in values if (guess := nearest(key, _settings(near)))}
            meant |= {(near, key) for _, key in guesses if key not in _keys(written.get(near))}
    known_variables = {_variable(*key): key for key in _every_key()}
    for variable in environ:
        if variable.startswith(PREFIX) and variable.upper() not in known_variables:
            near = nearest(variable.upper(), known_variables, prefix=PREFIX)
            meant |= {known_variables[near]} if near else set()
    return meant - variables.keys()


def _variables(environ: Mapping[str, str]) -> tuple[dict[Key, str], list[str]]:
    """The variables that override settings, and a fault for each other variable with our prefix."""
    known = {_variable(*key): key for key in _every_key()}
    ours = sorted(variable for variable in environ if variable.startswith(PREFIX))
    unknown = [variable for variable in ours if variable.upper() not in known]
    faults = [
        f"{printable(name)}: there is no such setting{did_you_mean(name.upper(), known, prefix=PREFIX)}"
        for name in unknown
    ]
    return {known[variable.upper()]: variable for variable in ours if variable.upper() in known}, faults


def _variable(section: str, key: str) -> str:
    return f"{PREFIX}{section}__{key}".upper()


def _keys(values: object) -> Collection[str]:
    return values.keys() if isinstance(values, dict) else set()


def _settings(section: str) -> Any:
    annotation: Any = Config.model_fields[section].annotation
    return annotation.model_fields


def _value(text: str, annotation: object) -> Any:
    """A variable's text as the value in config.toml: text stays text, anything else is read as TOML."""
    if annotation in {str, Path}:
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _fault(file: TomlFile | None, variables: Mapping[Key, str], detail: Mapping[str, Any]) -> str:
    section, *rest = (str(part) for part in detail["loc"])
    place = file.place(section, *rest[:1]) if file else str(FILE)
    if not rest:
        return f"{place}: {section} must be a section, written [{section}]"
    key = rest[0]
    if detail["type"] == "extra_forbidden":
        hint = did_you_mean(key, _settings(section))
        return f"{place}: [{section}] {printable(key)} is not a setting{hint}"
    given, choices = detail["input"], typing.get_args(_settings(section)[key].annotation)
    if choices:
        hint = did_you_mean(given, filter(None, map(_word, choices))) if isinstance(given, str) else ""
        wanted = f"must be one of {', '.join(map(_toml, choices))}{hint}"
    else:
        wanted = _WANTED.get(detail["type"], detail["msg"].removeprefix("Value error, "))
    where = variables.get((section, key), place)
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


def _by_line(fault: str) -> tuple[int, str]:
    """Sort key: faults of the environment first, then those of the file by line."""
    line = fault.split(":")[1]
    return (int(line) if line.isdecimal() else 0), fault


def _folder_faults(loaded: LoadedConfig, in_doubt: Collection[Key]) -> list[str]:
    """Folders that are the same or inside each other: filed pictures would come in again.

    Settings that are `in_doubt` are not compared.
    """
    config = loaded.config
    places = {
        section: Path(os.path.realpath(settings.path))
        for section, settings in (
            ("inbox", config.inbox),
            ("outbox", config.outbox),
            ("references", config.references),
        )
        if (section, "path") not in in_doubt
    }
    faults = []
    for (first, a), (second, b) in itertools.combinations(places.items(), 2):
        where = _origin(loaded, (first, "path"), (second, "path"))
        if a == b:
            both = f"[{first}] path and [{second}] path are the same folder"
            faults.append(f"{where}: {both} ({_shown(a)}); give each its own")
        elif b.is_relative_to(a):
            faults.append(f"{where}: {_inside(second, b, first, a)}")
        elif a.is_relative_to(b):
            faults.append(f"{where}: {_inside(first, a, second, b)}")
    is_known = "inbox" in places and ("database", "url") not in in_doubt
    if is_known and config.database.file.is_relative_to(places["inbox"]):
        where = _origin(loaded, ("inbox", "path"), ("database", "url"))
        faults.append(
            f"{where}: [database] url is inside [inbox] path ({_shown(config.database.file)}); move it out"
        )
    return faults


def _inside(section: str, path: Path, outer: str, around: Path) -> str:
    return f"[{section}] path ({_shown(path)}) is inside [{outer}] path ({_shown(around)}); move it out"


def _origin(loaded: LoadedConfig, *keys: Key) -> str:
    """Where the last of these settings comes from, leaving out those with defaults."""
    origins = [loaded.origin(*key) for key in keys]
    return next((origin for origin in reversed(origins) if origin != DEFAULT), str(FILE))


def _shown(path: Path) -> str:
    return printable(str(path))
