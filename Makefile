# The verbs a person types.
PYTHON ?= python3
PORT ?= 8001
WORKERS ?= 1
AT ?=
PY := .venv/bin/python
INPUTS := datapackage.json data $(wildcard data/*.csv) $(wildcard sql/*/*.sql) scripts/package.py scripts/rules.py scripts/validate.py scripts/build.py profiles/datapackage-2.0.json

.PHONY: serve test test-catalogs test-spark check build bench mutants hostile faults release sort describe lock clean
.DELETE_ON_ERROR:

serve: build/benefits.db  ## validate, build and serve on http://127.0.0.1:$(PORT)/
	@exec $(PY) scripts/serve.py --port $(PORT) --workers $(WORKERS)

build: build/benefits.db  ## validate and build build/benefits.db

build/benefits.db: .venv/ready $(INPUTS)
	@$(PY) scripts/validate.py
	@$(PY) scripts/build.py

check: build/benefits.db  ## validate, and say what is complete, open and stale; AT=YYYY-MM-DD sets the day for staleness
	@$(PY) scripts/validate.py
	@$(PY) scripts/canonical.py --check
	@$(PY) scripts/describe.py --check
	@$(PY) scripts/version.py
	@$(PY) scripts/completeness.py $(if $(AT),--at $(AT))

bench: .venv/ready-bench build/benefits.db  ## measure all of it beside other tools: docs/performance.md (needs wrk and nginx; TIMES="1 10 100 1000")
	@$(PY) scripts/bench.py $(if $(TIMES),--times $(TIMES))

mutants: .venv/ready  ## corrupt copies of the package in every way and see that validate names each (COUNT=2000)
	@$(PY) scripts/mutants.py --count $(or $(COUNT),2000)

hostile: .venv/ready-test build/benefits.db  ## send hostile requests to the served site and judge each answer (COUNT=20000)
	@$(PY) scripts/hostile.py --count $(or $(COUNT),20000)

faults: .venv/ready-test build/benefits.db  ## kill, starve and disturb every verb that writes
	@$(PY) scripts/faults.py

release: .venv/ready-test  ## make dist/VERSION from the prepared commit (docs/releasing.md)
	@$(PY) scripts/release.py make

describe: .venv/ready  ## write docs/codebook.md, docs/gaps.md and CITATION.cff from the package
	@$(PY) scripts/describe.py

sort: .venv/ready  ## put every data file into its canonical form: sorted by key, LF, minimal quotes
	@$(PY) scripts/canonical.py

test: .venv/ready-test build/benefits.db  ## install the test tools and run the whole suite
	@$(PY) -m pytest

test-catalogs: .venv-catalogs/ready  ## check the catalog documents with mlcroissant, rocrate and roc-validator
	@.venv-catalogs/bin/python -m pytest --confcutdir tests/catalogs tests/catalogs

test-spark: .venv/ready-test .venv-spark/ready build/benefits.db  ## ask the worked examples of Apache Spark (needs Java 17)
	@command -v java >/dev/null || { echo "error: make test-spark needs Java 17. On Debian and Ubuntu: apt-get install openjdk-17-jre-headless" >&2; exit 1; }
	@rm -rf build/export
	@$(PY) scripts/export.py --out build/export
	@.venv-spark/bin/python -m pytest --confcutdir tests/spark tests/spark

.venv/ready: requirements.txt
	@echo "Installing what is needed into .venv (once, about 20 seconds) ..."
	@test -x $(PY) || $(PYTHON) -m venv .venv || { rm -rf .venv; echo "error: '$(PYTHON) -m venv' does not work here. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: Python 3.11 or newer is needed; name one as in PYTHON=python3.12 make serve" >&2; rm -rf .venv; exit 1; }
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/ready-test: requirements-test.txt .venv/ready
	@echo "Installing the test tools into .venv (once) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.txt
	@touch $@

.venv/ready-bench: requirements-bench.txt .venv/ready-test
	@echo "Installing what is measured beside into .venv (once) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch $@

.venv-catalogs/ready: requirements-catalogs.txt
	@echo "Installing the catalog validators into .venv-catalogs (once, 420 MB) ..."
	@test -x .venv-catalogs/bin/python || $(PYTHON) -m venv .venv-catalogs || { rm -rf .venv-catalogs; exit 1; }
	@.venv-catalogs/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-catalogs.txt
	@touch $@

.venv-spark/ready: requirements-spark.txt
	@echo "Installing Apache Spark into .venv-spark (once, 530 MB) ..."
	@test -x .venv-spark/bin/python || $(PYTHON) -m venv .venv-spark || { rm -rf .venv-spark; exit 1; }
	@.venv-spark/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.txt
	@touch $@

lock:  ## write the lock files anew from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --group test -c requirements.txt pyproject.toml -o requirements-test.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --group bench -c requirements-test.txt pyproject.toml -o requirements-bench.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --group catalogs -o requirements-catalogs.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --group spark -o requirements-spark.txt

clean:  ## remove what was built and installed
	rm -rf build dist .venv .venv-catalogs .venv-spark
