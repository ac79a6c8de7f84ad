#!/usr/bin/env bash
# kill_restart.sh [TIMES]: a replica is killed -9 and started again, under 64 requests in flight; whole
# answers are back within 1 s of its return, and nobody is stuck.
. "$(dirname "$0")/serve_lib.sh"
times=${1:-4}
limit_ms=$((1000 * ${SOUK_SLOWDOWN:-1})) # sanitizers make everything slower
"$SOUK_BIN/make_model" good.model 2000 1000 32 8 1 || fail "make_model"
for user in $(seq 0 1999); do echo "u$user"; done >users.txt
fleet good.model 2

"$SOUK_BIN/souk" load --proxy "ipc://$work/proxy" --users users.txt --in-flight 64 --duration $((times * 2 + 3))s --json >load.json 2>load.err &
pid[load]=$!
now_ms() { date +%s%3N; }
worst=0
for k in $(seq "$times"); do
    kill -9 "${pid[shard1]}"
    wait "${pid[shard1]}" 2>/dev/null
    replica shard1 good.model 1/2
    begin=$(now_ms)
    while :; do
        ask recommend --user "u$k" --json >answer.json 2>err.txt && grep -q '"partial":false,"degraded":false' answer.json && break
        [ $(($(now_ms) - begin)) -lt $((5 * limit_ms)) ] || { fail "kill $k: no whole answer in time: $(cat answer.json err.txt)"; break; }
    done
    took=$(($(now_ms) - begin))
    [ $took -le $worst ] || worst=$took
    [ $took -le $limit_ms ] || fail "kill $k: whole answers came back after $took ms"
    kill -0 "${pid[load]}" 2>/dev/null || break
done
kill -0 "${pid[proxy]}" || fail "the proxy is gone"
wait "${pid[load]}" || fail "the load ended with an error: $(cat load.err)"
unset 'pid[load]'
echo "worst time until whole answers: $worst ms; load: $(cat load.json)"
/usr/bin/python3 -c '
import json, sys
r = json.load(open("load.json"))
assert r["longest_gap_ms"] < int(sys.argv[1]), r
assert r["failed"] <= r["sent"] * .01, r' $limit_ms 2>err.txt || fail "$(tail -1 err.txt)"
stop_fleet
finish
