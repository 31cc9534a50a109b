#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# setup: installs what memscope needs to be built and tested and what this
# machine lacks: Debian packages by apt (as root, or through sudo), the page's
# npm packages by npm. Does nothing, quickly, when everything is there.

set -euo pipefail
cd "$(dirname "$0")/.."

build_packages=(
    build-essential cmake ninja-build pkg-config git ca-certificates
    libmicrohttpd-dev libwebsockets-dev libwebsockets-evlib-ev libev-dev
    libjansson-dev libyajl-dev
    libdw-dev libelf-dev libiberty-dev zlib1g-dev libsqlite3-dev
    libprotobuf-c-dev protobuf-c-compiler
)
test_packages=(
    libcmocka-dev chromium fonts-dejavu-core procps iproute2 curl jq sqlite3
    redis-server redis-tools nginx-light wrk prometheus perl heaptrack golang-go
    python3 python3-jsonschema python3-prometheus-client
    clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev
    valgrind gdb strace shellcheck libunwind-dev mandoc man-db groff-base
    debuginfod libjemalloc2 libtcmalloc-minimal4 libmimalloc2.0
)
# Their packages start a daemon on a well-known port; we want the programs.
services=(redis-server nginx prometheus debuginfod)
oldest_node=18
policy=/usr/sbin/policy-rc.d
made_policy=

say() {
    echo "setup: $*"
}

fail() {
    echo "setup: $*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

node_major() {
    node --version 2>/dev/null | sed -n 's/^v\([0-9]*\)\..*/\1/p'
}

# Debian 12's own node is new enough; one that is there already is kept.
has_node() {
    local major
    major=$(node_major || true)
    [ -n "$major" ] && [ "$major" -ge "$oldest_node" ] &&
        command -v npm >/dev/null
}

missing_packages() {
    local package installed
    installed=" $(dpkg-query -W -f='${Package}=${db:Status-Status} ' \
        "${build_packages[@]}" "${test_packages[@]}" 2>/dev/null || true)"
    for package in "${build_packages[@]}" "${test_packages[@]}"; do
        [[ "$installed" == *" $package=installed "* ]] || echo "$package"
    done
    has_node || printf '%s\n' nodejs npm
}

remove_policy() {
    if [ -n "$made_policy" ]; then
        as_root rm -f "$policy"
        made_policy=
    fi
}

# Daemons are not started while policy-rc.d says 101 ("forbidden").
forbid_services() {
    [ ! -e "$policy" ] || return 0
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    made_policy=yes
    trap remove_policy EXIT
    as_root chmod 755 "$policy"
}

# A service that came with us shall not start at the next boot either.
disable_new_services() {
    local service
    [ -d /run/systemd/system ] || return 0
    for service in "${services[@]}"; do
        if [[ " $* " == *" $service"* ]]; then
            as_root systemctl disable --quiet "$service" || true
        fi
    done
}

install_packages() {
    command -v apt-get >/dev/null || fail \
        "no apt-get here; please install the equivalent of: $*"
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        fail "neither root nor sudo; please install: $*"
    fi
    say "installing $*"
    forbid_services
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        -o Dpkg::Use-Pty=0 --no-install-recommends "$@"
    remove_policy
    disable_new_services "$@"
}

# npm ci takes seconds: only when the lock file is not the one installed.
install_page_packages() {
    local stamp=web/node_modules/.memscope-lock
    if ! cmp -s web/package-lock.json "$stamp"; then
        say "installing the page's npm packages"
        (cd web && npm ci --no-audit --no-fund --loglevel=error)
        cp web/package-lock.json "$stamp"
    fi
}

mapfile -t missing < <(missing_packages)
if [ "${#missing[@]}" -gt 0 ]; then
    install_packages "${missing[@]}"
fi
has_node || fail "node $oldest_node or newer and npm are needed;" \
    "found node $(node --version 2>/dev/null || echo none)"
install_page_packages
say "everything needed is installed"
