# Everything from a fresh clone. Needs make and any Python 3 with pip; fetches the rest into the
# project, each piece once: a target is older than what it is made of, or it is left alone.

MAKEFLAGS += --no-print-directory
export UV_PROJECT_ENVIRONMENT := .venv
# Compiled modules are kept even where the machine forbids it: every start is seconds quicker.
unexport VIRTUAL_ENV PYTHONDONTWRITEBYTECODE

python := .venv/bin/python
assets := braze_portal/static/vendor
npm_dist := node_modules/@tabler/core/dist
manifest := $(or $(VAR_DIR),var)/static/staticfiles.json
catalogues := $(patsubst %.po,%.mo,$(wildcard braze_portal/locale/*/LC_MESSAGES/*.po))
static_files := $(shell find braze_portal/static -type f -not -path '*/vendor/*')
templates := $(wildcard templates)

.PHONY: setup demo test bench lint messages screenshots

setup: .venv/.ready $(assets)/.ready $(catalogues) $(manifest)

demo: setup
	@$(python) manage.py demo

test: setup
	@.ci/fetch chromium
	$(python) -m pytest -n auto

bench: setup
	$(python) -m benchmarks

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

node_modules/.ready: .venv/.ready package.json package-lock.json
	@.ci/fetch npm && touch $@

# The source maps are not shipped: a comment that names one would fail collectstatic.
$(assets)/.ready: node_modules/.ready Makefile
	@mkdir -p $(assets)
	@for file in css/tabler.min.css js/tabler.min.js \
	    libs/tom-select/dist/css/tom-select.bootstrap5.min.css \
	    libs/tom-select/dist/js/tom-select.base.min.js; do \
	  sed 's/sourceMappingURL=/unshipped map /' $(npm_dist)/$$file >$(assets)/$$(basename $$file) || exit 1; \
	done
	@touch $@

%.mo: %.po .venv/.ready
	@.venv/bin/pybabel --quiet compile --input-file $< --output-file $@

# Collecting needs no database, so none is started for it.
$(manifest): .venv/.ready $(assets)/.ready $(static_files)
	@DATABASE_URL=postgresql:///unused $(python) manage.py collectstatic --no-input --verbosity 0
	@touch $@
