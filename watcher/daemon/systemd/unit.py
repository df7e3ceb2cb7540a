"""A systemd unit for this installation: how the service is started and watched, and what it may do."""

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
    """What becomes a service: `program` is the beginning of its command line.

    `code` are the folders it is loaded from. `folder` is where it runs: relative paths start there. `file` is
    its config.toml, None if there is none. `variables` are environment variables that override settings.
    """

    program: Sequence[str]
    code: Sequence[Path]
    config: Config
    folder: Path
    file: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)


def system_unit(installation: Installation, account: str) -> str:
    """The unit of a system service, run by an account of its own.

    Raises WatcherError if inbox and outbox have no common folder that could be made writable for it.
    """
    writable = writable_folders(installation.config)
    used = [*writable, *installation.code, installation.folder]
    homes = "read-only" if any(_is_below(path, HOMES) for path in used) else "yes"
    private = "no" if any(_is_below(path, TEMPORARY) for path in used) else "yes"
    made = " ".join(_quoted(str(path)) for path in writable)
    return "\n".join(
        [
            "# Once, as root, make an account for the service, and its folders:",
            f"#   useradd --system --home-dir /var/lib/watcher --shell /usr/sbin/nologin {account}",
            f"#   install -d -o {account} -g {account} {made}",
            "# Then save this as /etc/systemd/system/watcher.service, and:",
            "#   systemctl daemon-reload && systemctl enable --now watcher",
            *_head(installation),
            f"RequiresMountsFor={made}",
            *_service(installation),
            f"User={account}",
            f"Group={account}",
            "# members of its group may move the files that it has filed",
            "UMask=0007",
            "StateDirectory=watcher",
            "RuntimeDirectory=watcher",
            "",
            "# Everything else is read-only for it. Each of these paths becomes a mount of its own, and the",
            "# inbox and the outbox must be on one mount: so the folder that holds both is writable.",
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
    """The unit of a user's service, with the restrictions that a user's service manager supports."""
    return "\n".join(
        [
            "# Save this as ~/.config/systemd/user/watcher.service, and:",
            "#   systemctl --user daemon-reload && systemctl --user enable --now watcher",
            "# It runs while you are logged in. To keep it running: loginctl enable-linger",
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
    """The folders it writes to: the common folder of inbox and outbox, and that of the database.

    Raises WatcherError if the first is the root of the file system.
    """
    inbox, outbox, database = (
        Path(os.path.realpath(path))
        for path in (config.inbox.path, config.outbox.path, config.database.file.parent)
    )
    common = Path(os.path.commonpath([inbox, outbox]))
    if common == Path(common.anchor):
        raise WatcherError(
            f"the inbox ({printable(str(inbox))}) and the outbox ({printable(str(outbox))}) have no common "
            "folder that a service may write to; put both in one folder, for example /srv/watcher/inbox and "
            "/srv/watcher/outbox"
        )
    return [common] if database.is_relative_to(common) else [common, database]


def temporary_folders(installation: Installation) -> list[Path]:
    """The folders it writes to that the system empties from time to time."""
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
        "# the first start takes long with many references; a stop finishes what is claimed",
        "TimeoutStartSec=15min",
        "TimeoutStopSec=90",
        "KillMode=mixed",
        "# a flush writes what all programs have written, which takes long on a slow disk",
        "WatchdogSec=120",
        "Restart=on-failure",
        "RestartSec=10",
        "RestartPreventExitStatus=2 78",
        "# a picture that takes too much memory ends one worker process, not the service",
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
"""Restrictions that only the system's service manager supports."""

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
    "# suspect pictures are read with a lower priority and less memory",
    "SystemCallFilter=setpriority setrlimit",
)


def _command(words: Iterable[str]) -> str:
    return " ".join(_quoted(word).replace("$", "$$") for word in words)


def _quoted(word: str) -> str:
    """A word, quoted by systemd.syntax(7). Raises WatcherError for bytes that are not UTF-8."""
    plain = _plain(word)
    if word and not set(word) & set(" '\"\\;#"):
        return plain
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _plain(text: str) -> str:
    if not text.isprintable():
        raise WatcherError(f"{printable(text)}: a unit cannot hold this name; remove its special characters")
    return text.replace("%", "%%")


def _is_below(path: Path, folders: Iterable[str]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)
