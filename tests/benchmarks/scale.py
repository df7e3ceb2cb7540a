"""How much is measured: all of it, or just enough to show that the benchmarks work."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Counts and seconds of one run of the benchmarks."""

    tries: int
    waiting: int  # pictures in the full inbox
    arrivals: int  # pictures at a steady 200 a second
    singles: int  # pictures one by one
    references: tuple[int, ...]  # how many, few to many
    compared: int  # pictures that rules and libraries are compared on
    exact: tuple[tuple[int, int], ...]  # references and pictures, every two of which are looked at closely
    idle_seconds: float
    rates: tuple[float, ...]  # arrivals a second
    load_seconds: float  # of each rate
    grown: tuple[int, ...]  # rows in the log, and files in the outbox, before the throughput is taken

    @property
    def many(self) -> int:
        """References where there are many."""
        return self.references[-1]


FULL = Scale(
    tries=5,
    waiting=20_000,
    arrivals=4_000,
    singles=200,
    references=(160, 1_000, 10_000, 60_000),
    compared=2_000,
    exact=((160, 1_000), (1_600, 1_000)),
    idle_seconds=600.0,
    rates=(25.0, 50.0, 100.0, 200.0, 400.0, 800.0),
    load_seconds=10.0,
    grown=(1_000, 10_000, 100_000, 1_000_000),
)
SHORT = Scale(
    tries=1,
    waiting=60,
    arrivals=40,
    singles=4,
    references=(20, 300),
    compared=30,
    exact=((20, 10),),
    idle_seconds=1.0,
    rates=(50.0, 200.0),
    load_seconds=0.2,
    grown=(10, 100),
)
