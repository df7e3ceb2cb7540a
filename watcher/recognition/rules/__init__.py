"""The rules by name, one module each."""

from collections.abc import Mapping
from types import MappingProxyType

from watcher.recognition.rules.averaged import Averaged
from watcher.recognition.rules.nearest import Nearest
from watcher.recognition.rules.votes import Votes
from watcher.recognition.similarity import Rule

RULES: Mapping[str, type[Rule]] = MappingProxyType({"votes": Votes, "averaged": Averaged, "nearest": Nearest})
