# Everything from a fresh clone. Needs make and any Python 3 with pip; fetches the rest into the
# project, each piece once: a target is older than what it is made of, or it is left alone.

MAKEFLAGS += --no-print-directory
export UV_PROJECT_ENVIRONMENT := .venv
# Compiled modules are kept even where the machine forbids it: every start is seconds quicker.
unexport VIRTUAL_ENV PYTHONDONTWRITEBYTECODE

python := .venv/bin/python
assets := braze_portal/static/vendor
tabler := node_modules/@tabler/core/dist
manifest := $(or $(VAR_DIR),var)/static/staticfiles.json
catalogues := $(patsubst %.po,%.mo,$(wildcard braze_portal/locale/*/LC_MESSAGES/*.po))
static_files := $(shell find braze_portal/static -type f -not -path '*/vendor/*')
templates := $(wildcard templates)

.PHONY: setup demo test check bench soak lint messages screenshots

setup: .venv/.ready $(assets)/.ready $(catalogues) $(manifest)

demo: setup
	@$(python) manage.py demo

# COVERAGE=1 also tells which lines and branches no test reaches.
test: setup
	@.ci/fetch chromium
	$(python) -m pytest -n auto $(if $(COVERAGE),--cov --cov-report=term:skip-covered --cov-report=html)

# Lint, and the tests that a change touches: what is not committed, or all since SINCE=main.
check: lint
	@tests=$$($(python) .ci/touched $(SINCE)) && echo "$$tests" && \
	  $(python) -m pytest -q -n auto --maxfail 5 $$tests

# All figures; FIGURES="leaf_cold user_lookup" for some.
bench: setup .venv/.bench
	$(python) -m benchmarks $(FIGURES)

# Steady use while processes and the database are killed: MINUTES=20 unless said otherwise.
soak: setup
	$(python) -m benchmarks.soak $(if $(MINUTES),--minutes $(MINUTES))

screenshots: setup
	@.ci/fetch chromium
	$(python) docs/screenshots.py

# Brings the translations up to the texts in code and templates, and names what is left to do.
messages: setup
	@DATABASE_URL=postgresql:///unused $(python) manage.py catalogue
	@$(MAKE) setup

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy .
	.venv/bin/djlint --lint --quiet $(templates)
	$(python) manage.py makemigrations --check --dry-run
	.tools/bin/uv lock --check --quiet

.tools/bin/uv: .ci/tools.txt
	@.ci/fetch uv && touch $@

.venv/.ready: .tools/bin/uv pyproject.toml uv.lock .python-version
	@.ci/fetch python && touch $@

# What the portal is measured against: large, and of no other use.
.venv/.bench: .venv/.ready
	@echo "setup: installing ClickHouse and DuckDB to compare with"
	@.tools/bin/uv sync --quiet --frozen --inexact --group bench && touch $@

node_modules/.ready: .venv/.ready package.json package-lock.json
	@.ci/fetch npm && touch $@

# The source maps are not shipped: a comment that names one would fail collectstatic.
$(assets)/.ready: node_modules/.ready Makefile
	@mkdir -p $(assets)
	@for file in $(tabler)/css/tabler.min.css $(tabler)/js/tabler.min.js \
	    $(tabler)/libs/tom-select/dist/css/tom-select.bootstrap5.min.css \
	    $(tabler)/libs/tom-select/dist/js/tom-select.base.min.js \
	    node_modules/chart.js/dist/chart.umd.min.js; do \
	  sed 's/sourceMappingURL=/unshipped map /' $$file >$(assets)/$$(basename $$file) || exit 1; \
	done
	@touch $@

%.mo: %.po .venv/.ready
	@.venv/bin/pybabel --quiet compile --input-file $< --output-file $@

# Collecting needs no database, so none is started for it.
$(manifest): .venv/.ready $(assets)/.ready $(static_files)
	@DATABASE_URL=postgresql:///unused $(python) manage.py collectstatic --no-input --verbosity 0
	@touch $@
