#!/usr/bin/env bash
# Two proxies are restarted one after the other, under a load that knows both: SIGTERM makes a proxy not
# ready, it tells its clients to go elsewhere, and ends with exit code 0; no request fails.
# shellcheck source=tests/e2e/serve_lib.sh
. "$(dirname "$0")/serve_lib.sh"
slow=${SOUK_SLOWDOWN:-1} # sanitizers make everything slower
rate=$((400 / slow))
"$SOUK_BIN/make_model" good.model 500 600 16 8 1 || fail "make_model"
for user in $(seq 0 499); do echo "u$user"; done >users.txt
for name in a0 a1; do replica $name good.model 0/2; done
for name in b0 b1; do replica $name good.model 1/2; done
shards="ipc://$work/a0,ipc://$work/a1 ipc://$work/b0,ipc://$work/b1"
for name in proxy0 proxy1; do proxy $name "$shards"; done

# ready_of NAME: status and body of /readyz; empty: nobody listens
ready_of() {
    local at
    at=$(monitor_of "$1")
    exec 3<>"/dev/tcp/${at%:*}/${at##*:}" || return
    printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3
    tr -d '\r' <&3 | sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p; $p' | tr '\n' ' '
    exec 3>&-
} 2>/dev/null

# restart NAME: with what it says of itself on its way out
restart() {
    local said="" now
    kill -TERM "${pid[$1]}"
    while kill -0 "${pid[$1]}" 2>/dev/null; do
        now=$(ready_of "$1")
        [ -z "$now" ] || said=$now
        case $said in 503*) break ;; esac
    done
    case $said in
    503*draining*) ;;
    *) fail "$1 says '$said' while it drains" ;;
    esac
    stop "$1"
    proxy "$1" "$shards"
}

"$SOUK_BIN/souk" load --proxy "ipc://$work/proxy0,ipc://$work/proxy1" --users users.txt --rate $rate --in-flight 64 --duration $((6 * (slow > 1 ? 3 : 1)))s \
    --deadline $((1000 * slow))ms --timeout $((2 * slow))s --json >load.json 2>load.err &
pid[load]=$!
sleep .5
for round in 1 2; do
    for name in proxy0 proxy1; do
        kill -0 "${pid[load]}" 2>/dev/null || fail "round $round: the load is over"
        restart $name
    done
done
wait "${pid[load]}" || fail "the load ended with an error: $(cat load.err)"
unset 'pid[load]'
cat load.json
/usr/bin/python3 -c '
import json, sys
r = json.load(open("load.json"))
assert r["sent"] > 0 and r["failed"] == 0, r
assert r["partial"] == r["degraded"] == 0, r' 2>err.txt || fail "$(tail -1 err.txt) $(cat load.err)"

# All that a client knows are stopping: it says so. Nobody asks: the end comes at once.
kill -STOP "${pid[proxy1]}"
"$SOUK_BIN/souk" load --proxy "ipc://$work/proxy0" --users users.txt --rate $rate --duration 1s --json >load.json 2>load.err &
pid[load]=$!
sleep .3
stop proxy0
wait "${pid[load]}"
unset 'pid[load]'
/usr/bin/python3 -c '
import json
r = json.load(open("load.json"))
assert r["statuses"]["draining"] > 0 and r["statuses"]["unavailable"] == 0, r' 2>err.txt || fail "$(tail -1 err.txt) $(cat load.err)"
kill -CONT "${pid[proxy1]}"
begin=$(date +%s%3N)
stop proxy1
[ $(($(date +%s%3N) - begin)) -lt $((2000 * slow)) ] || fail "nobody asks, yet the proxy waits"
stop_fleet
finish
