#!/bin/bash
# Popularity on Online Retail under the discovery protocol: the figures of the reference data's page,
# numpy's agreement from the dumps, and the same bytes on any number of ranks.
# shellcheck source=tests/e2e/ingest_lib.sh
here=$(realpath "$(dirname "$0")")
. "$here/ingest_lib.sh"
data=${SOUK_REFERENCE_DATA:-}
[ -d "$data/online_retail" ] || skip "no reference data in '$data'"
command -v zstd > /dev/null || skip "zstd is not installed"

zstd -dcq "$data/online_retail/online_retail.csv.zst" > online_retail.csv
ingest 2 --format online-retail --split 2011-11-09 --out or.ds online_retail.csv > out 2> err \
    || fail "ingest: $(tail -1 err)"

# evaluate RANKS MODEL NAME OPTIONS...: leaves NAME.json, NAME.tsv, NAME.targets, NAME.users
evaluate() {
    local ranks=$1 model=$2 name=$3
    shift 3
    mpirun -n "$ranks" "$SOUK_BIN/souk-evaluate" --dataset or.ds --model "$model" \
        --k 5,10,20 --json "$name.json" --dump-recommendations "$name.tsv" \
        --dump-targets "$name.targets" --per-user "$name.users" "$@" > "$name.txt" 2> err \
        || fail "evaluate $name: $(tail -1 err)"
}

# expect NAME PYTHON-EXPRESSION: j is the report
expect() {
    /usr/bin/python3 - "$1.json" "$2" <<'PY' || fail "$1: $2"
import json, sys
j = json.load(open(sys.argv[1]))
m, every = j["metrics"], j["all"]
near = lambda value, want, tolerance: abs(value - want) <= tolerance
sys.exit(not eval(sys.argv[2]))
PY
}

# Lines of the training events of each item, as the model counts them: cleaned rows before the split,
# exact duplicates dropped.
/usr/bin/python3 - <<'PY' > counts.tsv
import csv
from collections import Counter
seen, counts = set(), Counter()
with open("online_retail.csv", newline="", encoding="utf-8") as f:
    for r in csv.DictReader(f):
        if not r["CustomerID"] or r["InvoiceNo"].startswith("C"):
            continue
        if int(r["Quantity"]) <= 0 or float(r["UnitPrice"]) <= 0 or r["InvoiceDate"] >= "2011-11-09":
            continue
        key = tuple(r.values())
        if key not in seen:
            seen.add(key)
            counts[r["StockCode"]] += 1
for item, n in counts.items():
    print(item, n, sep="\t")
PY

for half_life in none 7d; do
    mpirun -n 2 "$SOUK_BIN/souk-train" popular --dataset or.ds --half-life $half_life \
        --out $half_life.model > out 2> err || fail "train $half_life: $(tail -1 err)"
    evaluate 2 $half_life.model $half_life --discovery
    expect $half_life 'j["users"] == 1288 and j["targets"] == 26483'
    expect $half_life 'every["users"] >= 1288 + 271 and every["targets"] == 26483 + 516 + 8615'
    expect $half_life 'j["training"]["users"] == 4067 and j["training"]["items"] == 3624'
    "$here/../check_metrics.py" --json $half_life.json --recommendations $half_life.tsv \
        --targets $half_life.targets --per-user $half_life.users --counts counts.tsv \
        || fail "numpy disagrees, half-life $half_life"
done
expect none 'near(m["20"]["recall"], .03723, .0005) and near(m["10"]["ndcg"], .03397, .0005)'
expect none 'near(m["20"]["ndcg"], .03956, .0005) and near(m["10"]["map"], .01282, .0005)'
expect none 'near(m["5"]["hit_rate"], .13354, .001) and near(m["5"]["precision"], .03106, .0005)'
expect 7d 'near(m["20"]["recall"], .0830, .001) and near(m["10"]["ndcg"], .0948, .001)'

evaluate 2 none.model all --discovery --dump-scope all
"$here/../check_metrics.py" --json all.json --recommendations all.tsv --targets all.targets \
    --per-user all.users --counts counts.tsv --set all || fail "numpy disagrees over all users"
evaluate 2 none.model seen --include-seen
expect seen 'm["20"]["recall"] > .05'

for ranks in 1 3 5 17; do # 16 parts: the ranks of one part share its users
    for run in none all; do
        scope=headline
        [ $run = all ] && scope=all
        OMP_NUM_THREADS=2 evaluate $ranks none.model again --discovery --dump-scope $scope
        for kind in json tsv targets users txt; do
            cmp $run.$kind again.$kind || fail "$run.$kind differs on $ranks ranks"
        done
    done
done
finish
