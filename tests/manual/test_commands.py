"""Each command, program and message of the README and of docs/ is tried in order, as a newcomer would."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from helpers.daemon import Workspace, furnished, reference_picture
from helpers.support import make_files, wait_until
from manual.pages import README, ROOT, Block, Command, Page, pages, saved_as
from manual.sheet import written_sheet
from manual.shell import Shell
from PIL import Image

from watcher.config.load import load_config

FROM_NOTHING = {"docs/tutorial.md"}
"""Pages that begin in an empty folder; the others begin where `watcher run` has run before."""
LEARNING = {"docs/tutorial.md", "docs/howto/install.md"}
"""Pages that train several times; without copies of the references that takes half as long."""
SERVING = {"README.md", "docs/howto/review.md", "docs/howto/check.md"}
"""Pages on which the watcher runs as a service."""
WITH_SCANS = {"docs/howto/backups.md", "docs/howto/moving.md", "docs/howto/query.md"}
"""Pages on which that service has filed ten pictures."""
REVIEWING = {"README.md", "docs/howto/review.md"}
"""Pages on which a picture waits for a review."""
SCANS = [(f"scan {digit}.png", reference_picture(digit)) for digit in range(10)]
PLACES = {"/opt/watcher/bin/watcher": "watcher", "cd /srv/digits": "cd ."}
"""Where the pages put things that are elsewhere in the tests."""
ASKING = ("sqlite3 ", "watcher sql ")
SETTING_UP = (
    "make ",
    "python3 -m venv ",
    "sudo python3 -m venv ",
    "~/watcher/bin/",
    "datasette/bin/",
    "sudo /opt/",
)
"""Commands that need a checkout or a package index; `.ci/run` runs them."""
FOR_CONTRIBUTORS = {"docs/pen.md", "docs/reliability.md", "docs/performance.md", "docs/contributing.md"}
"""Pages for people who work on the program: their commands take minutes to hours."""


def followed() -> list[Page]:
    return [page for page in pages() if page.commands and page.name not in FOR_CONTRIBUTORS]


def furnish(page: Page, folder: Path, trained: Path) -> Workspace:
    """A folder as the page's reader has it."""
    if page.name in FROM_NOTHING:
        return Workspace(folder)
    workspace = furnished(folder, trained)
    shutil.copytree(ROOT / "images", folder / "images")
    shutil.copy(ROOT / "config.toml", folder)
    activate = folder / ".venv" / "bin" / "activate"
    activate.parent.mkdir(parents=True)
    activate.touch()
    return workspace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "digits"
    made.mkdir()
    return made


@pytest.fixture
def shell(folder: Path, tmp_path: Path) -> Iterator[Shell]:
    with Shell(folder, tmp_path / "home") as shell:
        yield shell


@pytest.mark.parametrize("page", followed(), ids=lambda page: page.name)
def test_its_commands_do_what_it_says(page: Page, folder: Path, trained: Path, shell: Shell) -> None:
    prepare(page, furnish(page, folder, trained), shell)
    for step in page.steps:
        if isinstance(step, Block):
            (folder / str(saved_as(step))).write_text(step.text)
        elif not step.line.startswith(SETTING_UP):
            before_step(page, step, Workspace(folder))
            follow(step, shell)
    check(page, Workspace(folder), shell)


def follow(command: Command, shell: Shell) -> None:
    line = command.line
    for there, here in PLACES.items():
        line = line.replace(there, here)
    done = shell.run(line)
    assert done.returncode == 0, f"{command.line}: {done.stdout}{done.stderr}"
    assert "Traceback" not in done.stderr
    assert command.fits(done.stdout), f"{command.line}:\n{done.stdout}"


def prepare(page: Page, workspace: Workspace, shell: Shell) -> None:
    """Make what a reader of some pages has already."""
    if page.name == "docs/tutorial.md":
        written_sheet(workspace.path / "sheet.png")
    if page.name in LEARNING:
        follow(Command("export WATCHER_RECOGNITION__AUGMENT=false"), shell)
    if page.name in SERVING | WITH_SCANS:
        follow(Command("sudo systemctl start watcher"), shell)
    if page.name in WITH_SCANS:
        make_files(workspace.inbox, dict(SCANS))
        wait_until(lambda: workspace.filed() == 10)
    if page.name in REVIEWING:
        put_in_review(workspace, "vote.png", "white")
    if page.name == "docs/howto/check.md":
        make_files(workspace.inbox, {"notes.txt": b"hello"})
        wait_until(lambda: workspace.filed() == 1)


def put_in_review(workspace: Workspace, name: str, color: str) -> None:
    """Drop a picture without ink, and wait until it is in review."""
    before = workspace.filed()
    picture = BytesIO()
    Image.new("RGB", (64, 64), color).save(picture, "PNG")
    make_files(workspace.inbox, {name: picture.getvalue()})
    wait_until(lambda: workspace.filed() == before + 1)
    assert (workspace.outbox / "review" / name).exists()


