"""Python reads this at its start, in the kernel and in every Python that a notebook starts: begin to watch."""

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

HERE = os.path.dirname(os.path.abspath(__file__))

if "NBCLAIMS_LOG" in os.environ:
    import nbclaims_watch

    nbclaims_watch.begin()

# The machine's own sitecustomize, which this one hides.
spec = PathFinder.find_spec("sitecustomize", [path for path in sys.path if os.path.abspath(path or ".") != HERE])
if spec and spec.loader:
    spec.loader.exec_module(module_from_spec(spec))
