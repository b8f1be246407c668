# Silgeom. `make` alone lists what there is.
#
# Every target that runs something first brings .venv up to date (./bootstrap). Nothing needs to be
# activated; after `. .venv/bin/activate` the same commands work by hand.

.DEFAULT_GOAL := help
.NOTPARALLEL:

# More for the tool of a target: make test ARGS='-k trending', make lock ARGS=--upgrade
ARGS :=

# The environment's own Spark and Python, whatever others this machine is set up for.
unexport SPARK_HOME SPARK_CONF_DIR HADOOP_CONF_DIR YARN_CONF_DIR PYTHONHOME PYTHONPATH
unexport PYSPARK_DRIVER_PYTHON
export PYSPARK_PYTHON = $(CURDIR)/.venv/bin/python

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "make %-17s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: environment ## The whole pipeline on sample_data: three boards here, their tables in output/
	@.venv/bin/spark-submit jobs/all.py $(ARGS)

.PHONY: live-demo
live-demo: environment ## The sample log comes in as if now, on a page that moves (Ctrl-C ends it)
	@.venv/bin/python -m tools.live_demo $(ARGS)

# Two tests at a time: each has two threads, and waits for disks and processes, too.
.PHONY: test
test: environment ## All tests but those that need containers
	@.venv/bin/python -m pytest -m 'not cluster' -n 2 --dist loadfile $(ARGS)

.PHONY: test-fast
test-fast: environment ## Kernels and what else takes a moment: at every change
	@.venv/bin/python -m pytest -m 'not cluster and not slow' -n 2 --dist loadfile $(ARGS)

.PHONY: explore
explore: environment ## Look for inputs that break kernels, other ones at every run
	@SILGEOM_EXPLORE=1 .venv/bin/python -m pytest tests/kernels $(ARGS)

.PHONY: fault-test
fault-test: environment ## A fault at every call of storage of every operation (hours)
	@mkdir -p artifacts && rm -f artifacts/faults.txt
	@SILGEOM_FAULTS=all SILGEOM_FAULTS_REPORT=artifacts/faults.txt \
	  .venv/bin/python -m pytest tests/faults $(ARGS)
	@cat artifacts/faults.txt

.PHONY: cluster-test
cluster-test: environment ## The cluster: built, used, broken and taken down again (needs Docker)
	@.venv/bin/python -m pytest -m 'cluster and not cluster_long' tests/cluster $(ARGS)

.PHONY: cluster-test-long
cluster-test-long: environment ## The same with what takes longer: each data node, 20 jobs in a row
	@.venv/bin/python -m pytest -m cluster tests/cluster $(ARGS)

.PHONY: mapreduce
mapreduce: ## On the running cluster: the hourly count by MapReduce, compared with Spark's
	@docker compose exec -T client cluster/mapreduce/hourly-count
	@docker compose exec -T client spark-submit cluster/mapreduce/compare.py

.PHONY: check
check: environment ## Lint, format, types, lock file; changes nothing
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/python tools/lock.py check && echo 'requirements.lock is in step with pyproject.toml'

.PHONY: format
format: environment ## Put the code into the form that check asks for
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

.PHONY: benchmark
benchmark: environment ## Our jobs beside DuckDB, Polars and tutorials, on 5 million searches
	@.venv/bin/python -m benchmarks.speed $(ARGS)

.PHONY: benchmark-growth
benchmark-growth: environment ## What a long history, skew, small files and a large log cost
	@.venv/bin/python -m benchmarks.growth $(ARGS)

.PHONY: benchmark-years
benchmark-years: environment ## State and time of a root with 10 and with 10,000 boards
	@.venv/bin/python -m benchmarks.years $(ARGS)

# make benchmark-lookups ROOT=my-results
.PHONY: benchmark-lookups
benchmark-lookups: environment ## Look-ups in ROOT: built, opened, answered, asked over HTTP
	@.venv/bin/python -m benchmarks.lookups '$(or $(ROOT),output)' $(ARGS)

.PHONY: benchmark-cluster
benchmark-cluster: environment ## On the cluster, which is up: all three results beside tutorials
	@.venv/bin/python -m benchmarks.cluster $(ARGS)

.PHONY: benchmark-paper
benchmark-paper: environment ## A billion searches a day, computed from a run's bytes and CPU
	@.venv/bin/python -m benchmarks.paper $(ARGS)

.PHONY: sample-data
sample-data: environment ## Make sample_data anew; the same bytes each time
	@.venv/bin/python -m silgeom.simulate sample_data

# A root of your own: make evaluate ROOT=output. Without: a month of a simulated portal, with bursts
# and attacks in its second half, and another month that has neither, for the false alarms.
ROOT :=
SIMULATED := artifacts/evaluate
MONTH := --plan random --searches 400000 --users 20000 --days 28
.PHONY: evaluate
evaluate: environment ## How good the results are, beside all rivals: of ROOT=output, else simulated
	@if [ -n '$(ROOT)' ]; then .venv/bin/python -m silgeom.evaluate all '$(ROOT)' $(ARGS); else \
	  set -e; \
	  .venv/bin/python -m silgeom.simulate $(SIMULATED) $(MONTH) --attack; \
	  .venv/bin/python -m silgeom.simulate $(SIMULATED)/quiet $(MONTH) --bursts 0 --seed 2; \
	  for month in $(SIMULATED) $(SIMULATED)/quiet; do \
	    .venv/bin/spark-submit jobs/trending.py --landing $$month/logs --root $$month/root; done; \
	  .venv/bin/python -m silgeom run keywords --landing $(SIMULATED)/logs --root $(SIMULATED)/root; \
	  .venv/bin/python -m silgeom.evaluate all $(SIMULATED)/root --truth $(SIMULATED)/truth.json \
	    --quiet $(SIMULATED)/quiet/root --quiet-truth $(SIMULATED)/quiet/truth.json \
	    --plot $(SIMULATED) $(ARGS); fi

.PHONY: lock
lock: environment ## Pin what pyproject.toml asks for in requirements.lock
	@.venv/bin/python tools/lock.py write $(ARGS)

.PHONY: clean
clean: ## Remove .venv, output and what the tools cached
	@rm -rf .venv build *.egg-info output .hypothesis .mypy_cache .pytest_cache .ruff_cache artifacts spark-warehouse
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: environment
environment:
	@./bootstrap
