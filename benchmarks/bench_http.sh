#!/usr/bin/env bash
# bench_http.sh [OPTION...]: recommendations over HTTP beside the same ones over nng, as many under way: one
# proxy, shards of an ALS model, users in turn, lists of 10; over HTTP by wrk, over nng by souk load, both by
# tcp on the loopback, one after the other, ROUNDS times.
#
#   --seconds N   of each (5)         --rounds N   (5)          --in-flight N  (64)
#   --items N     (5000)              --shards N   (1)          --cache BYTES  of the proxy (0: none)
#
# Prints minimum, median and maximum of the rates, and the ratio of the medians. All three programs, and
# the load, share this machine: the rates are what is left of it. Residual: largest difference of a score
# over HTTP from the one over nng, as float32 (must be 0). Exit code 1: an answer was no list, or a list another one.
set -euo pipefail
seconds=5 rounds=5 in_flight=64 items=5000 shards=1 cache=0
while [ $# -gt 0 ]; do
    case $1 in
    --seconds | --rounds | --in-flight | --items | --shards | --cache)
        name=${1#--}
        printf -v "${name//-/_}" %s "$2"
        shift 2
        ;;
    *)
        sed -n '2,12s/^# \?//p' "$0"
        exit 2
        ;;
    esac
done
here=$(cd "$(dirname "$0")" && pwd)
export SOUK_BIN=${SOUK_BIN:-$here/../build/release/bin}
SOUK_BIN=$(cd "$SOUK_BIN" && pwd)
commit=$(git -C "$here" rev-parse --short HEAD 2>/dev/null || echo unknown)
. "$here/../tests/e2e/serve_lib.sh"
. "$here/../tests/e2e/http_lib.sh"
command -v wrk >/dev/null || skip "wrk is not installed (tests/setup.sh installs it)"

users=10000
"$SOUK_BIN/make_model" als.model $users "$items" 64 16 1
seq -f 'u%.0f' 0 $((users - 1)) >users.txt
addresses=""
for s in $(seq 0 $((shards - 1))); do
    replica "shard$s" als.model "$s/$shards"
    addresses="$addresses ipc://$work/shard$s"
done
http_proxy proxy "$addresses" --cache "$cache" --listen tcp://127.0.0.1:0 --deadline 5s
address=$(sed -n 's/.*ready .*listen=\([^ ]*\) .*/\1/p' proxy.log)
cat >turn.lua <<'LUA'
local user = 0
function request()
    user = (user + 1) % 10000
    return wrk.format("GET", "/recommend/u" .. user .. "?n=10")
end
LUA

over_http() {
    wrk -t1 -c"$in_flight" -d"$1s" --latency -s turn.lua "$SOUK" >wrk.txt
    ! grep -q 'Non-2xx\|Socket errors' wrk.txt || fail "wrk: $(grep 'Non-2xx\|Socket errors' wrk.txt)"
    awk '/^Requests\/sec/ { print $2 }' wrk.txt
}
over_nng() {
    "$SOUK_BIN/souk" load --proxy "$address" --users users.txt --draw turn --in-flight "$in_flight" --duration "$1s" --json >load.json ||
        fail "souk load"
    /usr/bin/python3 -c 'import json; l = json.load(open("load.json")); assert l["whole"] == l["sent"], l; print(l["rate"])'
}
over_http 1 >/dev/null # warm
over_nng 1 >/dev/null
for _ in $(seq "$rounds"); do
    over_http "$seconds" >>http.txt
    over_nng "$seconds" >>nng.txt
done
for user in u0 u7 nobody; do
    curl -s "$SOUK/recommend/$user?n=100" >>http.json
    echo >>http.json
    "$SOUK_BIN/souk" recommend --proxy "$address" --user $user -n 100 --json >>nng.json
done
/usr/bin/python3 - "$in_flight" "$seconds" "$items" "$shards" "$cache" "$commit" <<'PY' || fail "the lists differ"
import json, statistics, struct, sys
f32 = lambda x: struct.unpack("f", struct.pack("f", x))[0]
def decode(path):
    text, at, found = open(path).read(), 0, []
    while text[at:].strip():
        value, end = json.JSONDecoder().raw_decode(text[at:].lstrip())
        at += len(text[at:]) - len(text[at:].lstrip()) + end
        found.append([(r["item_id"], f32(r["score"])) for r in value["recommendations"]])
    return found
a, b = decode("http.json"), decode("nng.json")
residual = max(abs(x[1] - y[1]) for l, m in zip(a, b) for x, y in zip(l, m))
rates = {face: sorted(float(x) for x in open(face + ".txt")) for face in ("http", "nng")}
for face, r in rates.items():
    print("%-5s %8.0f %8.0f %8.0f requests/s (minimum, median, maximum)" % (face, r[0], statistics.median(r), r[-1]))
ratio = statistics.median(rates["http"]) / statistics.median(rates["nng"])
print("ratio %.3f   residual %g" % (ratio, residual))
print(json.dumps({"bench": "http", "in_flight": int(sys.argv[1]), "seconds": float(sys.argv[2]), "items": int(sys.argv[3]), "shards": int(sys.argv[4]),
                  "cache": sys.argv[5], "http": rates["http"], "nng": rates["nng"], "ratio": ratio, "residual": residual, "commit": sys.argv[6]}))
sys.exit(a != b)
PY
stop_fleet
finish
