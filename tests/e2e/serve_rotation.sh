#!/usr/bin/env bash
# 2 shards x 2 replicas behind 2 proxies, all over TLS: one process after another is restarted with a new
# certificate of the same CA, under load, and no answer is lost, partial or wrong. (What is refused as
# overloaded, because others are at work on this machine, is counted apart.)
scripts=$(dirname "$(realpath "$0")")
# shellcheck source=tests/e2e/faults_lib.sh
. "$scripts/faults_lib.sh"
# shellcheck source=tests/e2e/tls_lib.sh
. "$scripts/tls_lib.sh"
replicas="a0 a1 b0 b1" proxies="p0 p1"
declare -A at=() shard=([a0]=0/2 [a1]=0/2 [b0]=1/2 [b1]=1/2)
make_authority ca
for name in $replicas $proxies client; do make_certificate ca "$name" "$here"; done

# come NAME: where it was, or at any free port
come() {
    local listen=${at[$1]:-tls+tcp://127.0.0.1:0}
    # shellcheck disable=SC2046
    if [ -n "${shard[$1]:-}" ]; then
        replica "$1" good.model "${shard[$1]}" --listen "$listen" $(with "$1")
    else
        proxy "$1" "${at[a0]},${at[a1]} ${at[b0]},${at[b1]}" --listen "$listen" $(with "$1")
    fi
    grep -q ' ready ' "$1.log" || fail "$1: $(tail -1 "$1.log")"
    at[$1]=$(address "$1")
}
for name in $replicas $proxies; do come "$name"; done

# Loads of 3 s, one after another, until all is restarted: each client lives through some of it.
touch restarting
keep_loading() {
    local n=0
    while [ -e restarting ]; do
        n=$((n + 1))
        # shellcheck disable=SC2046
        "$SOUK_BIN/souk" load --proxy "${at[p0]},${at[p1]}" $(with client) --users users.txt --draw uniform \
            --rate $((rate / 4)) --duration 3s --deadline 5s --timeout 20s --in-flight 128 \
            --reference good.ref --json >"load$n.json" 2>"load$n.err" || touch "load$n.failed"
    done
}
keep_loading &
under_load=$!
for name in $replicas $proxies; do
    old=$(openssl x509 -in "$name.crt" -noout -serial)
    make_certificate ca "$name" "$here"
    [ "$(openssl x509 -in "$name.crt" -noout -serial)" != "$old" ] || fail "$name: the same certificate"
    stop "$name"
    come "$name"
done
rm restarting
wait $under_load
for failed in *.failed; do
    [ ! -e "$failed" ] || fail "${failed%.failed}: $(cat "${failed%.failed}.err") $(cut -c1-300 "${failed%.failed}.json")"
done
/usr/bin/python3 -c '
import json, sys
runs = [json.load(open(name)) for name in sys.argv[1:]]
total = {key: sum(r[key] for r in runs) for key in ("sent", "whole", "checked", "wrong", "no_reply", "no_connection")}
overloaded = sum(r["statuses"]["overloaded"] for r in runs)
print("all six restarted with new certificates under %d loads: %s, %d overloaded, p99 %d ms at most"
      % (len(runs), total, overloaded, max(r["p99_us"] for r in runs) / 1000))
assert total["whole"] == total["checked"] == total["sent"] - overloaded > 0
assert overloaded <= total["sent"] / 2, "too little was answered to tell"' load*.json || fail "answers were lost"
stop_fleet
finish
