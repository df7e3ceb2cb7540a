"""Where the files that come with the program are, in a checkout and in an installed wheel."""

from pathlib import Path


def shipped(name: str) -> Path:
    """The path of this program's own `migrations`, `images` or `config.toml`."""
    package = Path(__file__).parent
    installed = package / f"_{name}"
    return installed if installed.exists() else package.parent / name
