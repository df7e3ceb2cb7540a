"""The configuration: its defaults, what overrides them, and every fault reported at once, a line each."""

import os
import tomllib
import typing
from collections.abc import Mapping
from pathlib import Path

import pytest

from watcher.config.load import load_config, load_with_origins
from watcher.config.settings import Config, RecognitionSettings
from watcher.errors import ConfigError
from watcher.recognition import NORMALIZERS, RULES

pytestmark = pytest.mark.usefixtures("empty_folder")

COMMITTED = Path(__file__).parents[2] / "config.toml"


def faults(toml: str, environ: Mapping[str, str] = {}) -> list[str]:
    Path("config.toml").write_text(toml, "utf-8")
    with pytest.raises(ConfigError) as raised:
        load_config(None, environ)
    return raised.value.faults


def loaded(toml: str, environ: Mapping[str, str] = {}) -> Config:
    Path("config.toml").write_text(toml, "utf-8")
    return load_config(None, environ)


def defaults() -> dict[str, dict[str, object]]:
    """Every setting's default, in config.toml's own types."""
    return {
        section: {
            key: str(setting.default) if isinstance(setting.default, Path) else setting.default
            for key, setting in typing.cast("type[Config]", field.annotation).model_fields.items()
        }
        for section, field in Config.model_fields.items()
    }


def test_the_committed_file_holds_every_setting_with_its_default() -> None:
    assert tomllib.loads(COMMITTED.read_text("utf-8")) == defaults()


def test_without_a_file_the_defaults_hold(empty_folder: Path) -> None:
    config = load_config(None, {})
    assert config.inbox.path == empty_folder / "inbox"
    assert config.outbox.path == empty_folder / "outbox"
    assert config.references.path == empty_folder / "images"
    assert config.database.file == empty_folder / "watcher.db"
    assert config.cache == empty_folder / "watcher.db.cache"
    Path("config.toml").write_bytes(COMMITTED.read_bytes())
    assert load_config(None, {}) == config


def test_the_settings_name_every_normalizer_and_rule_there_is() -> None:
    fields = RecognitionSettings.model_fields
    assert set(typing.get_args(fields["normalizer"].annotation)) == set(NORMALIZERS)
    assert set(typing.get_args(fields["rule"].annotation)) == set(RULES)


def test_paths_count_from_the_folder_of_the_file(empty_folder: Path) -> None:
    file = empty_folder / "etc" / "scanner.toml"
    file.parent.mkdir()
    file.write_text('[outbox]\npath = "../sorted"\n[inbox]\npath = "/srv/in"\n', "utf-8")
    for path in (file, Path("etc/scanner.toml")):
        config = load_config(path, {})
        assert config.inbox.path == Path("/srv/in")
        assert os.path.normpath(config.outbox.path) == str(empty_folder / "sorted")
        assert config.references.path == empty_folder / "etc" / "images"
        assert config.database.file == empty_folder / "etc" / "watcher.db"


def test_a_tilde_is_the_home_folder(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(empty_folder / "home"))
    config = loaded('[inbox]\npath = "~/in"\n[database]\nurl = "sqlite:///~/log.db"')
    assert config.inbox.path == empty_folder / "home" / "in"
    assert config.database.file == empty_folder / "home" / "log.db"


def test_the_environment_overrides_the_file(empty_folder: Path) -> None:
    config = loaded(
        '[workers]\ncount = 3\nexecutor = "threads"\n[log]\nlevel = "error"',
        {
            "WATCHER_WORKERS__COUNT": "2",
            "WATCHER_INBOX__PATH": "12",  # a name, though it looks like a number
            "WATCHER_INBOX__POLLING": "true",
            "WATCHER_INBOX__QUIET_SECONDS": "2",
            "WATCHER_LOG__FORMAT": "json",
            "WATCHER_DATABASE__URL": "sqlite:///other.db",
            "HOME": "/nowhere",
        },
    )
    assert (config.workers.count, config.workers.executor) == (2, "threads")
    assert (config.inbox.path, config.inbox.polling) == (empty_folder / "12", True)
    assert config.inbox.quiet_seconds == 2
    assert (config.log.format, config.log.level) == ("json", "error")
    assert config.database.file == empty_folder / "other.db"


def test_the_former_spelling_of_a_setting_is_understood() -> None:
    assert loaded('[recognition]\nnormalizer = "centred"').recognition.normalizer == "centered"
    from_outside = loaded("", {"WATCHER_RECOGNITION__NORMALIZER": "centred"})
    assert from_outside.recognition.normalizer == "centered"


