# The verbs a person types. `make help` lists them.
PYTHON ?= python3
PORT ?= 8001
WORKERS ?= 1
AT ?=
PY := .venv/bin/python

# What the caller's environment says to Python is not meant for these verbs: it would leave out
# their folder, their checks or their virtual environment.
KEPT := PYTHON PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX
unexport $(filter-out $(KEPT),$(filter PYTHON%,$(.VARIABLES)))
export PYTHONUTF8 := 1

# set-up,SET: install what a target needs (scripts/setup.py). Where PY names another Python,
# nothing is installed.
ifeq ($(PY),.venv/bin/python)
no-python := error: $(PYTHON) is not installed. On Debian and Ubuntu: apt-get install python3-venv
set-up = @command -v $(PYTHON) >/dev/null || { echo "$(no-python)" >&2; exit 1; }; \
  $(PYTHON) -I scripts/setup.py $(1)
else
set-up = @:
endif

.PHONY: help serve build check lint fix test test-fast test-catalogs test-spark
.PHONY: bench mutants hostile faults release sort describe lock clean
.PHONY: setup setup-test setup-bench setup-catalogs setup-lint setup-spark
# Targets write and read the same files: with -j too they run one by one, in the order named.
.NOTPARALLEL:
.DELETE_ON_ERROR:

serve: build  ## set up, validate, build and serve on http://127.0.0.1:$(PORT)/
	@exec "$(PY)" scripts/serve.py --port "$(PORT)" --workers "$(WORKERS)"

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

build: setup | $(filter sort,$(MAKECMDGOALS))  ## validate and build, unless that is up to date
	@"$(PY)" scripts/refresh.py

setup:  ## install what the site needs into .venv
	$(call set-up,serve)

setup-test:  ## install what the suite needs: programs from Debian's packages, libraries into .venv
	$(call set-up,test)

setup-bench:
	$(call set-up,bench)

setup-catalogs:
	$(call set-up,catalogs)

setup-lint: setup
	$(call set-up,lint)

setup-spark:
	$(call set-up,spark)

check: build  ## validate, and say what is complete, open and due (AT=YYYY-MM-DD)
	@"$(PY)" scripts/validate.py
	@"$(PY)" scripts/canonical.py --check
	@"$(PY)" scripts/describe.py --check
	@"$(PY)" scripts/version.py
	@"$(PY)" scripts/completeness.py $(if $(AT),--at $(AT))

bench: setup-bench build  ## compare with other tools; writes docs/quality/ (TIMES="1 10 100 1000")
	@"$(PY)" scripts/bench.py $(if $(TIMES),--times $(TIMES))

mutants: setup  ## corrupt copies of the package: does validate name each? (COUNT=2000)
	@"$(PY)" scripts/mutants.py --count $(or $(COUNT),2000)

hostile: setup-test build  ## send hostile requests to the site and judge each answer (COUNT=20000)
	@"$(PY)" scripts/hostile.py --count $(or $(COUNT),20000)

faults: setup-test build  ## kill, starve and disturb every verb that writes
	@"$(PY)" scripts/faults.py

release: setup-test  ## make dist/VERSION from the prepared commit (docs/guides/releasing.md)
	@"$(PY)" scripts/release.py make

describe: setup  ## write the generated documents of docs/, and CITATION.cff
	@"$(PY)" scripts/describe.py

sort: setup  ## put every data file into its canonical form: sorted by key, LF, minimal quotes
	@"$(PY)" scripts/canonical.py

# A file's tests run in one process, in order, and share what is made for them.
PYTEST := -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: setup-test build  ## install what is missing and run the whole suite
	@"$(PY)" $(PYTEST)

test-fast: setup-test build  ## run what needs no browser, no nginx and less than a minute
	@"$(PY)" $(PYTEST) -m "not browser and not nginx and not slow"

lint: setup-lint  ## check the form, the style and the types of the code
	@.venv-lint/bin/ruff format --check
	@.venv-lint/bin/ruff check
	@.venv-lint/bin/mypy --python-executable "$(PY)"

fix: setup-lint  ## put the code into form and fix what can be fixed by itself
	@.venv-lint/bin/ruff check --fix --exit-zero
	@.venv-lint/bin/ruff format

VALIDATORS := tests/catalogs/validators

test-catalogs: setup-catalogs  ## check the catalog documents with their validators
	@.venv-catalogs/bin/python -m pytest --confcutdir $(VALIDATORS) $(VALIDATORS)

test-spark: setup-test setup-spark build  ## ask the worked examples of Apache Spark (needs Java 17)
	@rm -rf build/export
	@"$(PY)" scripts/export.py --out build/export
	@.venv-spark/bin/python -m pytest --confcutdir tests/engines/spark tests/engines/spark

LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
  --no-header

lock:  ## write the lock files from pyproject.toml again (needs uv)
	$(LOCK) pyproject.toml -o requirements/site.txt
	$(LOCK) --group test -c requirements/site.txt pyproject.toml -o requirements/test.txt
	$(LOCK) --group bench -c requirements/test.txt pyproject.toml -o requirements/bench.txt
	$(LOCK) --group catalogs -o requirements/catalogs.txt
	$(LOCK) --group lint -o requirements/lint.txt
	$(LOCK) --group spark -o requirements/spark.txt

clean:  ## remove what was built and installed
	rm -rf build dist .venv .venv-catalogs .venv-lint .venv-spark
