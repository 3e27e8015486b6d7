# The words a person uses with Daybook. .ci/run uses the same ones, so that a green run there means the same here.

# Where cargo builds. Honoured because .ci/run keeps its build outside the repository.
target := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)

# Programs are built together: of single packages cargo chooses other features, and would build the libraries once more. Where the window
# cannot be built, what does without it is. Asked for by its own make, since what can be built changes while a recipe runs.
programs = $(if $(shell pkg-config --exists webkit2gtk-4.1 2>&1 && test -f ui/till/dist/index.html && echo all),--workspace --bins,-p daybook-tests -p daybook-server --bins)

.DEFAULT_GOAL := help
.PHONY: help prerequisites programs test walk run demo-pins interop check generate pictures replay long-stories crash sweep simulate bench clean-demo

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

prerequisites: ## see that Rust and a C compiler are here, and say how to get what is missing
	@scripts/prerequisites

# A plain `cargo test` is enough for the Rust side. cargo-nextest, where somebody has it, runs the same tests in less time, but leaves
# the examples in the documentation to `cargo test --doc`. The roads through the real window need the built program.
test: ## run every test
	@scripts/prerequisites --browser
	@$(MAKE) --no-print-directory window
	@echo '-- the window: types, words, laws (vitest)'
	@cd ui/till && npm run --silent lint && npm test --silent
	@$(MAKE) --no-print-directory programs
	@set -e; export DAYBOOK_WINDOW='$(abspath $(target))/debug/daybook-till'; \
	if cargo nextest --version >/dev/null 2>&1; then \
		echo '-- tests (cargo nextest)'; \
		cargo nextest run --workspace --locked; \
		echo '-- examples in the documentation'; \
		cargo test --doc --workspace --locked; \
	else \
		echo '-- tests and examples in the documentation (cargo test)'; \
		cargo test --workspace --locked; \
	fi
	@$(MAKE) --no-print-directory walk
	@echo '-- all tests passed'

# Chromium over the built window, with a real till and a real head office behind it. ONLY=troubles walks a part, WALKS=10000 that many at
# random, SEED=7 the same ones again.
walk: ## look at every screen of the window in a browser; pictures go to target/pictures
	@scripts/prerequisites --browser
	@$(MAKE) --no-print-directory window
	@$(MAKE) --no-print-directory programs
	@echo '-- walks over the window (Chromium)'
	@cd ui/till && DAYBOOK_TARGET='$(abspath $(target))' npm run --silent walk -- $(ONLY) $(if $(WALKS),--walks $(WALKS)) $(if $(SEED),--seed $(SEED))

run: ## a running shop: head office, a till and its window; HEADLESS=1 plays a demo day without a window
	@if [ "$${HEADLESS:-}" = 1 ]; then \
		scripts/prerequisites && cargo build --locked $(programs) && exec '$(target)/debug/demo'; \
	else \
		scripts/prerequisites --display && $(MAKE) --no-print-directory window \
			&& $(MAKE) --no-print-directory programs \
			&& exec '$(target)/debug/demo' --window '$(target)/debug/daybook-till'; \
	fi

programs:
	@cargo build --locked $(programs)

# What the window is made of is fetched once and built again where a file of it is newer than the last build.
window: ui/till/dist/index.html ## build what the till's window shows

ui/till/node_modules/.package-lock.json: ui/till/package.json ui/till/package-lock.json
	@scripts/prerequisites --window
	@cd ui/till && npm ci --no-audit --no-fund

ui/till/dist/index.html: ui/till/node_modules/.package-lock.json ui/till/index.html ui/till/vite.config.ts $(shell find ui/till/src -type f)
	@cd ui/till && npm run --silent build && touch dist/index.html

demo-pins: ## who works in the demo shop, and their PINs
	@cargo build --quiet --locked $(programs) && '$(target)/debug/demo' --pins

check: ## look at format, lints, generated files and licences, without running tests
	@scripts/prerequisites --window
	@$(MAKE) --no-print-directory window
	@echo '-- format'
	@cargo fmt --all --check
	@echo '-- lints'
	@cargo clippy --workspace --all-targets --locked -- -D warnings
	@echo '-- generated files'
	@$(MAKE) --no-print-directory programs && '$(target)/debug/generate' --check
	@if cargo deny --version >/dev/null 2>&1; then \
		echo '-- dependencies: bans, licences, sources'; \
		cargo deny --locked check bans licenses sources; \
	else \
		echo '-- dependencies: LEFT OUT, cargo-deny is not installed (cargo install --locked cargo-deny)'; \
	fi
	@echo '-- all checks passed'

generate: ## write the generated files anew: schemas and tables
	@cargo build --locked $(programs) && '$(target)/debug/generate'

pictures: ## draw the real window over a demo day and write docs/pictures anew
	@scripts/prerequisites --walk
	@$(MAKE) --no-print-directory window
	@$(MAKE) --no-print-directory programs
	@'$(target)/debug/pictures' --window '$(abspath $(target))/debug/daybook-till'

