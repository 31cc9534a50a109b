#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# fuzz SECONDS [NAME...]: builds the fuzzers and lets each look for SECONDS, one
# after the other; prints how often it ran and what it reached. What it found
# goes to build/fuzz/found/NAME; build/fuzz/kept/NAME is the corpus and what of
# that reaches more.

set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:?usage: fuzz.sh SECONDS [NAME...]}
shift
if [ $# -eq 0 ]; then
    for harness in tests/fuzz/fuzz_*.c; do
        harness=${harness##*/fuzz_}
        set -- "$@" "${harness%.c}"
    done
fi
[ -f build/fuzz/build.ninja ] || cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target "${@/#/fuzz_}" --parallel 2 >/dev/null

for name; do
    program=build/fuzz/tests/fuzz/fuzz_$name
    corpus=tests/fuzz/corpus/$name
    found=build/fuzz/found/$name
    kept=build/fuzz/kept/$name
    log=build/fuzz/found/$name.log
    words=(-timeout=30 -rss_limit_mb=2048)
    # What sessions keep of their past grows with every run. libFuzzer would
    # take that for leaks, and look for them a thousand times.
    words+=(-detect_leaks=0)
    [ ! -f "tests/fuzz/$name.dict" ] || words+=(-dict="tests/fuzz/$name.dict")
    mkdir -p "$found"
    rm -rf "$kept"
    mkdir -p "${kept%/*}"
    cp -r "$corpus" "$kept"
    if ! "$program" "${words[@]}" -max_total_time="$seconds" \
        -print_final_stats=1 -artifact_prefix="build/fuzz/found/$name-" \
        "$found" "$corpus" >"$log" 2>&1; then
        tail -40 "$log"
        echo "fuzz: $name: a finding; see $log" >&2
        exit 1
    fi
    "$program" "${words[@]}" -merge=1 "$kept" "$found" \
        >>"$log" 2>&1
    awk -v name="$name" '
        /DONE .*lim:/ { for (i = 1; i < NF; i++) at[$i] = $(i + 1) }
        /^stat::number_of_executed_units:/ { runs = $2 }
        END { printf "%s: %d runs, %d edges, %d features\n", name, runs,
              at["cov:"], at["ft:"] }' "$log"
done
