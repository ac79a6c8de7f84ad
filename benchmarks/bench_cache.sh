#!/usr/bin/env bash
# bench_cache.sh [--seconds N] [--items N] [--users N] [--cache BYTES] [--ttl DURATION] [RATE...]: what a
# proxy with a cache of answers carries on this machine: 2 shards of an ALS model of 50,000 items x 64
# factors, one proxy, and the load, all over nng's ipc; users by Zipf(1) over 100,000.
#
# First a cold cache, open loop at 10,000 requests a second, second by second; then as fast as answers
# come; then a Poisson process at each RATE a second (10000 12000), while the cache goes on filling. 200 users
# are checked against a plain scan. Prints a table, then a line of JSON for each run:
#
#   run           cold (second by second), free, or the rate that was asked for
#   answers/s     whole and right; share: of the requests
#   hits          share of the answers that came from the cache or from somebody who asked the same
#   p50 ... p99   ms from when a request was due to its answer
#   us/answer     processor time an answer, by process
#   machine, others   share of all cores that the fleet and the load used, and other processes
set -euo pipefail
seconds=5 items=50000 users=100000 cache=256M ttl=10m
while [ $# -gt 0 ]; do
    case $1 in
    --seconds | --items | --users | --cache | --ttl) printf -v "${1#--}" %s "$2"; shift 2 ;;
    -*) sed -n '2,18s/^# \?//p' "$0"; exit 2 ;;
    *) break ;;
    esac
done
[ $# -gt 0 ] || set -- 10000 12000
here=$(cd "$(dirname "$0")" && pwd)
export SOUK_BIN=${SOUK_BIN:-$here/../build/release/bin}
SOUK_BIN=$(cd "$SOUK_BIN" && pwd)
. "$here/../tests/e2e/serve_lib.sh"

"$SOUK_BIN/make_model" als.model "$users" "$items" 64 16 1
seq -f 'u%.0f' 0 $((users - 1)) >users.txt
head -n 100 users.txt >checked.txt
awk -v step=$((users / 100)) 'NR > 100 && NR % step == 0' users.txt >>checked.txt
"$SOUK_BIN/reference_lists" als.model 10 2 checked.txt >als.ref
for s in 0 1; do replica "shard$s" als.model "$s/2"; done
proxy proxy "ipc://$work/shard0 ipc://$work/shard1" --cache "$cache" --cache-ttl "$ttl"

ticks=$(getconf CLK_TCK)
machine_us() { awk -v t="$ticks" '/^cpu / { printf "%.0f\n", ($2 + $3 + $4 + $7 + $8) * 1e6 / t }' /proc/stat; }
cpu_us() { awk -v t="$ticks" '{ sub(/.*\) /, ""); printf "%.0f\n", ($12 + $13) * 1e6 / t }' "/proc/$1/stat"; }
scrape() { # FILE
    local at
    at=$(monitor_of proxy)
    exec 3<>"/dev/tcp/${at%:*}/${at##*:}"
    printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3
    cat <&3 >"$1"
    exec 3>&-
}
used() { # all processor time so far: machine, proxy, shards
    echo "$(machine_us) $(cpu_us "${pid[proxy]}") $(cpu_us "${pid[shard0]}") $(cpu_us "${pid[shard1]}")"
}
run=0
measure() { # NAME SECONDS OPTION...
    local name=$1 length=$2 before
    shift 2
    run=$((run + 1))
    scrape before.prom
    before=$(used)
    TIMEFORMAT='%U %S'
    { time "$SOUK_BIN/souk" load --proxy "ipc://$work/proxy" --users users.txt --draw zipf --duration "${length}s" --seed $run \
        --deadline 200ms --reference als.ref --json "$@" >run.json 2>run.err || true; } 2>load.cpu
    [ -s run.json ] || { cat run.err; exit 1; }
    echo "$name" >run.$run.txt
    { echo "$before"; used; tail -1 load.cpu; cat run.json; } >>run.$run.txt
    mv before.prom before.$run.prom
    scrape after.$run.prom
}
for second in 1 2 3 4 5 6; do measure "cold $second" 1 --rate 10000 --in-flight 1024; done
measure free "$seconds" --in-flight 64
for rate in "$@"; do measure "$rate" "$seconds" --rate "$rate" --in-flight 1024; done
"$SOUK_BIN/souk" --version | sed 's/.*(\(.*\))/\1/' >commit.txt
stop_fleet

/usr/bin/python3 - "$run" "$items" "$users" "$cache" "$ttl" "$(cat commit.txt)" <<'PY'
import json, os, re, sys
runs, items, users, cache, ttl, commit = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]
cpu = next((l.split(":", 1)[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
cores = os.cpu_count()
def counts(path):
    return {m[1]: float(m[2]) for m in re.finditer(r'^(souk_\S+) (\S+)$', open(path).read(), re.M)}
head = ("run", "answers/s", "share", "hits", "p50", "p95", "p99", "us/answer: load", "proxy", "shard0", "shard1", "machine", "others", "wrong", "late", "behind", "MB", "entries")
print("  ".join(head))
lines = []
for i in range(1, runs + 1):
    name, before, after, load, text = open("run.%d.txt" % i).read().split("\n", 4)
    r = json.loads(text)
    spent = [b - a for a, b in zip(map(int, before.split()), map(int, after.split()))]
    spent = {"load": sum(map(float, load.split())) * 1e6, "proxy": spent[1], "shard0": spent[2], "shard1": spent[3], "machine": spent[0]}
    machine = spent.pop("machine") / 1e6 / (r["seconds"] * cores)
    share = sum(spent.values()) / 1e6 / (r["seconds"] * cores)
    each = {k: round(v / max(r["good"], 1), 1) for k, v in spent.items()}
    a, b = counts("before.%d.prom" % i), counts("after.%d.prom" % i)
    result = {k: b[n] - a[n] for k in ("hit", "miss", "shared", "bypass") for n in ['souk_cache_requests_total{result="%s"}' % k]}
    hits = (result["hit"] + result["shared"]) / max(r["good"], 1)
    ms = lambda key: "%.1f" % (r[key] / 1e3)
    cells = [name, "%.0f" % r["rate"], "%.4f" % (r["whole"] / r["sent"]), "%.3f" % hits] + [ms(p + "_us") for p in ("p50", "p95", "p99")]
    cells += ["%.1f" % each[k] for k in ("load", "proxy", "shard0", "shard1")] + ["%.2f" % share, "%.2f" % max(machine - share, 0)]
    cells += [str(r[k]) for k in ("wrong", "late", "behind")] + ["%.1f" % (b["souk_cache_bytes"] / 1e6), "%.0f" % b["souk_cache_entries"]]
    print("  ".join(c.rjust(len(h)) for c, h in zip(cells, head)))
    lines.append(json.dumps({"bench": "cache", "run": name, "commit": commit, "cpu": cpu, "cores": cores, "items": items, "factors": 64, "users": users, "draw": "zipf",
                             "cache": cache, "ttl": ttl, "hit_rate": round(hits, 4), "machine_share": round(share, 3), "others_share": round(max(machine - share, 0), 3),
                             "cpu_us_per_answer": each, **{"cache_" + k: int(v) for k, v in result.items()}, **r}))
print("\n".join(lines))
PY