def test_nothing_in_a_configuration_changes() -> None:
    config = loaded("")
    with pytest.raises(ValueError, match="frozen"):
        config.log.level = "debug"


def test_every_fault_is_reported_at_once() -> None:
    reported = faults(
        """
        [recogniton]
        [inbox]
        pth = "in"
        recursive = "yes"
        polling = "never"
        quiet_seconds = nan
        sweep_seconds = 0
        [outbox]
        path = 7
        [database]
        url = "mysql://x/y"
        [recognition]
        review_below = 1.5
        rule = "vote"
        [workers]
        count = 1.5
        [log]
        level = 3
        "new\\nline" = 1
        ["\\u001b[31m"]
        """,
        {"WATCHER_WORKERS__EXECUTOR": "thread", "WATCHER_INBOX__PATHS": "x", "WATCHER_IN__X": "y"},
    )
    assert reported == [
        'WATCHER_INBOX__PATHS: there is no such setting; did you mean "WATCHER_INBOX__PATH"?',
        'WATCHER_IN__X: there is no such setting; did you mean "WATCHER_INBOX__PATH"?',
        (
            'WATCHER_WORKERS__EXECUTOR: [workers] executor = "thread" must be one of "processes", "threads"; '
            'did you mean "threads"?'
        ),
        'config.toml:2: [recogniton] is not a section; did you mean "recognition"?',
        'config.toml:4: [inbox] pth is not a setting; did you mean "path"?',
        'config.toml:5: [inbox] recursive = "yes" must be true or false',
        'config.toml:6: [inbox] polling = "never" must be one of "auto", true, false',
        "config.toml:7: [inbox] quiet_seconds = NaN must be less than or equal to 3600",
        "config.toml:8: [inbox] sweep_seconds = 0 must be greater than 0",
        'config.toml:10: [outbox] path = 7 must be a folder, written "in quotes"',
        (
            'config.toml:12: [database] url = "mysql://x/y" is a mysql address; only SQLite is supported '
            '("sqlite:///…")'
        ),
        "config.toml:14: [recognition] review_below = 1.5 must be less than or equal to 1",
        (
            'config.toml:15: [recognition] rule = "vote" must be one of "votes", "averaged", "nearest", '
            '"deformable"; did you mean "votes"?'
        ),
        "config.toml:17: [workers] count = 1.5 must be a whole number",
        'config.toml:19: [log] level = 3 must be one of "debug", "info", "warning", "error"',
        r"config.toml:20: [log] new\nline is not a setting",
        r"config.toml:21: [\x1b[31m] is not a section",
    ]


@pytest.mark.parametrize(
    ("toml", "reported"),
    [
        ("inbox = 3", "config.toml:1: inbox must be a section, written [inbox]"),
        ("[[log]]", "config.toml:1: log must be a section, written [log]"),
        ("[workers]\ncount = -1", "config.toml:2: [workers] count = -1 must be greater than or equal to 0"),
        ("[inbox]\npolling = 1", 'config.toml:2: [inbox] polling = 1 must be one of "auto", true, false'),
        ("[workers]\ncount = true", "config.toml:2: [workers] count = true must be a whole number"),
        (
            "[recognition]\nreview_below = ''",
            'config.toml:2: [recognition] review_below = "" must be a number',
        ),
        ("[database]\nurl = 1", 'config.toml:2: [database] url = 1 must be text, written "in quotes"'),
        (
            "[database]\nurl = 'log.db'",
            (
                'config.toml:2: [database] url = "log.db" is not a database address; '
                'write it like "sqlite:///watcher.db"'
            ),
        ),
        (
            "[database]\nurl = 'sqlite:///:memory:'",
            (
                'config.toml:2: [database] url = "sqlite:///:memory:" names no file; '
                'write it like "sqlite:///watcher.db"'
            ),
        ),
        (
            '[outbox]\npath = "a\\u0000b"',
            'config.toml:2: [outbox] path = "a\\u0000b" contains a NUL character, which no path can',
        ),
        (
            '[database]\nurl = "sqlite:///~no such user/x.db"',
            (
                'config.toml:2: [database] url = "sqlite:///~no such user/x.db" '
                "begins with a home folder that cannot be found"
            ),
        ),
    ],
)
def test_each_kind_of_fault_says_what_is_wanted(toml: str, reported: str) -> None:
    assert faults(toml) == [reported]


