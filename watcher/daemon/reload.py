"""Reloading settings: which of them a running daemon takes over, and which need a restart."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from watcher.config.settings import Config, is_reloadable
from watcher.errors import ConfigError
from watcher.monitoring.faults import Condition, Conditions
from watcher.text import printable


@dataclass(frozen=True, slots=True)
class Reload:
    """The result of reading the settings again.

    `config` is in force from now on. `taken` and `waiting` name the settings that changed, each as
    `[section] key = value`: those in force now, and those that need a restart.
    """

    config: Config
    taken: tuple[str, ...]
    waiting: tuple[str, ...]


def reloaded(in_force: Config, wanted: Config) -> Reload:
    """Take over those of the wanted settings that may change while the daemon runs."""
    config = in_force
    taken, waiting = [], []
    for section in Config.model_fields:
        before, after = getattr(in_force, section), getattr(wanted, section)
        for key, field in type(before).model_fields.items():
            value = getattr(after, key)
            if value == getattr(before, key):
                continue
            if is_reloadable(field):
                now = getattr(config, section).model_copy(update={key: value})
                config = config.model_copy(update={section: now})
                taken.append(_shown(section, key, value))
            else:
                waiting.append(_shown(section, key, value))
    return Reload(config, tuple(taken), tuple(waiting))


class SettingsReloader:
    """Holds the settings in force, reads them again on request, and logs the result."""

    def __init__(self, config: Config, reread: Callable[[], Config], conditions: Conditions) -> None:
        self._config = config
        self._reread = reread
        self._logger = conditions.logger
        self._faulty = Condition(conditions, "the settings are faulty", "the settings are in order again")

    def read_again(self) -> Config:
        """Read the settings again and return those in force. Faults are logged, and then nothing changes."""
        try:
            wanted = self._reread()
        except ConfigError as error:
            self._faulty.raise_("; ".join(error.faults), do="the old ones stay; fix the new ones and reload")
            return self._config
        self._faulty.clear()
        reload = reloaded(self._config, wanted)
        self._logger.info("reloaded", changed=list(reload.taken))
        for setting in reload.waiting:
            self._logger.warning("needs a restart", setting=setting)
        self._config = reload.config
        return reload.config


def _shown(section: str, key: str, value: object) -> str:
    return printable(f"[{section}] {key} = {json.dumps(value, default=str, ensure_ascii=False)}")
