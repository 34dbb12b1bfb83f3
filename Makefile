# Every target sets up what it needs; nothing else is typed first on a fresh machine.
# `make` alone lists the targets. Python 3.11 or newer; Java 17 or newer for the real broker.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

BIN := .venv/bin
# The interpreter to use, if the first suitable one on the PATH is not wanted.
PYTHON ?=
# BROKER=no leaves out the tests that need a real Kafka, and says so.
BROKER ?= yes
# PROMETHEUS=no leaves out the tests that need Prometheus, and says so.
PROMETHEUS ?= yes
PYTEST_ARGS ?=
# AUDIT=no asks nobody about faults of libraries; AUDIT=required fails where nobody answers.
AUDIT ?= yes
# So many processes run tests side by side; all that need Kafka are dealt to two of them. A third
# saves minutes on a quiet machine, and on a busy one takes the brokers' time away.
JOBS ?= 2
LEFT_OUT := $(if $(filter no,$(BROKER)),not broker)$(if $(filter nono,$(BROKER)$(PROMETHEUS)), and )$(if $(filter no,$(PROMETHEUS)),not prometheus)
PYTEST := $(BIN)/pytest -n $(JOBS) --dist loadscope --no-loadscope-reorder
# How long the soak lasts, and how many events come in a second (500 unless told otherwise).
SOAK_MINUTES ?= 60
SOAK_RATE ?=
UV_VERSION := 0.13.9

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: .venv/run.stamp ## Set up and run the demo; DEMO_ARGS go to it, as in DEMO_ARGS="--seconds 60"
	$(BIN)/coupon-stream demo $(DEMO_ARGS)

.PHONY: install
install: .venv/run.stamp ## Set up the command coupon-stream, in .venv/bin
	@echo 'coupon-stream is ready: export PATH="$(CURDIR)/.venv/bin:$$PATH"'

.PHONY: test
test: java prometheus lint ## Set up and run every check and every test; BROKER=no and PROMETHEUS=no leave some out
	@[ "$(BROKER)" != no ] || echo "BROKER=no: the tests that need a real Kafka are LEFT OUT" >&2
	@[ "$(PROMETHEUS)" != no ] || echo "PROMETHEUS=no: the tests that need it are LEFT OUT" >&2
	$(PYTEST) $(if $(LEFT_OUT),-m "$(LEFT_OUT)") $(PYTEST_ARGS)

.PHONY: chaos
chaos: java .venv/dev.stamp ## Hours of faults on a real Kafka; writes docs/certificate.md; CHAOS_ARGS="-k p13" for some
	CHAOS_SCALE=long CHAOS_CERTIFICATE=docs/certificate.md \
	  $(BIN)/pytest tests/chaos --ignore tests/chaos/test_soak.py $(CHAOS_ARGS) $(PYTEST_ARGS)

.PHONY: soak
soak: java .venv/dev.stamp ## An hour under load on a real Kafka, a worker killed each minute; SOAK_MINUTES=5 for less
	CHAOS_SCALE=long SOAK_MINUTES=$(SOAK_MINUTES) SOAK_RATE=$(SOAK_RATE) $(BIN)/pytest tests/chaos/test_soak.py -s $(PYTEST_ARGS)

.PHONY: check
check: lint sbom audit ## Quick: style, types, import contracts, audit, and the tests that need no broker and no Prometheus
	$(PYTEST) -m "not broker and not prometheus and not embedded and not slow" $(PYTEST_ARGS)

.PHONY: lint
lint: .venv/dev.stamp ## Style, types and import contracts only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: sbom
sbom: .venv/audit/stamp ## Write dist/sbom.cdx.json: every library that the product runs with (CycloneDX)
	@mkdir -p dist
	$(BIN)/audit/bin/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application \
	  --output-reproducible --output-format JSON --output-file dist/sbom.cdx.json locks/run.txt

.PHONY: audit
audit: .venv/audit/stamp ## Ask for known faults of the libraries; AUDIT=no leaves it out, =required fails offline
	@AUDIT=$(AUDIT) $(BIN)/python .ci/audit .venv/audit/bin/pip-audit locks/dev.txt dist/audit.json

