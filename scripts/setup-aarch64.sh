#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# setup-aarch64: installs the Debian packages by which the tests build the
# runtime for aarch64 and run it on another machine. Not needed to build or
# test; without them that one test is skipped, and says so.

set -euo pipefail

packages=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)

# shellcheck source=scripts/install-missing.sh
. "$(dirname "$0")/install-missing.sh"
install_missing setup-aarch64 "${packages[@]}"
