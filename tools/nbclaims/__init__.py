"""nbclaims: what a reader of a notebook sees is what its code does. A pytest plug-in beside nbval.

nbval runs a notebook again and compares the outputs that are text. This plug-in adds, in the same run of the kernel:

- **claims**: `x: [batch=4, time=3]` in the prose is compared with the live array `x` where it stands (claims.py);
- **guards**: what the file alone shows to be wrong, such as a cell that was never run (guards.py);
- **a fresh notebook**, put together from what the kernel said, for the project to compare as a whole (fresh.py);
- **a watch**: no file left behind, no network, no global seed, no more time than allowed (watch.py, kernel/).

Use: write `pytest_plugins = ["tools.nbclaims.plugin"]` in the conftest.py of the root, then `pytest --nbval FOLDER`.
The package needs pytest, nbval, nbclient and what these bring; it knows nothing of the project around it. What it may
be told:

| in the configuration of pytest | default | |
|---|---|---|
| `nbclaims_toc` | `_toc.yml` | the table of contents that has to name each notebook, if there is such a file |
| `nbclaims_teaching` | `book` | the folder whose pages have to claim a shape if they show one |
| `nbclaims_budget` | 60 | the seconds that a notebook may take |

A conftest.py may say in which environment the kernels run, by the hook `pytest_nbclaims_environment`, and what of a run
differs from the stored notebook, pictures and widgets included, by the hook `pytest_nbclaims_ran` (hooks.py).
"""
