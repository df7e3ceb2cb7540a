"""Arrays and a few facts in a folder: written completely or not at all, checked when read, no pickle."""

import json
import shutil
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watcher.errors import UnfitReferencesError

FACTS = "classifier.json"


def write_folder(folder: Path, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
    """Write each array as NAME.npy and the facts as JSON; replaces the folder if it exists.

    The files are written to a temporary folder next to it, which is then renamed.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        checksums = {}
        for name, array in arrays.items():
            np.save(made / f"{name}.npy", array, allow_pickle=False)
            checksums[name] = _checksum(array)
        (made / FACTS).write_text(
            json.dumps({**facts, "checksums": checksums}, indent=2) + "\n", encoding="utf-8"
        )
        made.chmod(0o755)
        if folder.exists():
            replaced = made.with_name(made.name + "-replaced")
            folder.rename(replaced)
            made.rename(folder)
            shutil.rmtree(replaced)
        else:
            made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def read_folder(folder: Path, *, mmap: bool) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays and facts in a folder; mapped arrays are read-only and shared by processes.

    Raises UnfitReferencesError if anything is missing or changed.
    """
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        arrays = {}
        for name, checksum in facts["checksums"].items():
            array = np.load(folder / f"{name}.npy", mmap_mode="r" if mmap else None, allow_pickle=False)
            if _checksum(array) != checksum:
                raise UnfitReferencesError(f"{folder / name}.npy is damaged: its checksum is wrong")
            arrays[name] = array
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError) as error:
        raise UnfitReferencesError(f"{folder} holds no sound classifier: {error}") from error
    return arrays, facts


def _checksum(array: NDArray[Any]) -> int:
    seed = zlib.crc32(f"{array.dtype.str} {array.shape}".encode())
    return zlib.crc32(np.ascontiguousarray(array).data, seed)
