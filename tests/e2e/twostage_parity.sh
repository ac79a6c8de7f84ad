#!/usr/bin/env bash
# A two-stage model in a fleet: features and scores of 10,000 random (user, item, moment) have the
# bits of the training path, and lists of any number of shards are those of souk-evaluate.
# shellcheck source=tests/e2e/serve_lib.sh
. "$(dirname "$0")/serve_lib.sh"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMP_NUM_THREADS=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
until=2015-08-20

# ranks N PROGRAM ARGUMENT...: Open MPI's plug-ins leak
ranks() {
    ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
        mpirun -n "$1" "$SOUK_BIN/$2" "${@:3}" >out.txt 2>err.txt || fail "$2: $(head -1 err.txt)"
}

"$SOUK_BIN/souk-generate" --visitors 800 --items 700 --events 20000 --seed 5 --out shop 2>err.txt ||
    fail "souk-generate: $(tail -1 err.txt)"
ranks 1 souk-ingest --format retailrocket --split $until --parts 8 \
    --target-events view,addtocart,transaction --out shop.ds shop
ranks 1 souk-train all --dataset shop.ds --trees 20 --label-windows 1 --out two.model
ranks 1 souk-evaluate --dataset shop.ds --model two.model --k 20 --bootstrap 0 \
    --dump-recommendations lists.tsv
ranks 1 souk-evaluate --dataset shop.ds --model two.model --k 20 --bootstrap 0 \
    --min-confidence 0.3 --dump-recommendations sure.tsv
[ $failures = 0 ] || finish

# The lists of 25 visitors, from 1, 2, 3 and 4 shards.
cut -f1 lists.tsv | uniq | awk 'NR % 7 == 1' | head -25 >users.txt
for shards in 1 3 4 2; do # the last one stays
    fleet two.model $shards
    while read -r user; do
        ask recommend --user "$user" -n 20 --moment $until --json >answer.json ||
            fail "$shards shards, user $user"
        items <answer.json >got.tsv
        awk -F'\t' -v user="$user" '$1 == user { print $2 "\t" $4 }' lists.tsv >want.tsv
        cmp -s want.tsv got.tsv ||
            fail "$shards shards, user $user: $(diff want.tsv got.tsv | head -4)"
        [ $shards = 3 ] || continue
        ask recommend --user "$user" -n 20 --moment $until --min-confidence 0.3 --json | items >got.tsv
        awk -F'\t' -v user="$user" '$1 == user { print $2 "\t" $4 }' sure.tsv >want.tsv
        cmp -s want.tsv got.tsv || fail "the sure of user $user: $(diff want.tsv got.tsv | head -4)"
    done <users.txt
    [ $shards = 2 ] || stop_fleet
done
[ "$(wc -l <sure.tsv)" -lt "$(wc -l <lists.tsv)" ] || fail "--min-confidence ends no list"
ask recommend --user nobody -n 20 --json | /usr/bin/python3 -c '
import json, sys
sure = [r["confidence"] for r in json.load(sys.stdin)["recommendations"]]
assert sure == sorted(sure, reverse=True) and 0 < sure[-1] <= 1, sure' || fail "what is popular has no confidence"
[ "$(wc -l <users.txt)" = 25 ] || fail "only $(wc -l <users.txt) visitors have lists"

# The parity: 1,000 visits with 10 items each.
ranks 2 parity_rows two.model rows 1000 1
parity() { "$SOUK_BIN/parity_check" "ipc://$work/proxy" "$@" >parity.txt; }
parity rows.0 rows.1 || fail "not the same bits: $(tail -6 parity.txt)"
cat parity.txt
grep -q '^10000 rows' parity.txt || fail "not 10,000 rows"

# It can fail: by the last bit of one feature, and by one millisecond of the moment.
awk -F'\t' -v OFS='\t' 'NR == 12 { n = split($5, f, " "); last = substr(f[20], 8)
    f[20] = substr(f[20], 1, 7) (last == "0" ? "1" : "0")
    $5 = f[1]; for (i = 2; i <= n; i++) $5 = $5 " " f[i] } NR <= 21' rows.0 >bit.rows
