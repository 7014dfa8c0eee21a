# Everything a contributor types. `make` alone prints the list; README.md explains the first two.
#
# Needs GNU make 3.81 or later (the one macOS ships), a POSIX shell (on Windows: Git Bash) and Python 3.11 or later.
# Nothing is installed outside this folder: the environment lies in .venv.

# Give PYTHON=... to choose the interpreter of the environment; otherwise the first usable one of these is taken.
PYTHON ?=
CANDIDATES := python3.13 python3.12 python3.11 python3 python "py -3"

# More arguments for pytest, for example: make test PYTEST_ARGS="-k audit".
PYTEST_ARGS ?=
# A file of tests stays with one worker: its tests share what is slow to make. tests/conftest.py says how many there are.
AT_ONCE := -n auto --dist loadfile --no-loadscope-reorder

VENV := .venv
ifeq ($(OS),Windows_NT)
  PY := $(VENV)/Scripts/python.exe
else
  PY := $(VENV)/bin/python
endif
STAMP := $(VENV)/.requirements
INSTALLED := $(VENV)/.project
SOURCES := $(shell find migrate -type f ! -name '*.pyc')

# pip neither asks nor talks nor looks for its own updates; errors still show.
PIP := "$(PY)" -m pip --quiet --disable-pip-version-check --no-input

# The environment is usable while its interpreter runs, it was made in this very folder (its scripts hold
# absolute paths, so a moved or copied folder needs a new one) and nobody asks for another interpreter.
# The stamp holds the folder on its first line and the requested interpreter on its second.
USABLE := $(shell test "$$(sed -n 1p $(STAMP) 2>/dev/null)" = "$(CURDIR)" \
	&& { test -z "$(PYTHON)" || test "$$(sed -n 2p $(STAMP))" = "$(PYTHON)"; } \
	&& "$(PY)" -c "" 2>/dev/null && echo yes)

.DEFAULT_GOAL := help
.PHONY: help demo test coverage test-long installed test-powershell lint format lock samples help-texts sandbox-page figures screenshots bench wheel clean venv fresh-venv

help: ## Print this list
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

demo: venv ## Run a whole migration on the sandbox, from export to rollback
	@"$(PY)" -m migrate demo

test: lint ## Run the linters and all tests (the long ones aside)
	"$(PY)" -m pytest $(AT_ONCE) -m "not long" $(PYTEST_ARGS)

# Counting lines takes as much time again as the tests themselves.
coverage: venv ## Run the same tests and say which lines they reach
	"$(PY)" -m pytest $(AT_ONCE) -m "not long" --cov --cov-report=term $(PYTEST_ARGS)

test-long: venv ## Run the tests that take minutes
	"$(PY)" -m pytest $(AT_ONCE) -m long $(PYTEST_ARGS)

installed: venv ## Install the wheel into a second environment and run it from a clean folder
	"$(PY)" -m pytest -m long tests/e2e/test_installers.py -k second -rs

test-powershell: venv ## Run the Pester tests of the PowerShell module, where PowerShell exists
	@shell=""; for candidate in $(if $(PWSH),"$(PWSH)",pwsh powershell); do \
		if command -v $$candidate >/dev/null 2>&1; then shell=$$candidate; break; fi; done; \
	if [ -z "$$shell" ]; then \
		echo "Skipped: neither pwsh nor powershell is on PATH, so the Pester tests cannot run here."; exit 0; fi; \
	if ! find tests -name '*.Tests.ps1' | grep -q .; then \
		echo "There is no *.Tests.ps1 under tests/, so there is nothing that Pester could run." >&2; exit 1; fi; \
	"$$shell" -NoProfile -NonInteractive -ExecutionPolicy Bypass -Command "\$$ErrorActionPreference = 'Stop'; \
		Import-Module Pester -MinimumVersion 5.0; \
		\$$configuration = New-PesterConfiguration; \
		\$$configuration.Run.Path = 'tests'; \
		\$$configuration.Run.Exit = \$$true; \
		\$$configuration.Output.Verbosity = 'Detailed'; \
		Invoke-Pester -Configuration \$$configuration"

