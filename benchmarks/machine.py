"""Where and with what was measured: processor, versions, threads, and the kernel that NumPy's BLAS has chosen."""

import ctypes
import importlib.metadata
import os
import platform
from pathlib import Path

import numpy as np

VARIABLES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # set on some machines for old programs; they slow NumPy down


def description() -> dict[str, object]:
    """Everything that a reader of the numbers needs to judge them."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "blas": blas_kernel(),
        "threads": os.environ.get("OMP_NUM_THREADS", "not set"),
        "load when started": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        **{name: _version(name) for name in ("numpy", "torch", "jax", "scipy")},
    }


def blas_kernel() -> str:
    """The name that OpenBLAS gives to the kernels it runs here."""
    for library in Path(np.__file__).parents[1].glob("numpy.libs/*openblas*"):
        loaded = ctypes.CDLL(str(library))
        for symbol in ("scipy_openblas_get_corename64_", "openblas_get_corename64_", "openblas_get_corename"):
            if hasattr(loaded, symbol):
                function = getattr(loaded, symbol)
                function.restype = ctypes.c_char_p
                return "OpenBLAS " + function().decode()
    return "unknown"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
