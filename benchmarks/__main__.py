"""`python -m benchmarks [--quick]`: measure, say which goals were met, and write the results for the book's page."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Measure on one thread, and with the BLAS kernels that suit this processor."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute; written only where --out says")
    parser.add_argument("--as-is", action="store_true", help="with the BLAS kernels that the environment asks for")
    parser.add_argument("--out", type=Path, help="where the results go (default: benchmarks/results/latest.json)")
    options = parser.parse_args()
    _on_one_thread(options.as_is)
    out = options.out or (None if options.quick else ROOT / "benchmarks/results/latest.json")
    results = measure(options.quick)
    from benchmarks.goals import goals, table

    found = goals(results)
    print(table(found))
    results["goals"] = [{**goal._asdict(), "met": goal.met} for goal in found]
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(_plain(results), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"written: {out}")
    if out is not None and options.out is None:
        subprocess.run([sys.executable, str(ROOT / "tools/notebooks.py"), "performance"], check=True)


def measure(quick: bool) -> dict:
    """Everything, in a few minutes; quick, in a good half of one."""
    import torch

    from benchmarks import costs, layers, machine, recurrent, training

    torch.set_num_threads(1)
    long, short = (1.0, 0.5) if quick else (14.0, 6.0)
    parts = {
        "machine": machine.description,
        "imports": lambda: costs.imports(3 if quick else 9),
        "memory": costs.memory,
        "lstm": lambda: recurrent.lstm(long, quick),
        "others": lambda: recurrent.others(long),
        "layers": lambda: layers.layers(short),
        "checks": costs.checks,
        "epochs": (lambda: {}) if quick else (lambda: training.epochs(short)),
        "growth": (lambda: {}) if quick else (lambda: costs.growth(short)),
        "to 98 %": (lambda: None) if quick else training.to_98_percent,
    }
    results = {}
    for name, part in parts.items():
        start = perf_counter()
        results[name] = part()
        print(f"{name}: {perf_counter() - start:.0f} s", flush=True)
    return results


def _on_one_thread(as_is: bool) -> None:
    """Start anew with one thread, and unless `as_is` without the variables that choose old kernels for NumPy."""
    from benchmarks.machine import VARIABLES

    wanted = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    wanted |= {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1", "TQDM_DISABLE": "1"}
    unwanted = () if as_is else VARIABLES
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    if any(name in os.environ for name in unwanted) or wanted.items() - os.environ.items():
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks", *sys.argv[1:]], kept | wanted)


def _plain(value: object) -> object:
    """Named tuples as dictionaries, for JSON."""
    if hasattr(value, "_asdict"):
        return value._asdict()  # type: ignore[attr-defined]
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return value


if __name__ == "__main__":
    main()
