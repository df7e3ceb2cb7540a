"""A systemd unit for this installation: how the service is started and watched, and what it may not do."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from watcher.config.settings import Config
from watcher.errors import WatcherError
from watcher.text import printable

HOMES = ("/home", "/root", "/run/user")
TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - named, not used


@dataclass(frozen=True, slots=True)
class Installation:
    """What is to be a service: the words of its command line, and where it is run.

    `file` is its config.toml, None where the defaults hold; `folder` the one that relative paths count from;
    `variables` those of the environment that override settings. `code` are the folders it is loaded from.
    """

    program: Sequence[str]
    code: Sequence[Path]
    config: Config
    folder: Path
    file: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


def system_unit(installation: Installation, account: str) -> str:
    """The unit of a service of the system's, run by an account of its own.

    Raises WatcherError where the inbox and the outbox have no folder in common that could be opened to it.
    """
    writable = writable_folders(installation.config)
    used = [*writable, *installation.code, installation.folder]
    homes = "read-only" if any(_is_below(path, HOMES) for path in used) else "yes"
    private = "no" if any(_is_below(path, TEMPORARY) for path in used) else "yes"
    made = " ".join(_quoted(str(path)) for path in writable)
    return "\n".join(
        [
            "# Once, as root, for an account of its own and folders that are its own:",
            f"#   useradd --system --home-dir /var/lib/watcher --shell /usr/sbin/nologin {account}",
            f"#   install -d -o {account} -g {account} {made}",
            "# Then save this as /etc/systemd/system/watcher.service, and:",
            "#   systemctl daemon-reload && systemctl enable --now watcher",
            *_head(installation),
            f"RequiresMountsFor={made}",
            *_service(installation),
            f"User={account}",
            f"Group={account}",
            "# who is in its group may sort by hand what it files",
            "UMask=0007",
            "StateDirectory=watcher",
            "RuntimeDirectory=watcher",
            "",
            "# All else is read-only to it. Each of these becomes a mount of its own, and the inbox and the",
            "# outbox must stay on one: so what is opened is the folder that both lie in.",
            "ProtectSystem=strict",
            f"ReadWritePaths={made}",
            f"ProtectHome={homes}",
            f"PrivateTmp={private}",
            *SYSTEM_HARDENING,
            *HARDENING,
            "",
            "[Install]",
            "WantedBy=multi-user.target",
            "",
        ]
    )


def user_unit(installation: Installation) -> str:
    """The unit of a service of one user's, with what a user's service manager can see to."""
    return "\n".join(
        [
            "# Save this as ~/.config/systemd/user/watcher.service, and:",
            "#   systemctl --user daemon-reload && systemctl --user enable --now watcher",
            "# It runs while you are logged in; always, after: loginctl enable-linger",
            *_head(installation),
            *_service(installation),
            *HARDENING,
            "",
            "[Install]",
            "WantedBy=default.target",
            "",
        ]
    )


def writable_folders(config: Config) -> list[Path]:
    """What it writes in: the folder that inbox and outbox have in common, and the database's.

    Raises WatcherError where the first is the whole system.
    """
    inbox, outbox, database = (
        Path(os.path.realpath(path))
        for path in (config.inbox.path, config.outbox.path, config.database.file.parent)
    )
    common = Path(os.path.commonpath([inbox, outbox]))
    if common == Path(common.anchor):
        raise WatcherError(
            f"the inbox ({printable(str(inbox))}) and the outbox ({printable(str(outbox))}) have no folder "
            "in common that could be opened to a service; put both below one, as /srv/watcher/inbox and "
            "/srv/watcher/outbox"
        )
    return [common] if database.is_relative_to(common) else [common, database]


def temporary_folders(installation: Installation) -> list[Path]:
    """What it works in that the system empties now and then."""
    return [path for path in writable_folders(installation.config) if _is_below(path, TEMPORARY)]


def _head(installation: Installation) -> list[str]:
    inbox = _plain(str(installation.config.inbox.path))
    return [
        "",
        "[Unit]",
        f"Description=Sorting pictures of handwritten digits out of {inbox}",
        "After=local-fs.target remote-fs.target",
    ]


def _service(installation: Installation) -> list[str]:
    given = [] if installation.file is None else ["--config", str(installation.file)]
    check, run = (
        _command([*installation.program, *words, *given]) for words in (["config", "check"], ["run"])
    )
    variables = [f"{name}={value}" for name, value in installation.variables.items()]
    return [
        "",
        "[Service]",
        "Type=notify",
        f"WorkingDirectory={_plain(str(installation.folder))}",
        *(f"Environment={_quoted(variable)}" for variable in variables),
        f"ExecStartPre={check}",
        f"ExecStart={run}",
        f"ExecReload={check}",
        'ExecReload=/bin/sh -c "kill -HUP ${MAINPID}"',
        "# many references take their time at the first start; stopping finishes what is in hand",
        "TimeoutStartSec=15min",
        "TimeoutStopSec=90",
        "KillMode=mixed",
        "# what all programs have written is flushed with the pictures; a slow disk takes its time for that",
        "WatchdogSec=120",
        "Restart=on-failure",
        "RestartSec=10",
        "RestartPreventExitStatus=2 78",
        "# a picture that takes too much memory ends a process made for that, not the service",
        "OOMPolicy=continue",
        "LimitCORE=0",
        "SyslogIdentifier=watcher",
    ]


SYSTEM_HARDENING = (
    "PrivateDevices=yes",
    "PrivateNetwork=yes",
    "PrivateIPC=yes",
    "PrivateUsers=yes",
    "PrivateMounts=yes",
    "IPAddressDeny=any",
    "DevicePolicy=closed",
    "ProcSubset=pid",
    "ProtectProc=invisible",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "CapabilityBoundingSet=",
    "AmbientCapabilities=",
    "KeyringMode=private",
    "RemoveIPC=yes",
)
"""What only the system's service manager can see to."""

HARDENING = (
    "NoNewPrivileges=yes",
    "LockPersonality=yes",
    "MemoryDenyWriteExecute=yes",
    "RestrictAddressFamilies=AF_UNIX",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "SystemCallArchitectures=native",
    "SystemCallErrorNumber=EPERM",
    "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged @resources",
    "# what is suspect is read with less of the cores and of the memory",
    "SystemCallFilter=setpriority setrlimit",
)


def _command(words: Iterable[str]) -> str:
    return " ".join(_quoted(word).replace("$", "$$") for word in words)


def _quoted(word: str) -> str:
    """A word as systemd.syntax(7) has it. Raises WatcherError for bytes that are not UTF-8."""
    plain = _plain(word)
    if word and not set(word) & set(" '\"\\;#"):
        return plain
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _plain(text: str) -> str:
    if not text.isprintable():
        raise WatcherError(f"{printable(text)}: a unit cannot name it; rename it without such characters")
    return text.replace("%", "%%")


def _is_below(path: Path, folders: Iterable[str]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)
