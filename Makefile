# One way to do everything, for people, hooks, CI and Atlantis alike. `make` prints this help.
ENV    ?= dev
TARGET ?= $(or $(TAP_TARGET),local)
PYTHON ?= python3
# What make coverage runs: with these few integration tests nearly all of tap, without applying an
# environment; why each is there stands in docs/concepts/coverage.md.
COVERED ?= tests/unit tests/policy tests/modules tests/integration/emulator \
	tests/integration/states/test_state.py tests/integration/states/test_holding.py \
	tests/integration/test_plugin.py

export TAP_TARGET := $(TARGET)
# Otherwise each command compiles all of tap again, and each worker of the tests all of the tests.
export PYTHONDONTWRITEBYTECODE :=

venv := .venv
bin  := $(venv)/bin
tap  := $(bin)/tap

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup plan apply destroy output validate fmt lint test bench clean doctor generate \
	check checkov coverage docs lock localstack inventories emulator-up emulator-down

help: ## Show this help
	@printf 'Usage: make TARGET [ENV=dev|staging|prod] [TARGET=local|localstack|aws]\n\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(venv)/dev ## Install everything for working on this repository; HOOKS=1: its hooks as well
	@$(if $(HOOKS),$(bin)/pre-commit install)

plan: $(venv)/run ## Plan ENV into a file and say what it would do
	@$(tap) plan $(ENV)

apply: $(venv)/run ## Apply the saved plan of ENV, or plan and apply
	@$(tap) apply $(ENV)

destroy: $(venv)/run ## Destroy everything in ENV
	@$(tap) destroy $(ENV)

output: $(venv)/run ## Print the outputs of ENV
	@$(tap) output $(ENV)

validate: $(venv)/run ## Run terraform validate on every module and root
	@$(tap) validate

check: $(venv)/run ## Judge the saved plan of ENV by rules; without ENV the files of everything
	@$(tap) check $(if $(filter-out file default,$(origin ENV)),--env $(ENV))

doctor: $(venv)/run ## Say what tap found on this machine and what is wrong
	@$(tap) doctor

emulator-up: $(venv)/run ## Start the embedded emulator
	@$(tap) emulator start

emulator-down: $(venv)/run ## Stop the embedded emulator; everything in it is lost
	@$(tap) emulator stop

fmt: $(venv)/dev ## Format Terraform and Python
	terraform fmt -recursive
	$(bin)/ruff check --fix-only --quiet .
	$(bin)/ruff format .

lint: $(venv)/dev ## Check formatting, validity, types, secrets and generated documents
	terraform fmt -check -recursive
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/python scripts/generate_docs.py --check
	$(bin)/python scripts/check_lock_files.py
	$(tap) atlantis generate --check
	$(tap) validate
	$(bin)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(bin)/zizmor --offline --no-progress --quiet .github/workflows
	$(bin)/shellcheck .ci/run
	git ls-files -z -- ':!tests/policy/fixtures' | xargs -0 $(bin)/kingfisher scan \
		--no-validate --no-update-check --git-history none --no-dedup --redact --quiet

# Two workers wait most of the time for an environment to be applied; the others do the rest.
test: $(venv)/docs ## Run every test; on TARGET=localstack those that ask the target
	$(bin)/pytest -n 4 --dist loadgroup --no-loadscope-reorder \
		$(if $(filter-out local,$(TARGET)),tests/integration --target $(TARGET) --env $(ENV)) $(PYTEST)

coverage: export COVERAGE_FILE := $(CURDIR)/.tap/coverage/data
coverage: $(venv)/dev ## Say what tests exercise of the modules and of tap
	rm -rf .tap/coverage && mkdir -p .tap/coverage
	$(bin)/coverage run -m pytest -n 2 --dist loadgroup --no-loadscope-reorder \
		--terraform-coverage .tap/coverage/records -o enable_assertion_pass_hook=true \
		$(COVERED)
	$(bin)/coverage combine --quiet
	$(bin)/coverage html --quiet --directory .tap/coverage/python
	$(tap) coverage .tap/coverage/records --html .tap/coverage/terraform \
		--cobertura .tap/coverage/terraform.xml --fail-under resource=100 --fail-under output=100 \
		--fail-under variable=95 --fail-under validation=95 --fail-under condition=95
	$(bin)/coverage report

bench: $(venv)/dev ## Measure what tap saves against plain Terraform, in pairs
	$(bin)/python -m benchmarks $(BENCH)

checkov: $(venv)/dev ## Record again what checkov says of a plan of prod
	$(bin)/python -m benchmarks.checkov

inventories: $(venv)/dev ## Write the inventories of the environments' plans again
	$(bin)/pytest tests/environments --write-inventories

localstack: $(venv)/dev ## Record again which requirements LocalStack shows
	$(bin)/pytest tests/integration/localstack --write-localstack

generate: $(venv)/dev ## Write the generated parts of the documents and atlantis.yaml again
	$(bin)/python scripts/generate_docs.py
	$(tap) atlantis generate

docs: $(venv)/docs ## Build the site of the documents into site/
	$(bin)/python scripts/build_site.py site

# Universal (every platform), with hashes and without the address of any index.
lock: $(venv)/dev ## Resolve the pinned dependencies again
	$(bin)/uv pip compile pyproject.toml --universal --python-version 3.11 \
		--generate-hashes --no-annotate --no-header --quiet -o requirements/runtime.txt
	$(bin)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--generate-hashes --no-annotate --no-header --quiet \
		-c requirements/runtime.txt -o requirements/dev.txt
	$(bin)/uv pip compile pyproject.toml --extra docs --universal --python-version 3.11 \
		--generate-hashes --no-annotate --no-header --quiet \
		-c requirements/runtime.txt -c requirements/dev.txt -o requirements/docs.txt
	$(bin)/uv pip compile requirements/checkov.in --universal --python-version 3.11 \
		--generate-hashes --no-annotate --no-header --quiet -o requirements/checkov.txt
	$(bin)/uv pip compile requirements/localstack.in --python-version 3.13 \
		--generate-hashes --no-annotate --no-header --quiet -o requirements/localstack.txt

clean: ## Stop the emulator and remove everything make and tap created
	@if [ -x $(tap) ]; then $(tap) emulator stop; fi
	rm -rf .venv .tap site .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache

# pip says nothing unless it fails; what it is about to do is said first.
install = $(bin)/pip install --quiet --disable-pip-version-check
# The lists name every package there is to install, so pip resolves nothing: when a package with
# extras is pinned, its resolver may look past the pin at a newer release and refuse that.
pinned  = $(install) --require-hashes --no-deps -r
project = $(install) --no-index --no-deps --no-build-isolation --editable .

$(venv)/run: requirements/runtime.txt pyproject.toml
	@echo "installing tap and its pinned dependencies into $(venv)" >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Error: $(PYTHON) is older than 3.11" >&2; \
		     echo "Next: make PYTHON=python3.11 (or newer) $(MAKECMDGOALS)" >&2; exit 2; }
	@test -x $(bin)/python || $(PYTHON) -m venv $(venv)
	@$(pinned) requirements/runtime.txt
	@$(project)
	@touch $@

$(venv)/dev: requirements/dev.txt $(venv)/run
	@echo "installing the development tools into $(venv)" >&2
	@$(pinned) requirements/dev.txt
	@touch $@

$(venv)/docs: requirements/docs.txt $(venv)/dev
	@echo "installing the generator of the documentation's site into $(venv)" >&2
	@$(pinned) requirements/docs.txt
	@touch $@
