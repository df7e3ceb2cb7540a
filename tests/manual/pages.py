"""The manual: the README and the pages of docs/, their blocks, commands and links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


@dataclass
class Command:
    """A line that a reader types, and the output that the page shows below it, if any."""

    line: str
    shown: list[str] = field(default_factory=list)

    def fits(self, output: str) -> bool:
        """Whether the output is what the page shows; `…` stands for any part of a line or any lines."""
        pattern = "".join(
            "(?:.*\n)*" if line.strip() == "…" else ".*".join(map(re.escape, line.split("…"))) + " *\n"
            for line in self.shown
        )
        return not self.shown or re.fullmatch(pattern, output) is not None


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the last line before it that is not empty."""

    language: str
    text: str
    before: str


@dataclass(frozen=True)
class Page:
    """A Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def prose(self) -> str:
        """The text without blocks and without code in its lines."""
        without_blocks = re.sub(r"^( *)```.*?^\1```$", "", self.text, flags=re.MULTILINE | re.DOTALL)
        return re.sub(r"`[^`\n]+`", "", without_blocks)

    def blocks(self, *languages: str) -> list[Block]:
        """The blocks in these languages, in order; all blocks if none is named."""
        found = [
            Block(match[2], re.sub(rf"^{match[1]}", "", match[3], flags=re.MULTILINE), self._before(match))
            for match in re.finditer(r"^( *)```([^\n`]*)\n(.*?)^\1```$", self.text, re.MULTILINE | re.DOTALL)
        ]
        return [block for block in found if not languages or block.language in languages]

    def _before(self, match: re.Match[str]) -> str:
        lines = self.text[: match.start()].splitlines()
        return next((line for line in reversed(lines) if line.strip()), "")

    @cached_property
    def steps(self) -> list[Command | Block]:
        """What a reader does, in order: type commands, and save blocks as files."""
        return list(self._steps())

    def _steps(self) -> Iterator[Command | Block]:
        for block in self.blocks():
            if block.language == "console":
                yield from _commands(block.text)
            elif saved_as(block):
                yield block

    @property
    def commands(self) -> list[Command]:
        return [step for step in self.steps if isinstance(step, Command)]


def saved_as(block: Block) -> str | None:
    """The file name that the line before a block says to save it as."""
    match = re.search(r"[Ss]ave (?:this|it) as `([^`]+)`", block.before)
    return match[1] if match else None


def _commands(text: str) -> Iterator[Command]:
    command: Command | None = None
    continued = False
    for line in text.splitlines():
        if continued and command:
            command.line += "\n" + line
        elif line.startswith("$ "):
            if command:
                yield command
            command = Command(line[2:])
        elif command:
            command.shown.append(line)
        else:
            raise ValueError(f"a console block begins without a command: {line}")
        continued = line.endswith("\\")
    if command:
        yield command


def pages() -> list[Page]:
    """All pages, the README first."""
    return [Page(README), *map(Page, sorted((ROOT / "docs").rglob("*.md")))]
