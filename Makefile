# make run | make test | make check | make eval | make bench; the rest is for developers.
PY = .venv/bin/python -W ignore
UV = $(shell .tools/bin/uv --version >/dev/null 2>&1 && echo .tools/bin/uv || echo uv)
export RASA_TELEMETRY_ENABLED = false

.PHONY: run test check eval bench setup setup-dev lock train validate shell actions format compile picture

run: setup  ## set everything up and serve the product
	@$(PY) -m bot run

test: setup-dev  ## set everything up and pass the tests
	@$(PY) -m bot train --quiet
	@$(PY) -m pytest -q

check: setup-dev  ## what CI checks besides the tests
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	$(PY) -m policies_kb compile --check
	$(PY) -m policies_kb training --check
	$(PY) -m policies_kb ledger --check
	$(PY) -m bot nlu-data --check
	$(PY) -m pytest -q tests/test_domain_contract.py tests/test_docs.py tests/test_privacy_gate.py

eval: setup-dev  ## accuracy beside other methods, on our own sets and the outside ones
	@$(PY) -m quality.evaluate --set test --picture docs/confusion.png

bench: setup-dev  ## speed and memory, as ratios against named baselines
	@$(PY) -m bench.run

setup:
	@scripts/setup.sh requirements.lock

setup-dev:
	@scripts/setup.sh requirements-dev.lock

lock:  ## resolve requirements*.txt into the hashed locks
	$(UV) pip compile -q --python-version 3.10 --generate-hashes --no-header --override requirements.override \
	    requirements.txt -o requirements.lock
	$(UV) pip compile -q --python-version 3.10 --generate-hashes --no-header --override requirements.override \
	    -c requirements.lock requirements-dev.txt -o requirements-dev.lock

compile:  ## everything that is generated and committed
	$(PY) -m policies_kb compile
	$(PY) -m policies_kb training
	$(PY) -m policies_kb ledger --picture
	$(PY) -m bot nlu-data

train: setup  ## train the assistant if its data changed
	@$(PY) -m bot train

validate: setup  ## Rasa's own check of domain, data and rules
	@$(PY) -m bot rasa data validate

shell: setup  ## Rasa's own shell on the trained model; needs `make actions` in another terminal
	@$(PY) -m bot rasa shell --model models

actions: setup  ## the actions as Rasa's action server, on loopback, for `make shell`
	@SANIC_HOST=127.0.0.1 $(PY) -m rasa_sdk --actions actions

format: setup-dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .
