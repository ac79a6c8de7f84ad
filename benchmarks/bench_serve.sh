#!/usr/bin/env bash
# bench_serve.sh [--seconds N] [--items N] [--users N] [--draw turn|zipf] [RATE...]: what a fleet carries
# on this machine: 2 shards of an ALS model of 50,000 items x 64 factors, one proxy, and the load, all over
# nng's ipc.
#
# Open loop, a Poisson process at each RATE a second (1000 2000 3000 4000); users in turn, all distinct
# where there are enough, or by Zipf(1). 200 of them are checked against a plain scan. Prints a table, then
# a line of JSON for each rate:
#
#   rate          asked for, and answers a second that came
#   p50 ... max   ms from when a request was due to its answer
#   proxy p50, p99   ms of it in the proxy, as the answers say
#   machine       share of all cores that the fleet and the load used
#   others        share that other processes used: more than a few percent, and the rest means little
#   us/answer     processor time an answer, by process
#   wrong, late   against the reference; later than 200 ms + 5 ms
#   behind        requests that the load itself sent 5 ms after they were due, or more
#
# Then the highest rate that met the target: all answered whole and right, p99 below 25 ms.
set -euo pipefail
seconds=5 items=50000 users=20000 draw=turn
while [ $# -gt 0 ]; do
    case $1 in
    --seconds | --items | --users | --draw) printf -v "${1#--}" %s "$2"; shift 2 ;;
    -*) sed -n '2,21s/^# \?//p' "$0"; exit 2 ;;
    *) break ;;
    esac
done
[ $# -gt 0 ] || set -- 1000 2000 3000 4000
here=$(cd "$(dirname "$0")" && pwd)
export SOUK_BIN=${SOUK_BIN:-$here/../build/release/bin}
SOUK_BIN=$(cd "$SOUK_BIN" && pwd)
. "$here/../tests/e2e/serve_lib.sh"

"$SOUK_BIN/make_model" als.model "$users" "$items" 64 16 1
seq -f 'u%.0f' 0 $((users - 1)) >users.txt
awk -v step=$((users / 200 > 0 ? users / 200 : 1)) 'NR % step == 1 || step == 1' users.txt >checked.txt
"$SOUK_BIN/reference_lists" als.model 10 2 checked.txt >als.ref
fleet als.model 2

ticks=$(getconf CLK_TCK) cores=$(getconf _NPROCESSORS_ONLN)
# processor time so far, in microseconds: of all processes, and of one
machine_us() { awk -v t="$ticks" '/^cpu / { printf "%.0f\n", ($2 + $3 + $4 + $7 + $8) * 1e6 / t }' /proc/stat; }
cpu_us() { awk -v t="$ticks" '{ sub(/.*\) /, ""); printf "%.0f\n", ($12 + $13) * 1e6 / t }' "/proc/$1/stat"; }

"$SOUK_BIN/souk" load --proxy "ipc://$work/proxy" --users users.txt --rate 200 --duration 1s >/dev/null
for rate in "$@"; do
    machine_before=$(machine_us)
    before=()
    for name in proxy shard0 shard1; do before+=("$(cpu_us "${pid[$name]}")"); done
    TIMEFORMAT='%U %S'
    { time "$SOUK_BIN/souk" load --proxy "ipc://$work/proxy" --users users.txt --draw "$draw" --rate "$rate" --duration "${seconds}s" \
        --in-flight 128 --deadline 200ms --reference als.ref --json >run.json 2>run.err || true; } 2>load.cpu
    [ -s run.json ] || { cat run.err; exit 1; }
    used=($(($(machine_us) - machine_before)))
    k=0
    for name in proxy shard0 shard1; do
        used+=($(($(cpu_us "${pid[$name]}") - before[k])))
        k=$((k + 1))
    done
    echo "$rate $cores $(tail -1 load.cpu) ${used[*]} $(cat run.json)" >>runs.txt
done
"$SOUK_BIN/souk" --version | sed 's/.*(\(.*\))/\1/' >commit.txt
stop_fleet

/usr/bin/python3 - "$items" "$users" "$draw" "$(cat commit.txt)" <<'PY'
import json, sys
items, users, draw, commit = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
cpu = next((l.split(":", 1)[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
head = ("rate", "answers/s", "p50", "p95", "p99", "p99.9", "max", "proxy p50", "proxy p99", "machine", "others", "us/answer: load", "proxy", "shard0", "shard1",
        "wrong", "late", "partial", "failed", "behind")
print("  ".join(head))
lines, best = [], None
for line in open("runs.txt"):
    rate, cores, user, system, machine, proxy, shard0, shard1, text = line.split(None, 8)
    r = json.loads(text)
    spent = {"load": (float(user) + float(system)) * 1e6, "proxy": int(proxy), "shard0": int(shard0), "shard1": int(shard1)}
    share = sum(spent.values()) / 1e6 / (r["seconds"] * int(cores))
    others = int(machine) / 1e6 / (r["seconds"] * int(cores)) - share
    each = {k: round(v / max(r["good"], 1), 1) for k, v in spent.items()}
    ms = lambda key: "%.2f" % (r[key] / 1e3)
    cells = [rate, "%.0f" % r["rate"]] + [ms(p + "_us") for p in ("p50", "p95", "p99", "p999", "max")] + [ms("server_p50_us"), ms("server_p99_us")]
    cells += ["%.2f" % share, "%.2f" % max(others, 0)] + ["%.1f" % each[k] for k in ("load", "proxy", "shard0", "shard1")]
    cells += [str(r[k]) for k in ("wrong", "late", "partial", "failed", "behind")]
    print("  ".join(c.rjust(len(h)) for c, h in zip(cells, head)))
    if r["wrong"] + r["failed"] + r["partial"] + r["degraded"] == 0 and r["p99_us"] < 25000:
        best = max(best or 0, float(rate))
    lines.append(json.dumps({"bench": "serve", "commit": commit, "cpu": cpu, "cores": int(cores), "items": items, "factors": 64, "users": users, "draw": draw,
                             "shards": 2, "offered": float(rate), "machine_share": round(share, 3), "others_share": round(max(others, 0), 3), "cpu_us_per_answer": each, **r}))
print("\nhighest rate that was answered whole and right with p99 below 25 ms: %s" % ("%.0f a second" % best if best else "none of these"))
print("\n".join(lines))
PY
