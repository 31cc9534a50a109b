#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# setup-bench: installs the Debian packages that `make bench` measures beside
# memscope, or measures memscope with, when they are missing. Not needed to
# build or test; what is not there is left out of the report, with a word.

set -euo pipefail

packages=(heaptrack libgoogle-perftools4 libjemalloc2 valgrind
    sqlite3 jq perl python3 g++ git xz-utils redis-server redis-tools)

# shellcheck source=scripts/install-missing.sh
. "$(dirname "$0")/install-missing.sh"
install_missing setup-bench "${packages[@]}"
