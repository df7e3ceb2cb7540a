"""Settings for the checks."""

from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.daemon import Workspace

from watcher.config.load import load_config
from watcher.config.settings import Config

Configured = Callable[..., Config]


@pytest.fixture
def configured(empty_folder: Path) -> Configured:
    """The current folder's settings but for those given as the environment would: section__key="value"."""
    assert empty_folder == Path.cwd()

    def of(**settings: str) -> Config:
        settings = {"workers__executor": '"threads"', **settings}
        return load_config(None, {f"WATCHER_{key.upper()}": value for key, value in settings.items()})

    return of


@pytest.fixture
def config(workspace: Workspace, configured: Configured) -> Config:
    """The settings of a folder where `watcher run` has run."""
    assert workspace.path == Path.cwd()
    return configured()
