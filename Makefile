# The project's commands. `make` alone lists them; all that is installed goes into .venv and node_modules.

PYTHON ?= python3
BIN = .venv/bin
PYTEST = $(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4
INSTALL = $(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes
LOCK = UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --generate-hashes --universal \
	--python-version 3.11 --no-emit-index-url --no-emit-find-links

.PHONY: help run test test-hours lint format translations bench faults chaos simulate pictures lock clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: .venv/installed ## the demo on http://127.0.0.1:8000 with its worker; HOST and PORT choose another address
	@DEMO=1 exec $(BIN)/flask --app wsgi serve

test: .venv/installed-dev node_modules/installed ## every test this machine can run; ARGS="-k words" chooses
	$(PYTEST) $(ARGS)

# Just after midnight, before the fortnight's next day opens, before midnight, at the end of a month and of a year,
# on the first day of Tết, and on a day that most years don't have.
HOURS = 2026-12-02T00:05 2026-12-02T06:31 2026-12-02T23:55 2026-11-30T23:30 2026-12-31T23:52 2027-02-06T09:00 \
	2028-02-29T12:00
HOUR_TESTS = tests/web/desk/test_today.py tests/web/desk/test_printing.py tests/web/desk/test_closures.py \
	tests/web/household/test_grid.py tests/web/household/test_communes.py tests/web/household/test_bookings.py \
	tests/services/ops/test_demo.py tests/e2e/test_main_road.py

test-hours: .venv/installed-dev ## what may depend on the hour, as if it were just after midnight, Tết and so on
	@failed=; for now in $(HOURS); do \
		echo "== as if it were $$now"; \
		TEST_NOW=$$now $(PYTEST) -q -k "not postgresql" $(HOUR_TESTS) || failed="$$failed $$now"; \
	done; [ -z "$$failed" ] || { echo "It failed at$$failed." >&2; exit 1; }

lint: .venv/installed-dev ## all static checks
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --lint --quiet kit_booking/templates

format: .venv/installed-dev ## rewrite the code as `make lint` wants it
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

translations: .venv/installed-dev ## bring new texts into the English catalogue, and compile all of them
	$(BIN)/pybabel -q extract -F pyproject.toml -k lazy_gettext -k ngettext:1,1 --no-location --sort-output -o messages.pot kit_booking
	$(BIN)/pybabel -q update -i messages.pot -d kit_booking/translations -l en \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	@rm messages.pot
	$(BIN)/pybabel -q compile -d kit_booking/translations
	$(BIN)/pybabel -q compile -d kit_booking/translations -D wtforms

bench: .venv/installed-dev ## the benchmarks; each prints ratios measured side by side
	@for file in benchmarks/[a-z]*.py; do \
		[ -e "$$file" ] && [ "$$file" != benchmarks/faults.py ] || continue; \
		echo "== $$file"; $(BIN)/python -m "benchmarks.$$(basename "$$file" .py)" || exit 1; \
	done

faults: .venv/installed-dev ## put faults in on purpose and say which no test notices; ARGS="queue quiet" chooses
	$(BIN)/python -m benchmarks.faults $(ARGS)

chaos: .venv/installed-dev ## 10,000 texts through a lying Twilio while 50 workers are killed; takes minutes
	CHAOS_MESSAGES=$${CHAOS_MESSAGES:-10000} CHAOS_KILLS=$${CHAOS_KILLS:-50} $(BIN)/python -m pytest -n0 -q tests/chaos $(ARGS)

simulate: .venv/installed-dev ## ninety days of a commune with and without the rules; ARGS=--tried tries other numbers
	$(BIN)/python -m benchmarks.simulation $(ARGS)

pictures: .venv/installed-dev ## take the pictures of the README again; pngquant makes them smaller
	$(BIN)/python -m tests.e2e.pictures

lock: .venv/installed-dev ## pin what the *.in files name; ARGS=--upgrade takes the newest
	$(LOCK) $(ARGS) requirements.in -o requirements.txt
	$(LOCK) $(ARGS) requirements-dev.in -o requirements-dev.txt

clean: ## remove what was installed and the caches; the database in instance/ stays
	rm -rf .venv node_modules .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find kit_booking tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

.venv/made:
	@for python in "$(PYTHON)" python3 python3.14 python3.13 python3.12 python3.11; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			"$$python" -m venv .venv && touch $@; exit; \
		fi; \
	done; \
	echo "This needs Python 3.11 or newer, and $$("$(PYTHON)" --version 2>&1) is not." >&2; \
	echo "Install one, or say where it is: make PYTHON=/path/to/python3.11" >&2; \
	exit 1

.venv/installed: .venv/made requirements.txt
	@echo "Installing what the program needs ..."
	@$(INSTALL) -r requirements.txt
	@touch $@

.venv/installed-dev: .venv/made requirements-dev.txt
	@echo "Installing what the tests and checks need ..."
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

# Some tests use tools that are written for Node; without npm they are skipped.
node_modules/installed: package.json package-lock.json
	@if command -v npm >/dev/null; then \
		echo "Installing the tests' Node tools ..."; \
		npm ci --ignore-scripts --no-audit --no-fund --silent && touch $@ || echo "npm ci failed; going on without."; \
	else \
		echo "No npm here; going on without the tests' Node tools."; \
	fi
