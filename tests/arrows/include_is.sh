#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# include_is found|missing HEADER CC FLAG...: compiles one line that includes
# HEADER with the given flags. `missing` is met only by "No such file": any
# other error of the compiler fails the test.

set -euo pipefail

expectation=$1
header=$2
shift 2

if output=$(printf '#include "%s"\nextern int one_line;\n' "$header" |
    LC_ALL=C "$@" -std=c11 -D_GNU_SOURCE -fsyntax-only -x c - 2>&1); then
    result=found
elif grep -qE "$header(: No such file|' file not found)" <<<"$output"; then
    result=missing
else
    result="broken: $output"
fi
echo "$header is $result, expected: $expectation"
[ "$result" = "$expectation" ]
