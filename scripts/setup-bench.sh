#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# setup-bench: installs the Debian packages that `make bench` measures beside
# memscope, or measures memscope with, when they are missing. Not needed to
# build or test; what is not there is left out of the report, with a word.

set -euo pipefail

packages=(heaptrack libgoogle-perftools4 libjemalloc2 valgrind
    sqlite3 jq perl python3 g++ git xz-utils redis-server redis-tools)

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null |
        grep -qx installed || missing+=("$package")
done
if [ "${#missing[@]}" -eq 0 ]; then
    echo "setup-bench: everything is installed"
    exit
fi
echo "setup-bench: installing ${missing[*]}"
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    -o Dpkg::Use-Pty=0 --no-install-recommends "${missing[@]}"
