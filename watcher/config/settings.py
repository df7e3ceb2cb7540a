"""The settings there are, each with its default and what it means."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo
from pydantic.fields import FieldInfo
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError


def _against_base(path: Path, info: ValidationInfo) -> Path:
    """A path of the configuration counts from the folder that config.toml lies in."""
    base: Path = (info.context or {}).get("base", Path.cwd())
    if "\0" in str(path):
        raise ValueError("holds a NUL character, which no path can")
    try:
        return (base / path.expanduser()).absolute()
    except RuntimeError as error:
        raise ValueError("begins with a home folder that cannot be found") from error


def _database_url(url: str, info: ValidationInfo) -> str:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ValueError('is no database address; write it like "sqlite:///watcher.db"') from error
    if parsed.get_backend_name() != "sqlite":
        raise ValueError(
            f'is a {parsed.get_backend_name()} address; the log is kept in SQLite ("sqlite:///…")'
        )
    if not parsed.database or parsed.database == ":memory:":
        raise ValueError('names no file; write it like "sqlite:///watcher.db"')
    return f"sqlite:///{_against_base(Path(parsed.database), info)}"


def _no_number(value: object) -> object:
    """Python takes 1 for True; a setting that is true, false or a word does not."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError("is a number")  # noqa: TRY004 - pydantic asks for ValueError
    return value


def _american(value: object) -> object:
    """The former spelling of a normalizer goes on to be understood."""
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
    recursive: bool = Field(default=False, description="watch its subfolders too")
    polling: Annotated[Literal["auto", True, False], BeforeValidator(_no_number)] = Field(
        "auto", description="true: look through the folder instead of waiting for the system's events"
    )
    quiet_seconds: Annotated[float, Reloadable()] = Field(
        1.0,
        ge=0,
        le=3600,
        description="how long a file must stay unchanged where the system cannot tell that it is complete",
    )
    sweep_seconds: Annotated[float, Reloadable()] = Field(
        1.0,
        gt=0,
        le=3600,
        description="how often the folder is looked at, whatever the events say",
    )


class OutboxSettings(_Section):
    """The folder they are filed in."""

    path: Folder = Field(Path("outbox"), description="the folder with 0/ … 9/, review/ and failed/")


class ReferencesSettings(_Section):
    """What the first references are made from."""

    path: Folder = Field(
        Path("images"), description="the labeled images that an empty database is filled from"
    )


class DatabaseSettings(_Section):
    """The one file that remembers."""

    url: Annotated[str, AfterValidator(_database_url)] = Field(
        "sqlite:///watcher.db", description="where the log and the references are kept"
    )

    @property
    def file(self) -> Path:
        """The file that the address names."""
        return Path(os.path.realpath(self.url.removeprefix("sqlite:///")))


class RecognitionSettings(_Section):
    """How a picture becomes a digit."""

    normalizer: Annotated[Literal["none", "binary", "centered"], BeforeValidator(_american), Reloadable()] = (
        Field("centered", description="what is done to a picture before it is compared")
    )
    rule: Annotated[Literal["votes", "averaged", "nearest", "deformable"], Reloadable()] = Field(
        "deformable", description="how a picture is compared with the references"
    )
    augment: Annotated[bool, Reloadable()] = Field(
        default=True, description="deformable: compare with distorted copies too, where references are few"
    )
    review_below: Annotated[float, Reloadable()] = Field(
        0.9, ge=0, le=1, description="a picture whose certainty is lower goes to review; a probability"
    )


class WorkersSettings(_Section):
    """Who does it."""

    count: int = Field(0, ge=0, le=256, description="how many recognize at the same time; 0: one a core")
    executor: Literal["processes", "threads"] = Field(
        "processes",
        description="what they are; threads are not guarded against a picture that crashes or never ends",
    )
    deadline_seconds: Annotated[float, Reloadable()] = Field(
        10.0, gt=0, le=3600, description="how long recognizing one picture may take; processes only"
    )
    memory_megabytes: Annotated[int, Reloadable()] = Field(
        1024, ge=256, le=2**20, description="how much memory recognizing may take; processes only, on Linux"
    )


class LogSettings(_Section):
    """What the daemon says."""

    format: Annotated[Literal["auto", "console", "json"], Reloadable()] = Field(
        "auto", description="auto: colors on a terminal, JSON lines otherwise"
    )
    level: Annotated[Literal["debug", "info", "warning", "error"], Reloadable()] = Field(
        "info", description="the least that is said"
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
        """The folder of fitted classifiers, beside the database; it can be removed at any time."""
        return self.database.file.with_name(self.database.file.name + ".cache")
