"""How much is measured: all of it, or just enough to show that the benchmarks work."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Counts and seconds of one run of the benchmarks."""

    tries: int
    waiting: int  # pictures in the full inbox
    arrivals: int  # pictures at a steady 200 a second
    singles: int  # pictures one by one
    many: int  # references where there are many
    compared: int  # pictures that rules and libraries are compared on
    idle_seconds: float
    grown: tuple[int, ...]  # rows in the log, and files in the outbox, before the throughput is taken


FULL = Scale(5, 20_000, 4_000, 200, 60_000, 2_000, 600.0, (1_000, 10_000, 100_000, 1_000_000))
SHORT = Scale(1, 60, 40, 4, 300, 30, 1.0, (10, 100))
