"""How much a learner's notebook may use."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds for one notebook; each must be above 0.

    seconds           for everything: running the cells and checking every answer
    exercise_seconds  for the check of one answer
    memory_mb         for what the notebook adds to a started Python, all its processes together
    output_bytes      for what its cells print
    processes         how many it may have at a time, its own included
    disk_mb           for the files it writes; they are gone afterwards
    """

    seconds: float = 120.0
    exercise_seconds: float = 20.0
    memory_mb: int = 1024
    output_bytes: int = 1_000_000
    processes: int = 32
    disk_mb: int = 64

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e9:
                raise ValueError(f"{name}: expected a number above 0, got {value!r}")
