#!/usr/bin/env bash
# Two replicas of each shard: one of a pair is killed, or stands still, under load: at least 99.9 % of
# the answers are whole, and lists are those of one scan over all items.
# shellcheck source=tests/e2e/serve_lib.sh
. "$(dirname "$0")/serve_lib.sh"
slow=${SOUK_SLOWDOWN:-1} # sanitizers make everything slower
"$SOUK_BIN/make_model" good.model 500 600 16 8 1 || fail "make_model"
for user in $(seq 0 499); do echo "u$user"; done >users.txt
for name in a0 a1; do replica $name good.model 0/2; done
for name in b0 b1; do replica $name good.model 1/2; done
proxy proxy "ipc://$work/a0,ipc://$work/a1 ipc://$work/b0,ipc://$work/b1"

# load NAME: open loop, in the background; more time than a deadline of the fleet needs
load() {
    "$SOUK_BIN/souk" load --proxy "ipc://$work/proxy" --users users.txt --rate $((200 / slow)) --in-flight 64 --duration 5s --timeout $((500 * slow))ms --json >"$1.json" 2>"$1.err" &
    pid[load]=$!
}

# expect_whole NAME: of the load, all but one in a thousand, or one
expect_whole() {
    wait "${pid[load]}" || fail "$1: $(tail -1 "$1.err")"
    unset 'pid[load]'
    echo "$1: $(cat "$1.json")"
    /usr/bin/python3 -c '
import json, sys
r = json.load(open(sys.argv[1]))
missed = r["failed"] + max(r["partial"], r["degraded"])
assert r["sent"] > 0 and missed <= max(1, r["sent"] // 1000), r' "$1.json" 2>err.txt || fail "$1: $(tail -1 err.txt)"
}

# expect_lists: what users get while a replica is away
expect_lists() {
    local user
    for user in u0 u7 u499 nobody; do
        "$SOUK_BIN/brute_force" good.model user $user 10 >expected.tsv
        ask recommend --user $user -n 10 --json >answer.json || fail "recommend $user"
        items <answer.json >got.tsv
        cmp -s expected.tsv got.tsv || fail "$1, $user: $(diff expected.tsv got.tsv | head -4)"
    done
}

load killed
sleep 1
kill -9 "${pid[a0]}" && wait "${pid[a0]}" 2>/dev/null
expect_lists killed
expect_whole killed
replica a0 good.model 0/2
load stopped
sleep 1
kill -STOP "${pid[b1]}"
expect_lists stopped
expect_whole stopped
kill -CONT "${pid[b1]}"
load back
sleep 1
expect_lists back
expect_whole back
stop_fleet
finish
