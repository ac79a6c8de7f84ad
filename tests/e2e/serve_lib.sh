# shellcheck shell=bash
# What the scripts about serving share: a fleet on ipc sockets in a folder of its own. Sourced.
: "${SOUK_BIN:?set it to the folder of the built programs}"
: "${fleet_under:=}" # a command that the processes of the fleet run under, `nice` for example
work=$(mktemp -d)
failures=0
declare -A pid=()

stop_all() {
    local name
    for name in "${!pid[@]}"; do kill -9 "${pid[$name]}" 2>/dev/null || true; done
    rm -rf "$work"
}
trap stop_all EXIT
cd "$work" || exit 1

fail() {
    echo "FAIL: $*"
    failures=$((failures + 1))
}

skip() {
    echo "skipped: $*"
    exit 77
}

finish() {
    if [ "$failures" -gt 0 ]; then
        echo "$failures failures"
        exit 1
    fi
    echo ok
    exit 0
}

# wait_for FILE PATTERN: until a line of the log matches, at most 20 s.
wait_for() {
    local i
    for i in $(seq 400); do
        grep -q -- "$2" "$1" 2>/dev/null && return 0
        sleep .05
    done
    fail "no '$2' in $1 after $i tries: $(tail -3 "$1")"
    return 1
}

# replica NAME MODEL I/N [OPTION...]: listens on ipc://$work/NAME
replica() {
    rm -f "$1.log"
    $fleet_under "$SOUK_BIN/souk-replica" --model "$2" --shard "$3" --listen "ipc://$work/$1" "${@:4}" 2>"$1.log" &
    pid[$1]=$!
    wait_for "$1.log" ' ready '
}

# proxy NAME "SHARDS" [OPTION...]: listens on ipc://$work/NAME; ready, or not_ready with its reason
proxy() {
    local name=$1 shards=$2
    shift 2
    rm -f "$name.log" # that of an earlier one says `ready` too
    $fleet_under "$SOUK_BIN/souk-proxy" --shards "$shards" --listen "ipc://$work/$name" "$@" 2>"$name.log" &
    pid[$name]=$!
    wait_for "$name.log" 'ready '
}

# monitor_of NAME: HOST:PORT of its monitor, or none
monitor_of() { sed -n 's/.* monitor .*listen=\([^ ]*\)$/\1/p' "$1.log"; }

# stop NAME: by SIGTERM; must end with 0 within 10 s
stop() {
    local i code=0
    kill -TERM "${pid[$1]}"
    for i in $(seq 200); do
        kill -0 "${pid[$1]}" 2>/dev/null || break
        sleep .05
    done
    [ "$i" -lt 200 ] || fail "$1 does not stop"
    wait "${pid[$1]}" || code=$?
    [ $code = 0 ] || fail "$1 stopped with exit code $code: $(tail -3 "$1.log")"
    unset "pid[$1]"
}

# fleet MODEL N: N shards and a proxy
fleet() {
    local s shards=""
    for s in $(seq 0 $(($2 - 1))); do
        replica "shard$s" "$1" "$s/$2"
        shards="$shards ipc://$work/shard$s"
    done
    proxy proxy "$shards"
}

stop_fleet() {
    local name
    for name in proxy "${!pid[@]}"; do
        if [ -n "${pid[$name]:-}" ]; then stop "$name"; fi
    done
}

ask() { "$SOUK_BIN/souk" "$1" --proxy "ipc://$work/proxy" "${@:2}"; }

# items: `item<TAB>score` of the JSON answer on standard input
items() {
    /usr/bin/python3 -c '
import json, sys
for r in json.load(sys.stdin)["recommendations"]:
    print("%s\t%.9g" % (r["item_id"], r["score"]))'
}
