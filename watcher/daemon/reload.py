"""Settings read anew: which of them a running daemon takes over, and which wait for a restart."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from watcher.config.settings import Config
from watcher.errors import ConfigError
from watcher.monitoring.faults import Condition, Conditions
from watcher.text import printable

RELOADABLE = frozenset(
    {
        ("inbox", "quiet_seconds"),
        ("inbox", "sweep_seconds"),
        ("recognition", "normalizer"),
        ("recognition", "rule"),
        ("recognition", "augment"),
        ("recognition", "review_below"),
        ("workers", "deadline_seconds"),
        ("workers", "memory_megabytes"),
        ("log", "format"),
        ("log", "level"),
    }
)
"""The settings that a running daemon takes over, by section and key."""


@dataclass(frozen=True, slots=True)
class Reload:
    """What comes of settings that were read anew.

    `config` is what is in force from now on; `taken` and `waiting` name the settings that differ from before,
    those that are in force and those that need a restart, each as `[section] key = value`.
    """

    config: Config
    taken: tuple[str, ...]
    waiting: tuple[str, ...]


def reloaded(in_force: Config, wanted: Config) -> Reload:
    """Take over of the wanted settings what a running daemon can."""
    config = in_force
    taken, waiting = [], []
    for section in Config.model_fields:
        before, after = getattr(in_force, section), getattr(wanted, section)
        for key in type(before).model_fields:
            value = getattr(after, key)
            if value == getattr(before, key):
                continue
            if (section, key) in RELOADABLE:
                now = getattr(config, section).model_copy(update={key: value})
                config = config.model_copy(update={section: now})
                taken.append(_shown(section, key, value))
            else:
                waiting.append(_shown(section, key, value))
    return Reload(config, tuple(taken), tuple(waiting))


class Reloading:
    """Reads the settings anew when asked to, and says what comes of it."""

    def __init__(self, reread: Callable[[], Config], conditions: Conditions) -> None:
        self._reread = reread
        self._logger = conditions.logger
        self._faulty = Condition(conditions, "the settings are faulty", "the settings are in order again")

    def read_anew(self, in_force: Config) -> Config:
        """The settings in force from now on. Faulty ones are told, every fault, and leave all as it is."""
        try:
            wanted = self._reread()
        except ConfigError as error:
            self._faulty.raise_("; ".join(error.faults), do="the old ones hold; mend them, and reload again")
            return in_force
        self._faulty.clear()
        reload = reloaded(in_force, wanted)
        self._logger.info("reloaded", changed=list(reload.taken))
        for setting in reload.waiting:
            self._logger.warning("needs a restart", setting=setting)
        return reload.config


def _shown(section: str, key: str, value: object) -> str:
    return printable(f"[{section}] {key} = {json.dumps(value, default=str, ensure_ascii=False)}")
