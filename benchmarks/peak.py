"""How much memory a process has had at most. Imports nothing heavy: the process is the one that is measured."""

from pathlib import Path


def peak() -> float:
    """The most MiB that this process has ever had in memory."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        import resource  # what it says of a child begins with the peak of its parent

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
