"""The environment in which every notebook runs, whether this tool or nbval starts the kernel."""

import os
from pathlib import Path


def kernel_environment(root: Path) -> dict[str, str]:
    """One thread, a fixed hash seed, no progress bars, no configuration of the user's own; the rest as it is here."""
    ipython = root / ".cache" / "notebooks" / "ipython"
    ipython.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}  # a kernel's default is inline
    return kept | {
        "OMP_NUM_THREADS": "1",
        "PYTHONHASHSEED": "0",
        "TQDM_DISABLE": "1",  # rnn_course.train and tqdm obey it: a stored bar would show a random time
        "MATPLOTLIBRC": os.devnull,
        "IPYTHONDIR": str(ipython),
    }
