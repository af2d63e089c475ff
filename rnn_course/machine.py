"""Where and with what something was measured: processor, cores, versions, threads, load, NumPy's kernels."""

import ctypes
import importlib.metadata
import os
import platform
from pathlib import Path

import numpy as np


def description(libraries: tuple[str, ...] = ("numpy", "torch")) -> dict[str, object]:
    """What a reader of measured numbers needs to judge them, in types that JSON has."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "blas": blas_kernel(),
        "threads": os.environ.get("OMP_NUM_THREADS", "not set"),
        "load when started": load(),
        "python": platform.python_version(),
        **{name: version(name) for name in libraries},
    }


def load() -> float | None:
    """How many processes wanted a core in the last minute; None where the system does not say."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def blas_kernel() -> str:
    """The name that OpenBLAS gives to the kernels that it runs here."""
    for library in Path(np.__file__).parents[1].glob("numpy.libs/*openblas*"):
        loaded = ctypes.CDLL(str(library))
        for symbol in ("scipy_openblas_get_corename64_", "openblas_get_corename64_", "openblas_get_corename"):
            if hasattr(loaded, symbol):
                function = getattr(loaded, symbol)
                function.restype = ctypes.c_char_p
                return "OpenBLAS " + function().decode()
    return "unknown"


def processor() -> str:
    """The name of the processor, as the system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def version(name: str) -> str | None:
    """The installed version of a library, None without it."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
