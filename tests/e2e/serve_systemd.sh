#!/usr/bin/env bash
# What systemd is told: ready when requests are answered, beats while it gets on, reloading, stopping;
# and the units, as systemd-analyze judges them.
. "$(dirname "$0")/serve_lib.sh"
slowdown=${SOUK_SLOWDOWN:-1}

# The one who is told: a line for each message, `|` between assignments.
cat >listen.py <<'PY'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True:
    print(s.recv(4096).decode().replace("\n", "|"), flush=True)
PY
listen() {
    /usr/bin/python3 listen.py "$work/$1.notify" >"$1.told" &
    pid[$1.listener]=$!
    wait_for "$1.told" listening
}
# count NAME PATTERN: messages
count() { grep -c -- "$2" "$1.told" || true; }

"$SOUK_BIN/make_model" good.model 200 300 16 4 1 || fail "make_model"
echo "0 ipc://$work/shard0" >fleet
listen proxy
listen shard0
export WATCHDOG_USEC=$((2000000 * slowdown))
NOTIFY_SOCKET=$work/proxy.notify "$SOUK_BIN/souk-proxy" --fleet fleet --listen "ipc://$work/proxy" 2>proxy.log &
pid[proxy]=$!
wait_for proxy.told 'STATUS=cannot answer: no replica of shard 0'
[ "$(count proxy '^READY=1')" = 0 ] || fail "ready without a replica"
NOTIFY_SOCKET=$work/shard0.notify "$SOUK_BIN/souk-replica" --model good.model --listen "ipc://$work/shard0" 2>shard0.log &
pid[shard0]=$!
wait_for shard0.told '^READY=1'
wait_for shard0.told '^STATUS=shard 0 of 1, model '
grep -m1 -n READY=1 shard0.told >ready.txt; grep -m1 -n 'STATUS=loads' shard0.told >loads.txt
[ "$(cut -d: -f1 loads.txt)" -lt "$(cut -d: -f1 ready.txt)" ] || fail "ready before it has loaded"
wait_for proxy.told '^READY=1'
wait_for proxy.told '^STATUS=answers from 1 shards, model '
ask recommend --user u1 >/dev/null || fail "ready, but it does not answer"
kill -HUP "${pid[proxy]}"
wait_for proxy.told '^RELOADING=1|MONOTONIC_USEC='
for i in $(seq 200); do [ "$(count proxy '^READY=1')" = 2 ] && break; sleep .05; done
[ "$(count proxy '^READY=1')" = 2 ] || fail "not ready again after SIGHUP"
beats=$(count proxy WATCHDOG=1)
for i in $(seq 400); do [ "$(count proxy WATCHDOG=1)" -ge $((beats + 3)) ] && break; sleep .05; done
[ "$(count proxy WATCHDOG=1)" -ge $((beats + 3)) ] || fail "the proxy does not beat"
[ "$(count shard0 WATCHDOG=1)" -ge 3 ] || fail "the replica does not beat"
# One that stands still does not.
kill -STOP "${pid[proxy]}"
sleep .2 && beats=$(count proxy WATCHDOG=1)
sleep 1.2
[ "$(count proxy WATCHDOG=1)" = "$beats" ] || fail "it beats though it stands still"
kill -CONT "${pid[proxy]}"
stop proxy
stop shard0
[ "$(count proxy STOPPING=1)" = 1 ] || fail "the proxy did not say that it stops"
[ "$(count shard0 STOPPING=1)" = 1 ] || fail "the replica did not say that it stops"

if ! command -v systemd-analyze >/dev/null; then
    [ $failures -gt 0 ] || skip "the units: systemd-analyze is not installed (package systemd); the rest is ok"
    finish
fi
for unit in souk-proxy.service souk-replica@.service; do
    sed "s|^ExecStart=[^ ]*/|ExecStart=$SOUK_BIN/|" "$SOUK_BIN/../serve/systemd/$unit" >"$unit" || fail "$unit is not there"
    systemd-analyze verify --man=no "./$unit" >verify.txt 2>&1 || fail "$unit: systemd-analyze verify fails"
    [ -s verify.txt ] && fail "$unit: $(cat verify.txt)"
    systemd-analyze security --offline=true --threshold=29 "./$unit" >security.txt 2>&1 || fail "$unit: $(tail -1 security.txt)"
    sed -n 's/.*\(Overall exposure level.*: [0-9.]*\).*/\1/p' security.txt
done
finish
