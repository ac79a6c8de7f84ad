#!/usr/bin/env bash
# serve_connections.sh [IDLE HALF]: connections that ask nothing (2,000 by default), and those that send
# half a message (100), cost no more memory than docs/security.md says, and others their time; a second
# wave adds less than 5 %. What is over --connections, or idle, is closed, counted and logged.
scripts=$(dirname "$(realpath "$0")")
# shellcheck source=tests/e2e/serve_lib.sh
. "$scripts/serve_lib.sh"
idle=${1:-2000} half=${2:-100} spare=20 bytes_each=5120
slow=${SOUK_SLOWDOWN:-1}
# By default others may be at work on this machine, and what a heap moves by itself is no share of little.
full=$((idle >= 10000)) noise_kib=1024
[ $full = 0 ] || noise_kib=0
all=$((idle + half))
ulimit -n "$(ulimit -Hn)"
[ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -gt $((all + 300)) ] || skip "$all connections need more file descriptors than $(ulimit -n) (ulimit -Hn)"

"$SOUK_BIN/make_model" good.model 200 300 16 4 1 || fail "make_model"
for user in $(seq 0 199); do echo "u$user"; done >users.txt
replica r0 good.model 0/1
proxy proxy "ipc://$work/r0" --listen tcp://127.0.0.1:0 --connections $((all + spare))
at=$(sed -n 's/.* ready .*listen=\([^ ]*\) .*/\1/p' proxy.log)

metric() { # PROCESS SAMPLE
    /usr/bin/python3 -c '
import sys, urllib.request
for line in urllib.request.urlopen("http://%s/metrics" % sys.argv[1], timeout=20).read().decode().splitlines():
    if line.rpartition(" ")[0] == sys.argv[2]:
        print(line.rpartition(" ")[2])' "$(monitor_of "$1")" "$2"
}

# until_metric PROCESS SAMPLE VALUE: at most 20 s
until_metric() {
    local i got
    for i in $(seq 200); do
        got=$(metric "$1" "$2")
        [ "$got" = "$3" ] && return
        sleep .1
    done
    fail "$2 of $1 is $got, not $3, after $i looks"
}

resident_kib() { awk '/^VmRSS/ { print $2 }' "/proc/${pid[proxy]}/status"; }

# load NAME: leaves its p99 in microseconds in $p99
load() {
    "$SOUK_BIN/souk" load --proxy "$at" --users users.txt --rate $((200 / slow)) --duration $((1 + 4 * full))s \
        --timeout 10s --min-whole 1 --json >"$1.json" 2>"$1.err" || fail "$1: $(tail -1 "$1.err") $(cut -c1-200 "$1.json")"
    p99=$(sed -n 's/.*"p99_us":\([0-9]*\).*/\1/p' "$1.json")
}

# wave NAME ADDRESS IDLE HALF: in the background, until `leave NAME`
wave() {
    mkfifo "$1.in"
    /usr/bin/python3 "$scripts/idle_peers.py" "${2#tcp://}" "$3" "$4" <"$1.in" >"$1.out" 2>"$1.err" &
    pid[$1]=$!
    exec {hold}>"$1.in"
    wait_for "$1.out" '^there ' || fail "$1: $(tail -1 "$1.err")"
}
leave() {
    exec {hold}>&-
    wait "${pid[$1]}" || fail "$1: $(tail -1 "$1.err")"
    unset "pid[$1]"
}

load before
p99_before=$p99 base=$(resident_kib)
wave first "$at" "$idle" "$half"
until_metric proxy souk_connections $all
load during
p99_during=$p99 first=$(resident_kib)

# Over the limit: `spare` more and no others.
/usr/bin/python3 "$scripts/idle_peers.py" "${at#tcp://}" $((spare + 5)) 0 </dev/null >/dev/null 2>&1
limited=$(metric proxy 'souk_connections_refused_total{reason="limit"}')
[ "$limited" -ge 1 ] || fail "nobody was refused over --connections"
wait_for proxy.log ' WARN connections_refused .*reason=limit count='
leave first
until_metric proxy souk_connections 0

wave second "$at" "$idle" "$half"
until_metric proxy souk_connections $all
second=$(resident_kib)
leave second

each=$(((first - base) * 1024 / all))
echo "$all connections: $base KiB before, $first KiB with them ($each bytes each), $second KiB with as many others; p99 $p99_before us, then $p99_during us"
if [ "$slow" = 1 ]; then
    [ $each -le $bytes_each ] || fail "$each bytes per connection, not $bytes_each"
    [ $(((second - noise_kib) * 100)) -lt $((first * 105)) ] || fail "a second wave adds 5 %"
    [ $full = 0 ] || [ "$p99_during" -le $((2 * p99_before)) ] || [ "$p99_during" -le 25000 ] || fail "the p99 of others doubled"
fi

# Idle: closed after --idle-time, whoever they are; a client of ours does not notice.
proxy brisk "ipc://$work/r0" --listen tcp://127.0.0.1:0 --idle-time 500ms
at=$(sed -n 's/.* ready .*listen=\([^ ]*\) .*/\1/p' brisk.log)
"$SOUK_BIN/souk" load --proxy "$at" --users users.txt --rate 1.5 --duration 3s --timeout 10s --min-whole 1 --json >rare.json 2>rare.err &
pid[rare]=$!
wave third "$at" 100 20
wait "${pid[rare]}" || fail "a client that asks rarely: $(tail -1 rare.err) $(cut -c1-200 rare.json)"
unset 'pid[rare]'
for i in $(seq 200); do
    echo >&"$hold"
    sleep .1
    [ "$(tail -1 third.out)" != "left 0" ] || break
done
[ "$(tail -1 third.out)" = "left 0" ] || fail "of 120 idle connections $(tail -1 third.out) after $i looks"
leave third
cut -c1-60 rare.json
closed=$(metric brisk souk_connections_idle_closed_total)
[ "$closed" -gt 120 ] || fail "$closed connections closed as idle, not 120 and some of the client's"
wait_for brisk.log ' INFO connections_closed .*reason=idle count='
[ "$(metric brisk 'souk_replica_connected{replica="ipc://'"$work"'/r0",shard="0"}')" = 1 ] || fail "the proxy lost its replica"
stop_fleet
finish
