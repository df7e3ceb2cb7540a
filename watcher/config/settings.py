"""All settings, each with its default and meaning."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic.fields import FieldInfo
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError


def _against_base(path: Path, info: ValidationInfo) -> Path:
    """The absolute path; a relative path starts at the folder of config.toml."""
    base: Path = (info.context or {}).get("base", Path.cwd())
    if "\0" in str(path):
        raise ValueError("contains a NUL character, which no path can")
    try:
        return (base / path.expanduser()).absolute()
    except RuntimeError as error:
        raise ValueError("begins with a home folder that cannot be found") from error


def _database_url(url: str, info: ValidationInfo) -> str:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ValueError('is not a database address; write it like "sqlite:///watcher.db"') from error
    if parsed.get_backend_name() != "sqlite":
        raise ValueError(
            f'is a {parsed.get_backend_name()} address; only SQLite is supported ("sqlite:///…")'
        )
    if not parsed.database or parsed.database == ":memory:":
        raise ValueError('names no file; write it like "sqlite:///watcher.db"')
    return f"sqlite:///{_against_base(Path(parsed.database), info)}"


def _no_number(value: object) -> object:
    """Refuse numbers for a setting that is true, false or a word: Python would take 1 for True."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError("is a number")  # noqa: TRY004 - pydantic asks for ValueError
    return value


def _american(value: object) -> object:
    """Accept the former spelling of a normalizer too."""
    return "centered" if value == "centred" else value


Folder = Annotated[Path, Field(strict=False), AfterValidator(_against_base)]


class Reloadable:
    """Marks a setting that a running daemon takes over when it reads its settings again."""


def is_reloadable(field: FieldInfo) -> bool:
    """Whether a setting has that mark."""
    return any(isinstance(mark, Reloadable) for mark in field.metadata)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True)


class InboxSettings(_Section):
    """The folder that pictures are dropped into."""

    path: Folder = Field(Path("inbox"), description="the folder that is watched")
    recursive: bool = Field(default=False, description="true: watch its subfolders too")
    polling: Annotated[Literal["auto", True, False], BeforeValidator(_no_number)] = Field(
        "auto", description="true: find files by sweeps only; false: do not start without the system's events"
    )
    quiet_seconds: Annotated[float, Reloadable()] = Field(
        1.0,
        ge=0,
        le=3600,
        description="seconds a file must stay unchanged, if the system cannot say whether it is complete",
    )
    sweep_seconds: Annotated[float, Reloadable()] = Field(
        1.0,
        gt=0,
        le=3600,
        description="seconds between two sweeps, which look through the whole folder",
    )


class OutboxSettings(_Section):
    """The folder that pictures are filed in."""

    path: Folder = Field(Path("outbox"), description="the folder with 0/ … 9/, review/ and failed/")


class ReferencesSettings(_Section):
    """The source of the first references."""

    path: Folder = Field(
        Path("images"), description="the labeled images that become the references at the first start"
    )


class DatabaseSettings(_Section):
    """The file that keeps the log and the references."""

    url: Annotated[str, AfterValidator(_database_url)] = Field(
        "sqlite:///watcher.db", description="the address of the database"
    )

    @property
    def file(self) -> Path:
        """The file that the address names."""
        return Path(os.path.realpath(self.url.removeprefix("sqlite:///")))


class RecognitionSettings(_Section):
    """How pictures are recognized."""

    normalizer: Annotated[Literal["none", "binary", "centered"], BeforeValidator(_american), Reloadable()] = (
        Field("centered", description="how a picture is prepared before it is compared")
    )
    rule: Annotated[Literal["votes", "averaged", "nearest", "deformable"], Reloadable()] = Field(
        "deformable", description="how a picture is compared with the references"
    )
    augment: Annotated[bool, Reloadable()] = Field(
        default=True,
        description="if there are few references, deformable also compares with distorted copies of them",
    )
    review_below: Annotated[float, Reloadable()] = Field(
        0.9, ge=0, le=1, description="a picture with a lower certainty goes to review; 0.9 is 90 %"
    )


class WorkersSettings(_Section):
    """The workers that recognize pictures."""

    count: int = Field(0, ge=0, le=256, description="number of workers; 0: one for each processor core")
    executor: Literal["processes", "threads"] = Field(
        "processes",
        description="what workers are; with threads, a picture can crash or hang the daemon",
    )
    deadline_seconds: Annotated[float, Reloadable()] = Field(
        10.0, gt=0, le=3600, description="seconds that recognizing one picture may take; only with processes"
    )
    memory_megabytes: Annotated[int, Reloadable()] = Field(
        1024,
        ge=256,
        le=2**20,
        description="memory that recognizing one picture may take; only with processes, on Linux",
    )


class LogSettings(_Section):
    """What the daemon logs."""

    format: Annotated[Literal["auto", "console", "json"], Reloadable()] = Field(
        "auto", description="auto: colors on a terminal, JSON lines otherwise"
    )
    level: Annotated[Literal["debug", "info", "warning", "error"], Reloadable()] = Field(
        "info", description="the lowest level that is logged"
    )


class Config(_Section):
    """Every setting, its paths absolute."""

    inbox: InboxSettings
    outbox: OutboxSettings
    references: ReferencesSettings
    database: DatabaseSettings
    recognition: RecognitionSettings
    workers: WorkersSettings
    log: LogSettings

    @property
    def cache(self) -> Path:
        """The folder of fitted classifiers, next to the database; it can be removed at any time."""
        return self.database.file.with_name(self.database.file.name + ".cache")
