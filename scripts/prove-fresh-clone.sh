#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# prove-fresh-clone [--test]: what the README promises of its two commands, in
# a clone of HEAD: `make demo` alone ends in a page that answers, on the next
# free port when 7070 is taken, and Ctrl-C ends it cleanly. With --test, `make
# test` in the same clone as well.

set -euo pipefail
cd "$(dirname "$0")/.."

clone=$(mktemp -d)
log=$clone/demo.log
demo=
holder=

say() {
    echo "prove-fresh-clone: $*"
}

fail() {
    say "$*" >&2
    [ ! -f "$log" ] || tail -n 20 "$log" >&2
    exit 1
}

finish() {
    [ -z "$demo" ] || kill -KILL -- "-$demo" 2>/dev/null || true
    [ -z "$holder" ] || kill "$holder" 2>/dev/null || true
    rm -rf "$clone"
}
trap finish EXIT

# Waits up to $1 seconds until the rest succeeds.
wait_for() {
    local patience=$1
    shift
    for ((i = 0; i < patience * 10; i++)); do
        if "$@"; then
            return 0
        fi
        sleep 0.1
    done
    return 1
}

url_said() {
    url=$(sed -n 's/^memscope: watching .* at \(http:.*\)$/\1/p' "$log")
    [ -n "$url" ]
}

demo_ended() {
    ! kill -0 "$demo" 2>/dev/null
}

# Starts `make demo` as a terminal would: in a process group of its own.
start_demo() {
    set -m
    make -C "$clone/memscope" demo >"$log" 2>&1 &
    demo=$!
    set +m
    wait_for 900 url_said || fail "make demo says no address"
    say "make demo serves $url"
    curl -fsS "$url" | grep -q '<title>' || fail "no page at $url"
    wait_for 10 page_has_numbers || fail "the page's numbers do not come"
}

page_has_numbers() {
    curl -fsS "${url}api/v1/stats" |
        jq -e '.heap.live_bytes > 0 and .threads >= 6' >/dev/null
}

# As Ctrl-C does: to all of the group.
end_demo() {
    kill -INT -- "-$demo"
    wait_for 20 demo_ended || fail "Ctrl-C does not end the demo"
    wait "$demo" || true
    grep -q '^memscope: ran ' "$log" || fail "no summary at the end"
    if curl -fs "$url" >/dev/null; then
        fail "the port is still served"
    fi
    demo=
}

git clone -q . "$clone/memscope"
say "in a clone of $(git rev-parse --short HEAD)"
start_demo
end_demo

port_taken() {
    ss -Hltn 'sport = :7070' | grep -q .
}

# Whoever else listens there does as well.
python3 -c '
import socket, time
taken = socket.socket()
taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
taken.bind(("127.0.0.1", 7070))
taken.listen()
time.sleep(3600)' 2>/dev/null &
holder=$!
wait_for 20 port_taken || fail "7070 could not be taken"
start_demo
grep -q '^memscope: port 7070 is in use, taking ' "$log" ||
    fail "nobody said that 7070 is taken"
case $url in
*:7070/*) fail "served on a port that was taken" ;;
esac
end_demo
kill "$holder" 2>/dev/null || true
holder=

if [ "${1:-}" = --test ]; then
    say "make test"
    make -C "$clone/memscope" test >"$clone/test.log" 2>&1 || {
        tail -n 60 "$clone/test.log" >&2
        fail "make test failed"
    }
    tail -n 1 "$clone/test.log"
fi
say "all of it holds"