parity bit.rows && fail "one bit of one feature passes"
grep -q ': 1 differ$' parity.txt || fail "one bit: $(tail -2 parity.txt)"
awk -F'\t' -v OFS='\t' 'NR > 1 { $2 += 1 } NR <= 201' rows.0 >moment.rows
parity moment.rows && fail "another moment passes"

# Why: the features by the size of what they add, and a visitor of whom nothing is known.
user=$(head -1 users.txt)
item=$(awk -F'\t' -v user="$user" '$1 == user { print $2; exit }' lists.tsv)
ask explain --user "$user" --items "$item" --moment $until --json --top 1000 >why.json || fail "explain"
/usr/bin/python3 - "$item" "$(awk -F'\t' -v u="$user" '$1 == u { print $4; exit }' lists.tsv)" <<'PY' || fail "explain: $(cat why.json)"
import json, sys
why = json.load(open("why.json"))
(e,) = why["explanations"]
size = [abs(f["contribution"]) for f in e["features"]]
assert e["item_id"] == sys.argv[1] and e["candidate"] and "%.9g" % e["score"] == sys.argv[2], e
assert size == sorted(size, reverse=True) and size[0] > 0
assert abs(why["expectation"] + sum(f["contribution"] for f in e["features"]) - e["forest"]) < 1e-9
assert len({f["name"] for f in e["features"]}) == len(e["features"])
PY
ask explain --user "$user" --items "$item" | grep -q '(expectation)' || fail "explain's table"
ask explain --user nobody --items "$item" | grep -q 'popular' || fail "explain nobody"
ask explain --user "$user" --items nothing 2>err.txt && fail "explains an item that is not there"
grep -q "does not know item 'nothing'" err.txt || fail "explain: $(cat err.txt)"

# What a request tells is what the model would have known: a stranger with somebody's events.
cat >events.py <<'PY'
import glob, h5py, json, sys
model, user = sys.argv[1], sys.argv[2].encode()
parts = [h5py.File(p, "r") for p in sorted(glob.glob(model + "/part-*.h5"))]
manifest = h5py.File(model + "/model.h5", "r")["manifest"][()]
types = [t["name"] for t in json.loads(bytes(manifest))["stages"]["types"]]
items = [i.decode() for p in parts for i in p["items/id"][:]]
for p in parts:
    if user in p["users/id"][:]:
        row = list(p["users/id"][:]).index(user)
        begin = int(p["users/event_length"][:row].sum())
        events = range(begin, begin + int(p["users/event_length"][row]))
        print(",".join("%s=%s@%d" % (items[p["users/event_item"][e]], types[p["users/event_type"][e]],
                                     p["users/event_ms"][e]) for e in events))
PY
if /usr/bin/python3 -c 'import h5py' 2>/dev/null; then
    while read -r known; do
        events=$(/usr/bin/python3 events.py two.model "$known") || fail "the events of $known"
        ask recommend --user "$known" -n 20 --moment $until --json | items >want.tsv
        ask recommend --user a-stranger -n 20 --moment $until --events "$events" --json >answer.json
        items <answer.json >got.tsv
        cmp -s want.tsv got.tsv ||
            fail "a stranger with the events of $known: $(diff want.tsv got.tsv | head -4)"
        grep -q '"user_type":"warm"' answer.json || fail "a stranger with events is cold"
    done < <(sed -n '1p;9p;20p' users.txt)
fi
ask recommend --user a-stranger --events "no-such-item=view" --json | grep -q '"user_type":"cold"' ||
    fail "an event of an item that is not there counts"
ask recommend --user a-stranger --events "$item=no-such-type" 2>err.txt && fail "takes any type"
grep -q "'type' that the model does not know" err.txt || fail "a wrong type: $(cat err.txt)"
ask recommend --user "$user" --moment 2014-01-01 --json | grep -q '"popular"' ||
    fail "before the first event there is more than what is popular"

stop_fleet
finish