def test_an_overridden_setting_of_what_is_no_section_is_reported_as_the_files_fault() -> None:
    reported = faults("inbox = 3", {"WATCHER_INBOX__PATH": "in"})
    assert reported == ["config.toml:1: inbox must be a section, written [inbox]"]


def test_a_variable_with_an_odd_name_is_reported_on_one_line() -> None:
    assert faults("", {"WATCHER_\n__B": "x", "WATCHER_\x1b__Q": "x"}) == [
        r"WATCHER_\n__B: there is no such setting",
        r"WATCHER_\x1b__Q: there is no such setting",
    ]


def test_a_misspelt_variable_is_not_passed_over() -> None:
    assert faults("", {"WATCHER_INBOX_PATH": "in", "WATCHER_QQ": ""}) == [
        'WATCHER_INBOX_PATH: there is no such setting; did you mean "WATCHER_INBOX__PATH"?',
        "WATCHER_QQ: there is no such setting",
    ]


def test_no_file_where_one_was_named() -> None:
    with pytest.raises(ConfigError) as raised:
        load_config(Path("no\nwhere.toml"), {})
    assert raised.value.faults == [r"no\nwhere.toml: there is no such file"]
    assert raised.value.exit_code == 78


@pytest.mark.parametrize(
    ("content", "reported"),
    [
        (b"[inbox\n", "config.toml:1: it is not TOML: Expected ']' at the end of a table declaration"),
        (b"[inbox]\npath = '\xff'\n", "config.toml:2: it is not UTF-8 (byte 16)"),
        (None, "config.toml: it cannot be read: Is a directory"),
    ],
)
def test_a_file_that_cannot_be_understood(empty_folder: Path, content: bytes | None, reported: str) -> None:
    file = empty_folder / "config.toml"
    file.mkdir() if content is None else file.write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        load_config(None, {})
    [fault] = raised.value.faults
    assert fault.startswith(reported)


@pytest.mark.parametrize(
    ("toml", "reported"),
    [
        (
            '[inbox]\npath = "outbox"',
            "[inbox] path and [outbox] path are the same folder ({here}/outbox); give each its own",
        ),
        (
            '[outbox]\npath = "inbox/../images"',
            "[outbox] path and [references] path are the same folder ({here}/images); give each its own",
        ),
        (
            '[outbox]\npath = "inbox/sorted"',
            "[outbox] path ({here}/inbox/sorted) is inside [inbox] path ({here}/inbox); move it out",
        ),
        (
            '[inbox]\npath = "outbox/in"',
            "[inbox] path ({here}/outbox/in) is inside [outbox] path ({here}/outbox); move it out",
        ),
        (
            '[references]\npath = "inbox/images"',
            "[references] path ({here}/inbox/images) is inside [inbox] path ({here}/inbox); move it out",
        ),
        (
            '[database]\nurl = "sqlite:///inbox/watcher.db"',
            "[database] url is inside [inbox] path ({here}/inbox/watcher.db); move it out",
        ),
        (
            '[outbox]\npath = "link/sorted"',
            "[outbox] path ({here}/inbox/sorted) is inside [inbox] path ({here}/inbox); move it out",
        ),
        (
            '[outbox]\npath = "link"',
            "[inbox] path and [outbox] path are the same folder ({here}/inbox); give each its own",
        ),
        (
            '[database]\nurl = "sqlite:///link/watcher.db"',
            "[database] url is inside [inbox] path ({here}/inbox/watcher.db); move it out",
        ),
    ],
)
def test_what_is_filed_cannot_come_in_again(empty_folder: Path, toml: str, reported: str) -> None:
    (empty_folder / "inbox").mkdir()
    (empty_folder / "link").symlink_to("inbox")
    here = os.path.realpath(empty_folder)
    assert faults(toml) == [f"config.toml:2: {reported.format(here=here)}"]


INSIDE = "[outbox] path ({here}/inbox/sorted) is inside [inbox] path ({here}/inbox); move it out"


