# Two commands do everything: `make demo` runs a small cloud on this machine, `make test` proves it.
VENV := .venv
KEYSTONE := .venv-keystone
TEMPEST := .venv-tempest
NEUTRON := .venv-neutron
RALLY := .venv-rally
NOVA := .venv-nova
HEAT := .venv-heat
HORIZON := .venv-horizon
KURYR := .venv-kuryr
PULSAR := .pulsar
PYTHON ?= python3
PROCESSES ?= $(shell nproc)
# A file's tests stay together: they share what its fixtures set up. The longest, which are end to end, come first.
SIDE_BY_SIDE := -n $(PROCESSES) --maxprocesses 8 --dist loadfile --no-loadscope-reorder

.PHONY: install install-dev install-keystone install-tempest install-neutron install-rally install-nova install-heat \
	install-horizon install-kuryr install-pulsar pulsar-if-java system demo test \
	test-unit chaos conformance rally nova heat horizon kuryr terraform beside lint lock throughput proto benchmark plots clean
.DELETE_ON_ERROR:

# Tests start thousands of processes: that each compiles all modules again, as some environments have it, takes a third of their start.
export PYTHONDONTWRITEBYTECODE :=

install: $(VENV)/installed          ## prepare .venv with the alcor command
install-dev: $(VENV)/installed-dev

$(VENV)/bin/python:
	@PYTHON="$(PYTHON)" tools/install-system python
	$(PYTHON) -m venv --clear $(VENV)

$(VENV)/installed: $(VENV)/bin/python requirements.lock pyproject.toml
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/bin/python requirements-dev.lock pyproject.toml
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(VENV)/installed $@

install-keystone: $(KEYSTONE)/installed   ## a real Keystone for tests, in a place of its own
install-tempest: $(TEMPEST)/installed     ## the suites that OpenStack tests Neutron's API with
install-rally: $(RALLY)/installed         ## OpenStack's measure of clouds under many clients
install-nova: $(NOVA)/installed           ## OpenStack's compute service, with its functional tests
install-heat: $(HEAT)/installed           ## OpenStack's orchestration, with its tests

install-horizon: $(HORIZON)/installed     ## OpenStack's dashboard, and a browser for it
	@tools/install-system browser

install-kuryr: $(KURYR)/installed         ## OpenStack's networks for Docker, and a Docker for them
	@tools/install-system docker

install-neutron: $(NEUTRON)/installed     ## Neutron's own API server, which a benchmark compares with
	@tools/install-system mariadb

install-pulsar: $(PULSAR)/installed       ## a Pulsar broker, for tests and development: docs/message-queue.md

$(PULSAR)/installed: tools/pulsar/pom.xml
	@tools/install-system queue
	rm -rf $(PULSAR)
	mvn --quiet --batch-mode --file $< dependency:copy-dependencies -DincludeScope=runtime \
	    -DoutputDirectory=$(CURDIR)/$(PULSAR)/lib
	@touch $@

pulsar-if-java:
	@if command -v java > /dev/null && command -v mvn > /dev/null; then $(MAKE) --no-print-directory install-pulsar; \
	elif [ ! -e $(PULSAR)/installed ]; then echo "Tests of the message queue are skipped: make install-pulsar first"; fi

$(KEYSTONE)/installed: tests/keystone/requirements.lock
$(TEMPEST)/installed: tests/conformance/neutron/requirements.lock
$(RALLY)/installed: tests/conformance/rally/requirements.lock
$(NOVA)/installed: tests/conformance/nova/requirements.lock
$(HEAT)/installed: tests/conformance/heat/requirements.lock
$(HORIZON)/installed: tests/conformance/horizon/requirements.lock
$(KURYR)/installed: tests/conformance/kuryr/requirements.lock
$(NEUTRON)/installed: benchmarks/requirements-neutron.lock

$(KEYSTONE)/installed $(TEMPEST)/installed $(RALLY)/installed $(NOVA)/installed $(HEAT)/installed $(HORIZON)/installed \
    $(KURYR)/installed $(NEUTRON)/installed:
	@PYTHON="$(PYTHON)" tools/install-system python
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

system:                             ## install Open vSwitch and the other distribution packages
	@tools/install-system dataplane database

demo: install                       ## run a small cloud on this machine and show that it works
	@tools/install-system dataplane
	$(VENV)/bin/alcor demo $(DEMO_ARGS)