def before_step(page: Page, command: Command, workspace: Workspace) -> None:
    """Make what a command works on."""
    if page.path == README and command.line.startswith("watcher status"):
        wait_until(lambda: workspace.filed() == 2)
    if page.name == "docs/tutorial.md" and command.line == "ls outbox":
        wait_until(lambda: workspace.filed() == 40)
    if page.name == "docs/howto/moving.md" and command.line == "mkdir ../moving":
        make_files(workspace.inbox, {"waits.png": reference_picture(3, 1)})  # it is fetched last, and once
    if page.name == "docs/tutorial.md" and command.line == "watcher results --status review":
        put_in_review(workspace, "7_8.png", "white")  # its name is taken in outbox/7/
        put_in_review(workspace, "7_x.png", "silver")
    if page.name == "docs/howto/backups.md" and command.line == "sudo systemctl stop watcher":
        make_files(workspace.inbox, {"after the backup.png": reference_picture(3, 1)})
        wait_until(lambda: workspace.filed() == 11)
        shutil.rmtree(workspace.outbox / "7")
        workspace.database.write_bytes(b"the disk was damaged")


def check(page: Page, workspace: Workspace, shell: Shell) -> None:
    """Check what a page promises, beyond what its commands print."""
    if page.name in REVIEWING:
        assert not list((workspace.outbox / "review").iterdir())
        assert (workspace.outbox / "3" / "vote.png").exists()
        answers = [row for row in workspace.rows() if row["status"] == "filed"]
        sources = json.loads(shell.run("watcher references --json").stdout)["sources"]
        assert sources.pop("outbox") == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0], "only what was moved is learned"
        assert len(sources) == 1, "a copy of what is known adds nothing"
        assert (len(answers), page.path == README) in {(1, True), (0, False)}
        assert "0 faults" in shell.run("watcher fsck").stdout
    if page.name == "docs/tutorial.md":
        moved = {path.name for path in (workspace.outbox / "7").iterdir()}
        assert moved == {"7_8.png", "7_9.png", "7_10.png", "7_11.png", "7_x.png"}
        sources = json.loads(shell.run("watcher references --json").stdout)["sources"]
        assert 1 <= sum(sources["outbox"]) < 10, "only what was moved is learned"
        assert sum(sources["mine"]) == 80
        original, taken = (workspace.path / "new" / "7_8.png", workspace.outbox / "7" / "7_8.png")
        assert original.read_bytes() == taken.read_bytes(), "no filed picture is overwritten"
        assert [path.name for path in (workspace.outbox / "review").iterdir()] == ["7_8.png"]
    if page.path == README:
        assert [path.name for path in (workspace.outbox / "7").iterdir()] == ["scan.jpg"]
    if page.name == "docs/howto/evaluate.md":
        drawn = {path.name for path in (workspace.path / "drawn").iterdir()}
        assert {path.name for path in workspace.outbox.rglob("*.jpg")} == drawn, "what was dropped is filed"
        assert not list(workspace.inbox.glob("*.jpg"))
    if page.path == README or page.name == "docs/howto/query.md":
        queries = [command.line for command in page.commands if command.line.startswith(ASKING)]
        # Nothing is in review, nothing failed.
        assert sum(bool(shell.run(query).stdout) for query in queries) >= len(queries) - 2
    if page.name == "docs/howto/check.md":
        wait_until(lambda: workspace.filed() == 1 and not workspace.waiting())
    if page.name == "docs/howto/backups.md":
        late = [("after the backup.png", reference_picture(3, 1))]
        wait_until(lambda: workspace.filed() == 11)
        workspace.audit(SCANS + late)
    if page.name == "docs/howto/moving.md":
        Workspace(shell.other_machine / "digits").audit(SCANS)


@pytest.mark.parametrize(
    "block",
    [block for page in pages() for block in page.blocks("toml")],
    ids=lambda block: " ".join(block.text.split())[:40],
)
def test_its_settings_are_in_order(block: Block, empty_folder: Path) -> None:
    (empty_folder / "config.toml").write_text(block.text)
    load_config(empty_folder / "config.toml", {})


@pytest.mark.parametrize("target", ["run", "test"])
def test_the_two_commands_of_the_readme_exist(target: str) -> None:
    assert f"$ make {target} " in Page(README).text
    subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, check=True)


def test_the_readme_is_short() -> None:
    assert len(Page(README).text.split()) <= 700


def test_the_readme_shows_events_as_they_are_written(folder: Path, trained: Path, shell: Shell) -> None:
    workspace = furnish(Page(README), folder, trained)
    (workspace.inbox / "notes.txt").write_text("hello")
    done = shell.run("watcher run --once")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    (picture,) = [event for event in events if event["event"] == "picture"]
    shown = next(line for line in Page(README).text.splitlines() if "name=notes.txt" in line)
    for key in ("name", "status", "reason", "destination"):
        value = picture[key]
        assert f"{key}={value}" in shown or f"{key}={value!r}" in shown


class TestSettings:
    """What the page on settings shows beyond its commands."""

    page = Page(ROOT / "docs" / "howto" / "settings.md")

    def test_its_faulty_settings_are_reported_as_it_shows(self, folder: Path, shell: Shell) -> None:
        (shown,) = [block.text for block in self.page.blocks("text") if "did you mean" in block.text]
        (folder / "config.toml").write_text("[inbox]\npollng = true\n[recognition]\nreview_below = 1.5\n")
        done = shell.run("watcher run")
        assert (done.returncode, done.stderr) == (78, shown)

    def test_its_settings_have_the_defaults_it_says(self) -> None:
        rows = re.findall(r"^\| `\[(\w+)\] (\w+)` \| `(.*?)` \|", self.page.text, re.MULTILINE)
        assert len(rows) == 10
        written = (ROOT / "config.toml").read_text("utf-8")
        for section, key, default in rows:
            body = written.split(f"[{section}]", 1)[1].split("\n[", 1)[0]
            assert f"{key} = {default} " in re.sub(" +", " ", body) + " ", f"[{section}] {key}"
