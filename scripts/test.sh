#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# test PRESET [JOBS]: runs every test of build/PRESET and ends with one line
# that says how it went. Output of a test is shown when it fails; all of it is
# in build/PRESET/Testing/Temporary/LastTest.log.

set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:?usage: test.sh PRESET [JOBS]}
jobs=${2:-$(nproc)}
log=build/$preset/Testing/Temporary/LastTest.log

if ctest --test-dir "build/$preset" --output-on-failure --parallel "$jobs"
then
    echo "memscope: all tests passed"
else
    echo "memscope: TESTS FAILED, see above or $log" >&2
    exit 1
fi
