#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# setup-aarch64: installs the Debian packages by which the tests build the
# runtime for aarch64 and run it on another machine. Not needed to build or
# test; without them that one test is skipped, and says so.

set -euo pipefail

packages=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null |
        grep -qx installed || missing+=("$package")
done
if [ "${#missing[@]}" -eq 0 ]; then
    echo "setup-aarch64: everything is installed"
    exit
fi
echo "setup-aarch64: installing ${missing[*]}"
as_root=()
[ "$(id -u)" -eq 0 ] || as_root=(sudo)
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    -o Dpkg::Use-Pty=0 --no-install-recommends "${missing[@]}"