.PHONY: format
format: .venv/dev.stamp ## Put the code into the house's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: docs
docs: .venv/dev.stamp ## Generate tables, message schemas, a picture and the dashboards, in docs/ and deploy/
	$(BIN)/python -m streams.reference docs
	$(BIN)/coupon-stream schema --out docs/messages
	$(BIN)/python -m streams.evidence.proof docs/evidence-unbiased.svg
	$(BIN)/python -m streams.monitoring deploy/monitoring/dashboards
	$(BIN)/python -m streams.cluster deploy/kubernetes
	$(BIN)/python -m streams.benching.capacity docs/benchmarks/latest.json docs/capacity.md

.PHONY: render
render: .venv/dev.stamp ## Render the Helm chart anew, as committed, and check it against Kubernetes' schemas
	@command -v helm >/dev/null || { echo "Helm 3 must be on the PATH, was missing" >&2; exit 1; }
	helm lint --strict deploy/kubernetes/chart --kube-version 1.34.0
	$(BIN)/python -m tests.kubernetes.rendering
	$(BIN)/python -m venv .venv/render
	.venv/render/bin/pip install --quiet "kubernetes-validate==1.37.0"
	.venv/render/bin/kubernetes-validate --strict --kubernetes-version 1.34 \
	  deploy/kubernetes/base/coupon-stream.yaml tests/kubernetes/golden/all.yaml
	$(if $(CRDS),$(BIN)/python -m tests.kubernetes.foreign $(CRDS),@echo "CRDS=folder: resources of KEDA, Strimzi and Prometheus are LEFT OUT")

.PHONY: kafka
kafka: .venv/run.stamp ## Run a local Apache Kafka in the foreground; KAFKA_ARGS go to it
	$(BIN)/coupon-stream kafka $(KAFKA_ARGS)

.PHONY: bench
bench: .venv/run.stamp ## Measure what an event costs; BENCH_ARGS go to it
	$(BIN)/coupon-stream bench $(BENCH_ARGS)

.PHONY: lock
lock: .venv/dev.stamp ## Pin every dependency anew, with hashes, in locks/
	$(BIN)/python -m pip install --quiet "uv==$(UV_VERSION)"
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header --python-version 3.11 --extra embedded -o locks/run.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header --python-version 3.11 --extra dev -o locks/dev.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header --python-version 3.11 --group peers --override locks/peers.overrides \
	  -o locks/peers.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header --python-version 3.11 --group audit -o locks/audit.txt

.PHONY: clean
clean: ## Remove the virtual environment and all caches
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist

# A stamp is as new as the last set-up from its lock, so a second call is instant.
.venv/%.stamp: locks/%.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

.venv/audit/stamp: locks/audit.txt | .venv/bin/python
	$(BIN)/python -m venv .venv/audit
	.venv/audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv/bin/python:
	@for candidate in "$(PYTHON)" python3 python3.13 python3.12 python3.11; do \
	  [ -n "$$candidate" ] || continue; \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    "$$candidate" -m venv .venv && exit 0; \
	    rm -rf .venv; \
	    echo "$$candidate cannot make a virtual environment;" \
	         "on Debian or Ubuntu: apt-get install python3-venv" >&2; \
	    exit 1; \
	  fi; \
	done; \
	echo "Python 3.11 or newer must be on the PATH (or be named: make PYTHON=...), was not found;" \
	     "on Debian or Ubuntu: apt-get install python3 python3-venv" >&2; \
	exit 1

.PHONY: java
java:
ifneq ($(BROKER),no)
	@version=$$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1) || true; \
	if [ "$${version:-0}" -lt 17 ] || ! command -v mvn >/dev/null; then \
	  echo "The tests start a real Apache Kafka: Java 17 or newer and Maven must be on the PATH." >&2; \
	  echo "On Debian or Ubuntu: apt-get install openjdk-17-jre-headless maven" >&2; \
	  echo "To leave those tests out: make test BROKER=no" >&2; \
	  exit 1; \
	fi
endif

.PHONY: prometheus
prometheus:
ifneq ($(PROMETHEUS),no)
	@if ! command -v promtool >/dev/null || ! command -v prometheus >/dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && .ci/install-prometheus; then exit 0; fi; \
	  echo "Alerts and dashboards are tried on Prometheus: prometheus and promtool must be on the PATH." >&2; \
	  echo "On Debian or Ubuntu: apt-get install --no-install-recommends prometheus" >&2; \
	  echo "To leave those tests out: make test PROMETHEUS=no" >&2; \
	  exit 1; \
	fi
endif
