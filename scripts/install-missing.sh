# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Sourced by the optional set-ups: install_missing NAME PACKAGE... installs the
# Debian packages that are not there, and says so as NAME.

install_missing() {
    local name=$1 package missing=() as_root=()
    shift

    for package in "$@"; do
        dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null |
            grep -qx installed || missing+=("$package")
    done
    if [ "${#missing[@]}" -eq 0 ]; then
        echo "$name: everything is installed"
        return
    fi
    echo "$name: installing ${missing[*]}"
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        -o Dpkg::Use-Pty=0 --no-install-recommends "${missing[@]}"
}
