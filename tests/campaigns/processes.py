"""What the system says of a running process: memory, descriptors, time on a processor."""

import os
from pathlib import Path


def memory(pid: int) -> int:
    """The bytes that it holds in memory now."""
    return _status(pid, "VmRSS")


def peak_memory(pid: int) -> int:
    """The most bytes that it ever held in memory."""
    return _status(pid, "VmHWM")


def descriptors(pid: int) -> int:
    """How many files it has open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def processor_seconds(pid: int) -> float:
    """How long it has been on a processor, itself and the system for it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system = int(fields[11]), int(fields[12])
    return (user + system) / os.sysconf("SC_CLK_TCK")


def _status(pid: int, field: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (value,) = (line.split()[1] for line in lines if line.startswith(f"{field}:"))
    return int(value) * 1024
