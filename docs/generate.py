"""Writes the pages of docs/reference/ from the program itself: `make reference`.

`pages` gives them as text; a test holds the committed ones against it.
"""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import annotated_types
import click
from pydantic.fields import FieldInfo
from sqlalchemy import MetaData, Table

from watcher.cli import COMMANDS, watcher
from watcher.config.settings import Config
from watcher.store import schema, views

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py; `make reference` writes it anew. -->\n"
WIDTH = 100


def main() -> None:
    """Write them all."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")


def pages() -> dict[str, str]:
    """Each page by its name."""
    made = {"commands.md": _commands(), "settings.md": _settings(), "tables.md": _tables()}
    return {name: NOTE + "\n".join(lines) + "\n" for name, lines in made.items()}


def _commands() -> Iterator[str]:
    yield "# Commands"
    yield "What `--help` says of each. Exit codes: 0 it is done, 1 it failed, 2 wrong use, 78 the settings"
    yield "are wrong, 141 the reader of the output ended first, as `head` does."
    yield ""
    yield from _help("watcher", watcher)
    for name in COMMANDS:
        command: click.Command = importlib.import_module(f"watcher.cli.commands.{name}").command
        yield from _help(f"watcher {name}", command)
        if isinstance(command, click.Group):
            for part, below in command.commands.items():
                yield from _help(f"watcher {name} {part}", below)


def _help(path: str, command: click.Command) -> Iterator[str]:
    context = click.Context(
        command,
        info_name=path,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=["-h", "--help"],
    )
    yield f"## {path}"
    yield "```text"
    yield command.get_help(context)
    yield "```"
    yield ""


def _settings() -> Iterator[str]:
    yield "# Settings"
    yield "They stand in `config.toml` of the current folder, or in the file that `--config` names. What is"
    yield "left out has its default. Paths count from the folder that file lies in. A variable of the"
    yield "environment goes before the file: `WATCHER_INBOX__PATH=/srv/scans`."
    yield ""
    yield "`watcher config show` tells each value and where it comes from, `watcher init` writes a commented"
    yield "file, `watcher config check` says what is wrong, and `watcher config schema` prints all this for"
    yield "editors."
    for section, described in Config.model_fields.items():
        model: Any = described.annotation
        yield ""
        yield f"## {section}"
        yield str(model.__doc__).strip()
        yield ""
        yield "| setting | default | may be | |"
        yield "|---|---|---|---|"
        for key, field in model.model_fields.items():
            yield f"| `{key}` | `{_toml(field.default)}` | {_allowed(field)} | {_cell(field.description)} |"


def _toml(value: object) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


def _allowed(field: FieldInfo) -> str:
    annotation: Any = field.annotation
    if get_args(annotation) and get_origin(annotation) is not None:
        return ", ".join(f"`{_toml(choice)}`" for choice in get_args(annotation))
    limits: dict[str, str] = {}
    for limit in field.metadata:
        match limit:
            case annotated_types.Ge(ge=least):
                limits["from"] = f"from {least}"
            case annotated_types.Gt(gt=below):
                limits["from"] = f"above {below}"
            case annotated_types.Le(le=most):
                limits["to"] = f"to {most}"
            case _:
                pass
    kind = {bool: "`true`, `false`", int: "whole", float: "number", Path: "folder", str: "address"}[
        annotation
    ]
    return ", ".join([kind, *([" ".join(limits.values())] if limits else [])])


def _tables() -> Iterator[str]:
    yield "# Tables and views"
    yield "The log and the references are one SQLite file, `watcher.db` unless `[database] url` says"
    yield "otherwise. Any number of programs may read it while the daemon writes. Times are UTC, ISO 8601"
    yield "with microseconds and `Z`. Only a day of the view `daily` is one of local time."
    yield from _described(schema.metadata)
    yield ""
    yield "---"
    yield ""
    yield 'The rest are views. They answer what is asked most: `watcher sql "SELECT * FROM daily LIMIT 7"`.'
    yield from _described(views.metadata)


def _described(metadata: MetaData) -> Iterator[str]:
    for table in metadata.tables.values():
        yield ""
        yield f"## {table.name}"
        if table.comment:
            yield _sentence(table.comment)
        yield ""
        yield from _columns(table)


def _columns(table: Table) -> Iterator[str]:
    yield "| column | type | |"
    yield "|---|---|---|"
    for column in table.columns:
        name, _, number = column.name.rpartition("_")
        if f"{name}_0" in table.columns and number.isdigit() and number != "0":
            continue  # told with the first of them
        kind = f"{column.type}" + ("" if column.nullable else ", never NULL")
        if f"{name}_9" in table.columns:
            yield f"| `{column.name}` … `{name}_9` | {kind} | {_cell(column.comment)}, and so on |"
        else:
            yield f"| `{column.name}` | {kind} | {_cell(column.comment)} |"


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:] + "."


def _cell(words: str | None) -> str:
    return (words or "").replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    main()
