#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# check PRESET [JOBS]: what can be said of the sources without running them:
# formatting, clang-tidy, shellcheck, the page's types and lint; and the list
# of exported symbols of what PRESET has built.
# check --format: formats all C sources in place instead.

set -euo pipefail
cd "$(dirname "$0")/.."

rooms=(platform runtime engine server cli)

# Tracked and new files, but nothing that git ignores.
sources() {
    git ls-files --cached --others --exclude-standard -- "$@" |
        while read -r file; do [ ! -f "$file" ] || echo "$file"; done
}

if [ "${1:-}" = --format ]; then
    sources '*.c' '*.h' '*.cpp' | xargs clang-format-14 -i
    exit
fi

preset=${1:?usage: check.sh PRESET [JOBS] or check.sh --format}
jobs=${2:-$(nproc)}
failed=()

step() {
    local name=$1
    shift
    echo "check: $name"
    "$@" || failed+=("$name")
}

check_format() {
    sources '*.c' '*.h' '*.cpp' | xargs clang-format-14 --dry-run --Werror
}

check_sizes() {
    sources '*.c' '*.h' '*.cpp' '*.hpp' | xargs scripts/check-sizes.py
}

check_tidy() {
    sources "${rooms[@]/%//*.c}" | xargs -P "$jobs" -n 4 \
        clang-tidy-14 --quiet -p "build/$preset"
}

check_shell() {
    sources '*.sh' .ci/run | xargs shellcheck
}

check_exports() {
    ctest --test-dir "build/$preset" --quiet --output-on-failure \
        -R '^integration\.exports$' --no-tests=error
}

check_page() {
    npm --prefix web run --silent check
}

step format check_format
step sizes check_sizes
step clang-tidy check_tidy
step shellcheck check_shell
step exports check_exports
step page check_page

if [ "${#failed[@]}" -gt 0 ]; then
    echo "memscope: CHECKS FAILED: ${failed[*]}" >&2
    exit 1
fi
echo "memscope: all checks passed"
