"""The rules by name; each has a module of its own."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watcher.recognition.rules.averaged import Averaged
from watcher.recognition.rules.deformable import Deformable
from watcher.recognition.rules.nearest import Nearest
from watcher.recognition.rules.votes import Votes
from watcher.recognition.similarity import Rule

RULES: Mapping[str, type[Rule]] = MappingProxyType(
    {"votes": Votes, "averaged": Averaged, "nearest": Nearest, "deformable": Deformable}
)


def make_rule(name: str, references: NDArray[Any], labels: NDArray[np.int64], *, augment: bool) -> Rule:
    """The rule of that name for (n, …) references and their ascending digits (n,).

    `augment`: if there are few references, also compare with distorted copies of them; only for `deformable`.
    """
    if name == "deformable":
        return Deformable(references, labels, augment=augment)
    return RULES[name](references, labels)
