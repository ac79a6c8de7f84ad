#!/usr/bin/env bash
# bench_serve.sh [OPTION...] [RATE...]: what a fleet carries on this machine: shards of an ALS model of
# 50,000 items x 64 factors, one proxy, and the load, all over nng's ipc.
#
#   --seconds N      of each rate (10)
#   --shards N       (2)                     --items N, --users N   (50000, 100000)
#   --draw turn      all users are distinct; or zipf: Zipf(1) over all of them
#   --cache BYTES    of the proxy (0: none); --warm N: seconds of load before the first rate (2; 30 with a cache)
#
# Without options and rates it answers the two questions of the fleet's target: distinct users without a
# cache at 1000, 2000, 3000 and 4000 a second, then Zipf(1) users with a cache of 256M at 5000 and 10000.
#
# Open loop, a Poisson process at each RATE; 1,000 of the users are checked against a plain scan. Prints
# for each rate the latencies, who spent the processors' time, the stages of a request by the proxy's and
# the replicas' /metrics, and compares their counts with the load's; then a line of JSON for each rate.
#
#   p50 ... max      ms from when a request was due to its answer
#   machine, others  share of all cores that the fleet and the load used, and that other processes did: more
#                    than a few percent of those, and the rest means little
#   us/answer        processor time an answer, by process
#   late, behind     later than 200 ms + 5 ms; sent by the load itself 5 ms after they were due, or more
#
# Exit code 1: an answer was wrong, or counts differ.
set -euo pipefail
options="$*" seconds=10 shards=2 items=50000 users=100000 draw=turn cache=0 warm=
while [ $# -gt 0 ]; do
    case $1 in
    --seconds | --shards | --items | --users | --draw | --cache | --warm) printf -v "${1#--}" %s "$2"; shift 2 ;;
    -*) sed -n '2,25s/^# \?//p' "$0"; exit 2 ;;
    *) break ;;
    esac
done
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "$options" ]; then
    "$here/bench_serve.sh" --draw turn 1000 2000 3000 4000
    echo
    exec "$here/bench_serve.sh" --draw zipf --cache 256M 5000 10000
fi
[ $# -gt 0 ] || set -- 1000 2000 3000 4000
if [ "$cache" = 0 ]; then warm=${warm:-2}; else warm=${warm:-30}; fi
export SOUK_BIN=${SOUK_BIN:-$here/../build/release/bin}
SOUK_BIN=$(cd "$SOUK_BIN" && pwd)
. "$here/../tests/e2e/serve_lib.sh"

"$SOUK_BIN/make_model" als.model "$users" "$items" 64 16 1
seq -f 'u%.0f' 0 $((users - 1)) >users.txt
awk -v step=$((users / 1000 > 0 ? users / 1000 : 1)) 'NR % step == 1 || step == 1' users.txt >checked.txt
"$SOUK_BIN/reference_lists" als.model 10 "$shards" checked.txt >als.ref

names="proxy" addresses=""
for s in $(seq 0 $((shards - 1))); do
    replica "shard$s" als.model "$s/$shards"
    names="$names shard$s" addresses="$addresses ipc://$work/shard$s"
done
proxy proxy "$addresses" --cache "$cache"

machine_ticks() { awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 }' /proc/stat; }
scrape() { # FOLDER
    local name
    mkdir -p "$1"
    machine_ticks >"$1/machine"
    for name in $names; do curl -sf "http://$(monitor_of "$name")/metrics" >"$1/$name"; done
}
load() { # RATE SECONDS SEED OPTION...
    "$SOUK_BIN/souk" load --proxy "ipc://$work/proxy" --users users.txt --draw "$draw" --rate "$1" --duration "$2s" --seed "$3" \
        --in-flight 256 --deadline 200ms "${@:4}"
}

load "$1" "$warm" 1000 >/dev/null
seed=0 TIMEFORMAT='%U %S'
for rate in "$@"; do
    seed=$((seed + 1))
    scrape "run$seed/before"
    { time load "$rate" "$seconds" $seed --reference als.ref --json >"run$seed/load.json" 2>"run$seed/load.err" || true; } 2>"run$seed/load.cpu"
    scrape "run$seed/after"
    [ -s "run$seed/load.json" ] || { cat "run$seed/load.err"; exit 1; }
    echo "$rate" >"run$seed/rate"
done
"$SOUK_BIN/souk" --version | sed 's/.*(\(.*\))/\1/' >commit.txt
stop_fleet
/usr/bin/python3 "$here/serve_table.py" "$items" "$users" "$draw" "$cache" "$shards"