@pytest.mark.parametrize(
    ("toml", "environ", "lines"),
    [
        ("[workers]\ncount = 'two'\n[outbox]\npath = 'inbox/sorted'", {}, [2, 4]),
        ("log = 3\n[outbox]\npath = 'inbox/sorted'", {}, [1, 3]),
        ("[inbox]\nrecursive = 1\n[outbox]\npath = 'inbox/sorted'", {}, [2, 4]),
        ("[references]\npath = 7\n[outbox]\npath = 'inbox/sorted'", {}, [2, 4]),
        ("[database]\nurl = 7\n[outbox]\npath = 'inbox/sorted'", {}, [2, 4]),
        ("[databas]\n[outbox]\npath = 'inbox/sorted'", {}, [1, 3]),
        ("[outbox]\npath = 'inbox/sorted'\npth = 'x'", {}, [2, 3]),
        ("[outbox]\npath = 'inbox/sorted'", {"WATCHER_LOG__LEVEL": "loud"}, [0, 2]),
    ],
)
def test_folders_are_compared_although_another_setting_is_wrong(
    empty_folder: Path, toml: str, environ: Mapping[str, str], lines: list[int]
) -> None:
    reported = faults(toml, environ)
    places = [fault.split(":")[1] for fault in reported]
    assert [int(place) if place.isdecimal() else 0 for place in places] == lines
    assert sum(INSIDE.format(here=os.path.realpath(empty_folder)) in fault for fault in reported) == 1


@pytest.mark.parametrize(
    ("toml", "environ", "number"),
    [
        ("[inbox]\npath = 7\n[outbox]\npath = 'inbox/sorted'", {}, 1),
        ("inbox = 'in'\n[outbox]\npath = 'inbox/sorted'", {}, 1),
        ("[[inbox]]\n[outbox]\npath = 'inbox/sorted'", {}, 1),
        ("[inbox]\npaht = 'in'\n[outbox]\npath = 'inbox/sorted'", {}, 1),
        ("[inbx]\npath = 'in'\n[outbox]\npath = 'inbox/sorted'", {}, 1),
        ("[outbox]\npath = 'inbox/sorted'", {"WATCHER_INBOX_PATH": "in"}, 1),
        ("[database]\nurl = 7\n[inbox]\npath = '.'\n[outbox]\npath = '/x'\n[references]\npath = '/y'", {}, 1),
        ("[outbox\npath = 'inbox/sorted'", {"WATCHER_OUTBOX__PATH": "inbox/sorted"}, 1),
        (
            "[outbox",
            {"WATCHER_INBOX__PATH": "x", "WATCHER_OUTBOX__PATH": "x", "WATCHER_LOG__LEVEL": "loud"},
            3,
        ),
    ],
)
def test_a_folder_that_is_not_known_is_compared_with_none(
    toml: str, environ: Mapping[str, str], number: int
) -> None:
    assert len(faults(toml, environ)) == number


def test_a_byte_order_mark_is_accepted() -> None:
    text = '[recognition]\nreview_below = 0.8\n[inbox]\npath = "\ufeffin"\n'
    Path("config.toml").write_text(text, "utf-8-sig")
    config = load_config(None, {})
    assert (config.recognition.review_below, config.inbox.path.name) == (0.8, "\ufeffin")
    Path("config.toml").write_text("", "utf-8-sig")
    assert load_config(None, {}) == loaded("")


def test_lines_are_counted_the_same_after_a_byte_order_mark() -> None:
    Path("config.toml").write_text("[log]\r\nlevel = 3\r\n", "utf-8-sig")
    with pytest.raises(ConfigError, match=r"config.toml:2: \[log\] level"):
        load_config(None, {})
    Path("config.toml").write_text("[log", "utf-8-sig")
    with pytest.raises(ConfigError, match=r"config.toml:1: it is not TOML"):
        load_config(None, {})


def test_folders_whose_names_only_begin_alike_are_apart(empty_folder: Path) -> None:
    config = loaded('[outbox]\npath = "inbox-sorted"\n[database]\nurl = "sqlite:///inbox.db"')
    assert config.outbox.path == empty_folder / "inbox-sorted"


def test_each_value_says_where_it_comes_from() -> None:
    Path("config.toml").write_text(
        'log = { level = "debug" }\n\n[inbox]\n# a comment\npath = """\nin\\\n"""\nrecursive = true\n'
    )
    loaded = load_with_origins(None, {"WATCHER_WORKERS__COUNT": "2", "WATCHER_INBOX__RECURSIVE": "false"})
    assert loaded.origin("log", "level") == "config.toml:1"
    assert loaded.origin("log", "format") == "default"
    assert loaded.origin("inbox", "path") == "config.toml:5"
    assert loaded.origin("inbox", "recursive") == "WATCHER_INBOX__RECURSIVE"
    assert loaded.origin("workers", "count") == "WATCHER_WORKERS__COUNT"
    assert (loaded.config.inbox.recursive, loaded.config.workers.count) == (False, 2)
