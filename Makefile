# The only front door. Everything is done by a script; see CONTRIBUTING.md.

ifdef PG_CONFIG
export PG_CONFIG
endif

.DEFAULT_GOAL := help
.PHONY: help demo stop test check lint fmt unit golden isolation live attacks readme bench install schema clean

help: ## this list
	@sed -nE 's/^([a-z ]+):.*## (.*)/make \1\t\2/p' Makefile | expand -t 52

demo: ## from nothing to a running cluster with the demo on real data
	@examples/run

stop: ## stop the demo's cluster
	@scripts/cluster stop demo

install: ## build the release and install it into a server: PG_CONFIG=/path/to/pg_config
	@scripts/prepare
	@scripts/build release

test: ## all rungs of tests, from nothing
	@tests/run.sh

unit golden isolation live attacks readme: ## one rung of tests
	@tests/run.sh $@

check: lint test ## what must be clean before a commit: lint and test

lint: ## walls between floors, formatting, clippy, docs
	@scripts/prepare
	@scripts/lint

fmt: ## format the Rust code
	@cargo fmt --all

schema: ## keep the generated install script, so that a change of surface is a visible diff
	@scripts/prepare
	@scripts/build dev
	@mkdir -p tests/schema
	@scripts/schema >tests/schema/head.sql

bench: ## compare with peers, as ratios from one run
	@scripts/bench

clean: ## stop and delete all scratch clusters and everything built
	@for name in $$(scripts/cluster list); do scripts/cluster remove $$name; done
	@cargo clean --quiet
