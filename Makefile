# Entrepot's commands. `make help` lists them; nothing has to be typed before any of them.

.DEFAULT_GOAL := help
.PHONY: help serve test check format lock bench bench-cluster profile cluster test-cluster soak image

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) \
		| while IFS='|' read -r name meaning; do printf '  make %-13s %s\n' "$$name" "$$meaning"; done

serve: ## set up what is needed, then serve http://localhost:5050 from ./data; options in ARGS='--port 5051'
	@tools/environment requirements.lock
	@tools/console build || echo "The console could not be built: serving without it." >&2
	@exec .venv/bin/entrepot serve $(ARGS)

test: ## set up what is needed, then run every test; some of them with SUITES='unit wire'
	@tools/environment requirements-dev.lock
	@tools/install-test-tools
	@tools/console build
	@.venv/bin/python tools/run_tests.py $(SUITES)

check: ## style, types, the layers of the design, the documents
	@tools/environment requirements-dev.lock
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy src tests tools bench deploy
	.venv/bin/lint-imports --config .importlinter
	.venv/bin/python tools/check_docs.py
	tools/console check

format: ## rewrite the source in the house's format
	@tools/environment requirements-dev.lock
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .
	tools/console format

lock: ## resolve the dependencies of pyproject.toml anew; newer versions with ARGS=--upgrade
	@tools/environment requirements-dev.lock
	tools/lock $(ARGS)

bench: ## measure Entrepot beside other registries; some rows with ARGS='--rows manifest push --rounds 3 --seconds 2'
	@tools/environment requirements-dev.lock
	@bench/install
	@.venv/bin/python -m bench $(ARGS)

bench-cluster: ## measure what requests cost as a registry grows; ARGS='--sizes 1000 100000 1000000'
	@tools/environment requirements-dev.lock
	@.venv/bin/python -m bench.scale $(ARGS)

cluster: ## run PostgreSQL, SeaweedFS, three nodes and a load balancer until Ctrl-C; options in ARGS='--balancer nginx'
	@tools/environment requirements-dev.lock
	@tools/install-test-tools postgres haproxy nginx
	@exec .venv/bin/python -m tools.cluster $(ARGS)

test-cluster: ## the end-to-end suite and the OCI conformance program through a balancer before three nodes
	@tools/environment requirements-dev.lock
	@tools/install-test-tools
	@.venv/bin/python tools/run_tests.py clients-cluster conformance-cluster

soak: ## break things under load, a minute each, and print the figures; longer with ARGS='--seconds 600'
	@tools/environment requirements-dev.lock
	@tools/install-test-tools postgres haproxy faketime ip
	@.venv/bin/python -m tools.soak $(ARGS)

profile: ## show where the time of Entrepot's hottest paths goes; one of them with ARGS='--paths push'
	@tools/environment requirements-dev.lock
	@bench/install
	@.venv/bin/python -m bench.profile $(ARGS)

image: ## build the container image as build/image/entrepot-VERSION.tar, for `docker load`; needs Debian 12's apt
	@tools/environment requirements-dev.lock
	@tools/console build
	@.venv/bin/python -m deploy.image $(ARGS)
