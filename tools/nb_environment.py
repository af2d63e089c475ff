"""The environment in which every notebook runs, whether this tool or nbval starts the kernel."""

import os
from pathlib import Path

MACHINE = "NOTEBOOK_MACHINE"  # the environment variable that names one of these
# Other machines, as far as this one can play them: old processors, one of ten years ago, one with two threads.
OLD_NUMPY = {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"}
OLD_TORCH = {"ATEN_CPU_CAPABILITY": "default"}
MACHINES: dict[str, dict[str, str]] = {
    "": {},
    "sse": {"OPENBLAS_CORETYPE": "Nehalem", "ONEDNN_MAX_CPU_ISA": "SSE41", **OLD_TORCH, **OLD_NUMPY},
    "avx": {"OPENBLAS_CORETYPE": "Sandybridge", "ONEDNN_MAX_CPU_ISA": "AVX", **OLD_TORCH, **OLD_NUMPY},
    "avx2": {"OPENBLAS_CORETYPE": "Haswell", "ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"},
    # Threads that wait without computing: on a busy machine two that spin are many times slower than one.
    "threads": {
        "OMP_NUM_THREADS": "2",
        "OPENBLAS_NUM_THREADS": "2",
        "OMP_WAIT_POLICY": "passive",
        "OPENBLAS_THREAD_TIMEOUT": "4",
    },
}


def kernel_environment(root: Path) -> dict[str, str]:
    """One thread, a fixed hash seed, no progress bars, no configuration of the user's own; the rest as it is here.

    Raises ValueError if the environment asks for a machine that is not known.
    """
    machine = os.environ.get(MACHINE, "")
    if machine not in MACHINES:
        raise ValueError(f"{MACHINE}: expected one of {', '.join(filter(None, MACHINES))}, got {machine!r}")
    ipython = root / ".cache" / "notebooks" / "ipython"
    ipython.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}  # a kernel's default is inline
    return (
        kept
        | {
            "OMP_NUM_THREADS": "1",
            "PYTHONHASHSEED": "0",
            "RNN_COURSE_AUTOTUNE": "0",  # what is faster differs from run to run, and so would the last digits
            "TQDM_DISABLE": "1",  # rnn_course.train and tqdm obey it: a stored bar would show a random time
            "MATPLOTLIBRC": os.devnull,
            "IPYTHONDIR": str(ipython),
        }
        | MACHINES[machine]
    )