test: install-dev install-keystone pulsar-if-java system lint       ## every test: real servers, real packets (as root)
	$(VENV)/bin/pytest tests $(SIDE_BY_SIDE)

test-unit: install-dev              ## the fast tests: no root, no servers
	$(VENV)/bin/pytest tests/unit $(SIDE_BY_SIDE)

chaos: install-dev system install-pulsar   ## kill and part everybody at random: make chaos SECONDS=600 SEED=7
	ALCOR_CHAOS_SECONDS=$(or $(SECONDS),60) ALCOR_CHAOS_SEED=$(SEED) \
		$(VENV)/bin/pytest -s tests/integration/chaos tests/e2e/chaos/test_worlds_among_deaths.py

conformance: install-dev install-keystone install-tempest   ## OpenStack's suites of Neutron's API: docs/conformance.md
	$(VENV)/bin/python -m tests.conformance.neutron $(ARGS)

rally: install-dev install-keystone install-rally   ## Rally's scenarios of networks, by 50 clients: docs/conformance.md
	$(VENV)/bin/python -m tests.conformance.rally $(ARGS)

nova: install-dev install-keystone install-nova system   ## Nova makes, moves and deletes servers: docs/conformance.md
	$(VENV)/bin/python -m tests.conformance.nova $(ARGS)

heat: install-dev install-keystone install-heat system   ## Heat makes, changes and deletes stacks: docs/conformance.md
	$(VENV)/bin/python -m tests.conformance.heat $(ARGS)

horizon: install-dev install-keystone install-horizon system   ## Horizon's panels of networks, in a browser: docs/conformance.md
	$(VENV)/bin/python -m tests.conformance.horizon $(ARGS)

kuryr: install-dev install-keystone install-kuryr system   ## Kuryr makes Docker's networks: docs/conformance.md
	$(VENV)/bin/python -m tests.conformance.kuryr $(ARGS)

terraform: install-dev install-keystone    ## Terraform's provider and its library, in Go: docs/conformance.md
	$(VENV)/bin/python -m tests.conformance.terraform $(ARGS)

beside: install-dev install-keystone install-neutron system    ## Neutron and this controller are asked the same: docs/conformance.md
	$(VENV)/bin/python -m tests.conformance.beside $(ARGS)

lint: install-dev
	$(VENV)/bin/ruff format --check src tests benchmarks
	$(VENV)/bin/ruff check src tests benchmarks
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

lock:                               ## renew the locked dependencies (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra build --extra queue -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra build --extra queue --extra dev -o requirements-dev.lock
	for requirements in tests/keystone/requirements tests/conformance/neutron/requirements tests/conformance/rally/requirements \
	    tests/conformance/nova/requirements tests/conformance/heat/requirements tests/conformance/horizon/requirements \
	    tests/conformance/kuryr/requirements benchmarks/requirements-neutron; do \
	    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	        $$requirements.in -o $$requirements.lock || exit; \
	done

throughput:                         ## install iperf3, with which a benchmark sends as fast as it can
	@tools/install-system throughput

proto: install-dev                  ## regenerate the southbound messages
	tools/generate-proto

NEEDED_BY_neutron := install-neutron install-keystone
NEEDED_BY_data_plane := throughput
benchmark: install-dev system $(NEEDED_BY_$(NAME)) ## measure one thing: make benchmark NAME=api (those in benchmarks/)
	$(VENV)/bin/python -m benchmarks.$(or $(NAME),api) $(ARGS)

PLOTTED := agent_intake channels dpm ncm ovs_flows store api vpc_size first_ping roles
UP_TO_A_MILLION_api := --ports 1000000
UP_TO_A_MILLION_first_ping := --sizes 100 10000 1000000
UP_TO_A_MILLION_ovs_flows := 1000 100000 1000000
UP_TO_A_MILLION_store := --ports 1000000

plots: $(PLOTTED:%=plot-%)          ## measure all that go over sizes, up to a million, and draw docs/plots

plot-%: install-dev system
	$(VENV)/bin/python -m benchmarks.$* $(UP_TO_A_MILLION_$*) --plot docs/plots/$*.svg

clean:
	rm -rf $(VENV) $(KEYSTONE) $(TEMPEST) $(RALLY) $(NOVA) $(HEAT) $(HORIZON) $(KURYR) $(NEUTRON) $(PULSAR) .conformance .mypy_cache .pytest_cache .ruff_cache .hypothesis
