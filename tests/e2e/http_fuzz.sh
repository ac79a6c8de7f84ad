#!/usr/bin/env bash
# http_fuzz.sh [SECONDS [SEED]]: every operation of the HTTP API fuzzed from its schema (http_fuzz.py),
# against a fleet that keeps events. No crash, no code that the document does not have, replies of their
# schemas, memory that does not grow.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/serve_lib.sh"
. "$here/http_lib.sh"
seconds=${1:-5} seed=${2:-1}
"$SOUK_BIN/make_model" good.model 200 300 0 4 1 stages || fail "make_model"
replica shard0 good.model 0/2
replica shard1 good.model 1/2
http_proxy proxy "ipc://$work/shard0 ipc://$work/shard1" --deadline 5s --events "sqlite:$work/events.db"
PYTHONPATH=$here timeout $((seconds + 120)) /usr/bin/python3 "$here/http_fuzz.py" "${SOUK#http://}" "$seconds" "$seed" ||
    fail "fuzzing, or what it found: see above"
kib=$(awk '/^VmRSS/ { print $2 }' "/proc/${pid[proxy]}/status")
[ "${SOUK_SLOWDOWN:-1}" -ge 8 ] || [ "$kib" -lt 196608 ] || fail "the proxy has $kib KiB"
status 200 "$SOUK/recommend/u1"
stop_fleet
finish
