#!/usr/bin/env bash
# http_hostile.sh [IDLE [WINDOW]]: clients that mean harm to the HTTP listener (http_hostile.py), while others
# are answered as before, and the memory stays under 192 MiB; IDLE connections that say nothing.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/serve_lib.sh"
. "$here/http_lib.sh"
idle=${1:-300} window=${2:-.4}
[ "$(ulimit -Hn)" -ge $((idle + 1000)) ] || skip "no more than $(ulimit -Hn) file descriptors"
ulimit -n "$(ulimit -Hn)"
memory=192
[ "${SOUK_SLOWDOWN:-1}" -lt 8 ] || memory=0 # of a sanitizer's own
"$SOUK_BIN/make_model" good.model 200 300 16 4 1 || fail "make_model"
replica shard0 good.model 0/1
http_proxy proxy "ipc://$work/shard0" --deadline 5s --http-header-time 1s
timeout 300 /usr/bin/python3 "$here/http_hostile.py" "${SOUK#http://}" "${pid[proxy]}" --idle "$idle" --window "$window" --header-time 1 \
    --memory-mib $memory --slowdown "${SOUK_SLOWDOWN:-1}" || fail "hostile clients"
curl -s "http://$(monitor_of proxy)/metrics" >metrics.txt
for reason in slow_head slow_body malformed too_large; do
    grep -q "^souk_http_connections_closed_total{reason=\"$reason\"} [1-9]" metrics.txt || fail "$reason is not counted"
done
stop_fleet
finish
