# From NN to CNN to RNN. `make help` explains the targets. Without make, or on Windows: see README.md.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed-from
# Extra options for pip, for example a local folder of wheels: make book PIP_OPTIONS="--find-links ~/wheels"
PIP_OPTIONS ?=

# One thread: on a small machine that is busy, two are slower, and the notebooks' bits are the same on both.
export OMP_NUM_THREADS ?= 1

# Every notebook in one kernel run, two at a time: outputs, claims, guards, pictures, widgets. What passes is known to
# `make check`, which then runs only what changed. See book/validation.md.
NBVAL := --nbval -n 2 --dist loadfile -q -p no:cacheprovider

.DEFAULT_GOAL := help
.PHONY: help book serve zip pdf lab test lint unit notebook-tests book-tests notebooks check machines corruption mutants \
  page-report bench bench-quick costs clean

help: ## show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

book: $(READY) ## build the book into _build/html
	$(BIN)/python tools/vendor.py
	$(BIN)/jupyter-book build . -W -n --keep-going
	@test -f _build/html/index.html
	@echo "The book is ready: open _build/html/index.html, or run make serve."

serve: book ## build the book and serve it on http://localhost:8000
	$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory _build/html

zip: book ## pack the built book into one file that works from a disk: build/editions/
	$(BIN)/python -m tools.editions.zipped

pdf: book ## print the whole book with Chromium, with links and bookmarks: build/editions/
	$(BIN)/python -m tools.editions.pdf

lab: $(READY) ## open JupyterLab in my-exercises/, your own copy of the exercises
	$(BIN)/rnn-course start my-exercises
	$(BIN)/jupyter lab --notebook-dir my-exercises

test: lint unit notebook-tests check book-tests ## run everything that has to hold

lint: $(READY) ## style, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

unit: $(READY) ## the tests of package, tools and notebooks' plug-in
	$(BIN)/python -m pytest -n 2 --dist loadfile --ignore tests/book --ignore tests/lab tests

notebook-tests: $(READY) ## run every notebook; compare outputs, verify the claims of the prose
	$(BIN)/python -m pytest $(NBVAL) book solutions exercises

machines: $(READY) ## the notebooks as on other machines: older processors, two threads; outputs, claims and pictures
	@for machine in sse avx avx2 threads; do \
	  echo "== as on a machine with $$machine"; export NOTEBOOK_MACHINE=$$machine; \
	  $(BIN)/python -m pytest $(NBVAL) -o nbclaims_budget=600 book solutions exercises || exit 1; \
	done

corruption: $(READY) ## corrupt notebooks and prose in 300 ways at random; is each that a reader could see noticed?
	$(BIN)/python -m tests.notebooks.corruption
	$(BIN)/python -m tests.notebooks.corruption_commands

check: $(READY) ## are the notebooks what their sources give, for all that a reader can see? run what is not known to be
	$(BIN)/python tools/notebooks.py --check

book-tests: book ## test the built pages, and a learner's JupyterLab, in a browser where Chromium is installed
	$(BIN)/python tools/vendor.py --tests
	$(BIN)/python -m pytest -n 2 --dist worksteal tests/lab tests/book

page-report: book ## what a browser says of every page: a table; JSON and pictures in build/page-report/; LIGHTHOUSE=1 for its scores
	$(BIN)/python tools/vendor.py --tests
	$(BIN)/python -m tests.book.report $(if $(LIGHTHOUSE),--lighthouse)

notebooks: $(READY) ## write what is generated: notebooks whose text sources changed, pages and diagrams made from code
	$(BIN)/python tools/notebooks.py
	$(BIN)/python -m tools.pages
	$(BIN)/python -m tools.diagrams

mutants: $(READY) ## make small mistakes in the mathematics: do the tests see each? MODULES="cells gru" for some; takes long
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_OPTIONS) -c constraints.txt -e ".[mutants]"
	$(BIN)/python -m tests.mutation.run $(MODULES)
	$(BIN)/python -m tests.mutation.solutions

bench: $(READY) ## measure the speed beside its peers, on one thread, in under ten minutes; renews the book's page on it
	$(BIN)/python -m benchmarks

bench-quick: $(READY) ## the same in under a minute, without writing anything
	$(BIN)/python -m benchmarks --quick

costs: $(READY) ## where the time of the course's own checks goes: each notebook, the book anew, one chapter changed
	$(BIN)/python tools/vendor.py
	$(BIN)/python -m benchmarks.course

clean: ## remove everything that was built, also the virtual environment; your exercises stay
	rm -rf _build build dist .cache .pytest_cache .ruff_cache .hypothesis $(VENV)

# The virtual environment, made anew only when what it is made from has changed.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_OPTIONS) -c constraints.txt -e ".[torch,viz,book,dev]"
	@touch $@
