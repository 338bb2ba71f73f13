# Shortcuts to the scripts that do the work; each of them can be called by itself.
.DEFAULT_GOAL := help
.PHONY: help demo test oracle bench cost lint engine-up engine-down frontend

ENGINE := tests/engine/engine

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## from nothing to a production container that answers a request
	@tests/demo

test: ## every test of the workspace, on a real engine
	@tests/run

oracle: ## compare with the packaging tools: selections, trees of files, freshness, origins
	@tests/oracle

bench: engine-up frontend ## measure builds against the usual Dockerfiles
	@tests/bench

cost: engine-up frontend ## count the instructions of planning and unpacking, and compare with the committed counts
	@PYBUILD_FRONTEND_READY=1 tests/cost

lint: ## formatting, clippy, shell scripts; what .ci/run checks before the tests
	@tests/lint

engine-up: ## start or find Docker with BuildKit and a registry
	@$(ENGINE) up

engine-down: ## end the engine and remove everything it brought
	@$(ENGINE) down

frontend: engine-up ## build the frontend image into the engine's registry
	@$(ENGINE) frontend