# The last line of standard output is JSON for whoever reads it, so everything else here goes to standard error.
# From another folder say `make -s -C daybook replay ...`: without -s make itself writes its last line there.
# Values reach the shell as environment variables: a file name may then hold spaces and quotes.
replay: ## play receipts through tills and server: RECEIPTS=file.ndjson [FAULTS=rough] [RESTORE=1] [DURABLE=0] [SEED=1]
	@if [ -z "$${RECEIPTS:-}" ]; then \
		echo 'Which receipts? Name a file of one receipt a line: make replay RECEIPTS=file.ndjson' >&2; \
		exit 2; \
	fi; \
	scripts/prerequisites >&2 \
		&& cargo build --release --locked -p daybook-tests --bin replay >&2 \
		&& exec '$(target)/release/replay' --receipts "$$RECEIPTS" \
			$${FAULTS:+--faults "$$FAULTS"} $${RESTORE:+--restore} $${DURABLE:+--durable "$$DURABLE"} $${SEED:+--seed "$$SEED"}

long-stories: ## have a till come back after 90 days offline with EVENTS=1000000, with head office and till killed on the way [STORY=poison] [DURABLE=0]
	@scripts/prerequisites >&2 \
		&& cargo build --release --locked -p daybook-tests --bin long >&2 \
		&& exec '$(target)/release/long' $${EVENTS:+--events "$$EVENTS"} \
			$${STORY:+--story "$$STORY"} $${DURABLE:+--durable "$$DURABLE"}

simulate: ## play seeds of synchronisation in a world that does its worst: SEEDS=1000 [SEED=k] [MUTANT=name|all] [LAYER=real]
	@scripts/prerequisites >&2 \
		&& cargo build --release --locked -p daybook-tests --bin simulate >&2 \
		&& exec '$(target)/release/simulate' --seeds "$${SEEDS:-1000}" \
			$${SEED:+--seed "$$SEED"} $${MUTANT:+--mutant "$$MUTANT"} \
			$${LAYER:+--layer "$$LAYER"}

# What the client is made of is installed once, at pinned versions, and again where the list of it changes. Where that cannot be done this is
# left out, aloud: nothing else of Daybook needs Python's packages.
interop: ## have a client in Python, written from docs/PROTOCOL.md alone, enrol, push, read and verify at a real head office
	@scripts/prerequisites
	@set -e; home="$$HOME/.cache/daybook/interop"; wanted=tests/interop/requirements.txt; \
	if ! { cmp -s "$$wanted" "$$home/requirements.txt" && "$$home/bin/python" -c 'import cryptography, zstandard' 2>/dev/null; }; then \
		if ! { python3 -m venv --clear "$$home" && "$$home/bin/python" -m pip install --quiet --retries 1 --timeout 20 --requirement "$$wanted"; }; then \
			echo "-- interop: LEFT OUT, python3 with venv cannot install what $$wanted names" >&2; \
			exit 0; \
		fi; \
		cp "$$wanted" "$$home/requirements.txt"; \
	fi; \
	$(MAKE) --no-print-directory programs; \
	echo '-- a client in Python, written from the page alone'; \
	"$$home/bin/python" -B tests/interop/interop.py '$(target)/debug/daybook-server' docs/PROTOCOL.md

crash: ## have the power go IMAGES=20000 times at a till: what is left is opened and compared [SEED=1] [REPLAY=log-3-120-7]
	@scripts/prerequisites >&2 \
		&& cargo build --release --locked -p daybook-tests --bin crash >&2 \
		&& exec '$(target)/release/crash' $${IMAGES:+--images "$$IMAGES"} $${SEED:+--seed "$$SEED"} $${REPLAY:+--replay "$$REPLAY"}

sweep: ## have every write, flush, truncation and removal of a checkout fail in turn, in every way [SEED=1] [EVERY=1]
	@scripts/prerequisites >&2 \
		&& cargo build --release --locked -p daybook-tests --bin sweep >&2 \
		&& exec '$(target)/release/sweep' $${SEED:+--seed "$$SEED"} $${EVERY:+--every "$$EVERY"}

# Peers and the long past of a till are made once and kept under ~/.cache/daybook/bench. ROWS and the rest reach the program by themselves.
bench: ## measure beside peers and limits: [ROWS=P2,P12] [QUICK=1] [DATA=folder of real product lists]
	@scripts/prerequisites >&2 \
		&& cargo build --release --locked -p daybook-tests --bin bench >&2 \
		&& exec '$(target)/release/bench' --figures '$(target)/bench.json'

# A shop's own books may live in DAYBOOK_HOME, so this says what it removes and keeps off folders that hold more.
clean-demo: ## remove the demo's books: the folder $DAYBOOK_HOME, or .daybook
	@home="$${DAYBOOK_HOME:-.daybook}"; \
	if [ ! -e "$$home" ]; then echo "Nothing to remove: there is no $$home."; exit 0; fi; \
	real="$$(cd "$$home" && pwd -P)" || exit 2; \
	here="$$(pwd -P)"; \
	case "$$here/ $$(cd "$${HOME:-/}" && pwd -P)/" in \
		"$${real%/}/"*|*" $${real%/}/"*) echo "$$home holds more than the demo; remove it by hand if you mean it." >&2; exit 2;; \
	esac; \
	rm -rf -- "$$home" && echo "Removed $$home."
