#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# build PRESET [JOBS]: configures build/PRESET when needed and builds all.

set -euo pipefail
cd "$(dirname "$0")/.."

preset=${1:?usage: build.sh PRESET [JOBS]}
jobs=${2:-$(nproc)}

# Ninja asks CMake again by itself when a build file has changed.
if [ ! -f "build/$preset/build.ninja" ]; then
    cmake --preset "$preset"
fi
cmake --build --preset "$preset" --parallel "$jobs"
