#!/usr/bin/env bash
# serve_soak.sh [--minutes N] [--every SECONDS] [--rate R]: 2 shards x 2 replicas behind 2 proxies, one of them
# with a cache, for an hour at half of what they carry (or R requests a second), with a change of the model
# every minute. No answer wrong or missing (.1 % may be refused as overloaded), and memory and file descriptors of every process are flat: the
# median of the last quarter is at most 1 % above that of the first, once the first tenth has gone by.
. "$(dirname "$0")/serve_lib.sh"
minutes=60 every=60 rate=
while [ $# -gt 0 ]; do
    case $1 in
    --minutes | --every | --rate) printf -v "${1#--}" %s "$2"; shift 2 ;;
    *) sed -n '2,5s/^# \?//p' "$0"; exit 2 ;;
    esac
done
users=1000 items=10000
seq -f 'u%g' 0 $((users - 1)) >users.txt
for k in 1 2 3; do
    "$SOUK_BIN/make_model" m$k.model $users $items 64 8 $k && "$SOUK_BIN/reference_lists" m$k.model 10 2 users.txt >m$k.ref || fail "version $k"
done
processes="a0 b0 a1 b1 proxy0 proxy1" admins=""
for name in a0 b0 a1 b1; do
    replica $name m1.model "${name#?}/2" --admin "ipc://$work/$name.admin"
    admins=$admins,ipc://$work/$name.admin
done
shards="ipc://$work/a0,ipc://$work/b0 ipc://$work/a1,ipc://$work/b1"
proxy proxy0 "$shards"
proxy proxy1 "$shards" --cache 16M
loading=(load --proxy "ipc://$work/proxy0,ipc://$work/proxy1" --users users.txt --draw zipf --reference m1.ref,m2.ref,m3.ref --json)
if [ -z "$rate" ]; then
    "$SOUK_BIN/souk" "${loading[@]}" --in-flight 128 --duration 15s >capacity.json || fail "capacity"
    rate=$(/usr/bin/python3 -c 'import json; print(int(json.load(open("capacity.json"))["rate"] / 2))')
fi
echo "$rate requests a second for $minutes minutes, a change every $every s"

# sample: seconds, process, resident KiB, descriptors
sample() {
    local name
    for name in $processes; do
        echo "$SECONDS $name $(awk '/^VmRSS/ { print $2 }' "/proc/${pid[$name]}/status") $(find "/proc/${pid[$name]}/fd" -type l | wc -l)"
    done >>samples.txt
}

"$SOUK_BIN/souk" "${loading[@]}" --rate "$rate" --in-flight 256 --duration "${minutes}m" --deadline 1s --timeout 5s --min-whole .999 >load.json 2>load.err &
pid[load]=$!
SECONDS=0 changes=0
while kill -0 "${pid[load]}" 2>/dev/null; do
    if [ $SECONDS -ge $(((changes + 1) * every)) ]; then
        changes=$((changes + 1))
        "$SOUK_BIN/souk" admin --at "${admins#,}" --do reload --model m$((changes % 3 + 1)).model --timeout 30s >out.txt 2>err.txt ||
            fail "change $changes: $(cat err.txt)"
    fi
    sample
    sleep 1
done
wait "${pid[load]}" || fail "$(cat load.err)"
unset 'pid[load]'
cat load.json
/usr/bin/python3 - "$every" $changes <<'PY' || fail "see above"
# Quarters are of whole periods between two changes, so that both hold the same of each.
import json, statistics, sys
every, changes = int(sys.argv[1]), int(sys.argv[2])
r = json.load(open("load.json"))
bad = ["%s: %s" % (key, r[key]) for key in ("wrong", "mixed", "unknown_version") if r[key]]
if r["failed"] != r["statuses"]["overloaded"]:
    bad.append("%d requests failed otherwise than by overloaded" % (r["failed"] - r["statuses"]["overloaded"]))
if r["checked"] != r["good"]:
    bad.append("%d answers that nobody checked" % (r["good"] - r["checked"]))
rows = [line.split() for line in open("samples.txt")]
end = max(int(row[0]) for row in rows)
start = max(end // 10, 2 * every)
quarter = max((end - start) // 4 // every, 1) * every
if end - start < 2 * quarter:
    sys.exit("too short: two quarters of whole periods need %d s" % (start + 2 * quarter))
print("%d changes; medians of %d to %d s and of the last %d s:" % (changes, start, start + quarter, quarter))
for name in dict.fromkeys(row[1] for row in rows):
    for column, what in ((2, "resident KiB"), (3, "descriptors")):
        of = [(int(row[0]), int(row[column])) for row in rows if row[1] == name]
        first = statistics.median(v for t, v in of if start <= t < start + quarter)
        last = statistics.median(v for t, v in of if t > end - quarter)
        growth = last / first - 1
        print("  %-7s %-13s %10.0f %10.0f %+7.2f %%" % (name, what, first, last, 100 * growth))
        if growth >= .01:
            bad.append("%s: %s grew by %.2f %%" % (name, what, 100 * growth))
print("\n".join(bad))
sys.exit(len(bad) > 0)
PY
stop_fleet
finish
