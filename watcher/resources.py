"""Where the files that come with the program lie, in a checkout as in an installed wheel."""

from pathlib import Path


def shipped(name: str) -> Path:
    """`migrations`, `images` or `config.toml` as it belongs to this program."""
    package = Path(__file__).parent
    installed = package / f"_{name}"
    return installed if installed.exists() else package.parent / name
