"""Turn the text sources of the course into executed, normalised notebooks, or check that they still agree.

    python tools/notebooks.py                   build what has changed
    python tools/notebooks.py 08_lstm_cell      only the notebooks whose path contains this text
    python tools/notebooks.py --check           run everything again, write nothing, report what differs

`book/NN_slug.py` becomes `book/NN_slug.ipynb`; `solutions/NN_slug.py` becomes `solutions/NN_slug.ipynb` and,
with its solutions taken out, `exercises/NN_slug.ipynb`. The parts, one idea a file:

    nb_source       reads a py:percent source; makes the stubs of the exercises
    nb_environment  what every kernel of the course runs in
    nb_kernel       runs a notebook with this Python
    nb_normalise    removes what differs from run to run, so that two runs give the same bytes
    nb_compare      says what a reader would see differ between two notebooks
    nb_cache        what has changed since a notebook's last good run
    nb_ran          lets nbval's run do the work of a check, so that nothing is run twice
    nb_build        what is out of date, in parallel, written atomically; the command line
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))  # so that `tools` can be imported from any working directory
    from tools.nb_build import main

    raise SystemExit(main(root=ROOT))
