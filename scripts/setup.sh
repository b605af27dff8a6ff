#!/bin/sh
# Sets up .venv from the hashed lock: finds or fetches uv and Python 3.10. Run by `make`; says what to do when it cannot.
#   scripts/setup.sh [requirements.lock]
set -eu
lock=${1:-requirements.lock}
cd "$(dirname "$0")/.."

fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 3
}

# A pyenv shim may exist and still not run, so a tool counts only if it answers.
works() { "$@" >/dev/null 2>&1; }

find_python3() {
    for candidate in python3 python3.12 python3.11 python3.10 python /usr/bin/python3; do
        if works "$candidate" -c 'import sys; assert sys.version_info >= (3, 8)'; then
            echo "$candidate"
            return
        fi
    done
}

find_uv() {
    for candidate in uv "$HOME/.local/bin/uv" "$HOME/.cargo/bin/uv" .tools/bin/uv .tools/lib/bin/uv; do
        if works "$candidate" --version; then
            echo "$candidate"
            return
        fi
    done
}

fetch_uv() {
    python=$(find_python3)
    [ -n "$python" ] || fail "no Python 3 was found. Install one (any 3.8 or newer), or uv, and run make again."
    echo "setup: fetching uv into .tools" >&2
    if works "$python" -m venv .tools && works .tools/bin/python -m pip install --quiet uv; then return; fi
    rm -rf .tools
    if works "$python" -m pip install --quiet --target .tools/lib uv; then return; fi
    rm -rf .tools
    fail "uv could not be installed (is there a network?). Install uv yourself, see https://docs.astral.sh/uv, and run make again."
}

is_310() { works "$1" -c 'import sys; assert sys.version_info[:2] == (3, 10)'; }

find_python310() {
    for candidate in "${PYTHON310:-}" python3.10 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.10*/bin/python3.10; do
        if [ -n "$candidate" ] && is_310 "$candidate"; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    found=$("$uv" python find --no-project --no-python-downloads 3.10 2>/dev/null || true)
    if [ -n "$found" ] && is_310 "$found"; then echo "$found"; fi
}

fetch_python310() {
    echo "setup: fetching Python 3.10" >&2
    works "$uv" python install 3.10 || true
}

uv=$(find_uv)
if [ -z "$uv" ]; then
    fetch_uv
    uv=$(find_uv)
fi
stamp=.venv/.installed-$(basename "$lock")
digest=$(cksum < "$lock")
if [ -x .venv/bin/python ] && is_310 .venv/bin/python && [ "$(cat "$stamp" 2>/dev/null)" = "$digest" ]; then exit 0; fi

if ! { [ -x .venv/bin/python ] && is_310 .venv/bin/python; }; then
    python=$(find_python310)
    if [ -z "$python" ]; then
        fetch_python310
        python=$(find_python310)
    fi
    [ -n "$python" ] || fail "Python 3.10 is needed (Rasa 3.6 runs on nothing newer), was not found, and could not be fetched.
       Install python3.10 with your system's packages, pyenv or uv, or set PYTHON310=/path/to/python3.10, and run make again."
    "$uv" venv --quiet --clear --python "$python" .venv || fail "no environment could be made in .venv; is this folder writable?"
fi
echo "setup: installing $(grep -c '==' "$lock") locked packages into .venv" >&2
"$uv" pip install --quiet --python .venv/bin/python --no-deps --require-hashes -r "$lock" ||
    fail "the locked packages could not be installed (is there a network, and about 1 GB of disk?). Nothing was left half-made: run make again."
echo "$digest" > "$stamp"