lint: venv ## Check format, lint rules and types, and that no code is dead
	"$(PY)" -m ruff format --check .
	"$(PY)" -m ruff check .
	"$(PY)" -m mypy
	"$(PY)" -m vulture

format: venv ## Rewrite the sources in the project's format and repair what the linter can repair
	"$(PY)" -m ruff check --fix .
	"$(PY)" -m ruff format .

lock: ## Resolve requirements.lock afresh from pyproject.toml (needs uv)
	@command -v uv >/dev/null 2>&1 || { echo "uv is not on PATH; 'pipx install uv' installs it." >&2; exit 1; }
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --quiet \
		--extra dev -o requirements.lock pyproject.toml

samples: venv ## Make the files of samples/ again
	"$(PY)" samples/make_samples.py

help-texts: venv ## Write help texts and permissions into docs/commands.md and docs/permissions.md
	"$(PY)" docs/write_help_texts.py
	"$(PY)" docs/write_permissions.py

sandbox-page: venv ## Write docs/sandbox.md from the code of the sandbox
	"$(PY)" -m migrate.sandbox.documentation

figures: venv ## Measure the sources and write the figures into docs/architecture.md
	"$(PY)" docs/write_figures.py

screenshots: venv ## Open a report in Chromium and write its pictures into docs/
	"$(PY)" docs/write_screenshots.py

bench: venv ## Run the benchmarks and print their figures
	@set -e; for script in benchmarks/bench_*.py; do \
		[ -e "$$script" ] || { echo "There is no benchmark in benchmarks/." >&2; exit 1; }; \
		echo "== $$script"; "$(PY)" "$$script"; done

wheel: venv ## Build the wheel into dist/ and print its SHA-256, to be compared by whoever installs it
	@rm -rf dist
	"$(PY)" -m hatchling build --target wheel --directory dist
	@"$(PY)" -c "import hashlib, pathlib; [print(hashlib.sha256(p.read_bytes()).hexdigest(), p) for p in pathlib.Path('dist').glob('*.whl')]"

# Working folders (mfa-migration*) may hold the journal of a real tenant; no target ever deletes them.
clean: ## Delete the environment, caches and the demo's folder (never a working folder)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* htmlcov dist demo
	find migrate tests samples docs benchmarks -type d -name __pycache__ -prune -exec rm -rf {} +

venv: $(INSTALLED)

fresh-venv:
	@set -e; chosen=""; \
	for candidate in $(if $(PYTHON),"$(PYTHON)",$(CANDIDATES)); do \
		if $$candidate -c "import sys; sys.exit(sys.version_info < (3, 11))" >/dev/null 2>&1; then \
			chosen=$$candidate; break; fi; done; \
	if [ -z "$$chosen" ]; then \
		echo "No Python 3.11 or later was found (tried: $(if $(PYTHON),$(PYTHON),$(CANDIDATES)))." >&2; \
		echo "Install one, or name it: make $(or $(MAKECMDGOALS),demo) PYTHON=/path/to/python3" >&2; exit 1; fi; \
	$$chosen -c "import ensurepip, venv" >/dev/null 2>&1 || { \
		echo "$$chosen has no module venv or ensurepip; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
		exit 1; }; \
	echo "Making the environment in $(VENV) with $$chosen ($$($$chosen -V))."; \
	rm -f $(STAMP); $$chosen -m venv --clear $(VENV)

$(STAMP): requirements.lock $(if $(USABLE),,fresh-venv)
	@echo "Installing what requirements.lock names; the first time this takes a minute or two."
	@rm -f $(STAMP)
	@$(PIP) install --require-hashes --no-deps --no-compile -r requirements.lock
	@printf '%s\n%s\n' "$(CURDIR)" "$(PYTHON)" > $(STAMP)

# Built and installed as a user gets it, again whenever a source changed, so that .venv holds a real `mfa-migrate`. Tests
# see the sources, which come first on their path; tests/e2e/test_installed_wheel.py alone builds and runs a wheel.
$(INSTALLED): $(STAMP) pyproject.toml README.md LICENSE $(SOURCES)
	@$(PIP) install --no-deps --no-build-isolation --no-compile --force-reinstall .
	@touch $(INSTALLED)
