#!/bin/bash
# Popularity on Online Retail under the discovery protocol: the figures of the reference data's page,
# numpy's agreement from the dumps, and the same bytes on any number of ranks.
here=$(realpath "$(dirname "$0")")
# shellcheck source=tests/e2e/ingest_lib.sh
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

# The training data apart from Souk: counts.tsv, the events of each item, and popular.tsv, everybody's
# 20 most popular items by number of users, without his own.
/usr/bin/python3 - <<'PY' || fail "the oracle"
import csv
from collections import Counter
events, pairs, asked = set(), set(), set()
with open("online_retail.csv", newline="", encoding="utf-8") as f:
    for r in csv.DictReader(f):
        user, order, item = r["CustomerID"].split(".")[0], r["InvoiceNo"], r["StockCode"]
        quantity, price = int(r["Quantity"]), float(r["UnitPrice"])
        if not user or order.startswith("C") or quantity <= 0 or price <= 0:
            continue
        if r["InvoiceDate"] >= "2011-11-09":
            asked.add(user)
            continue
        events.add((user, item, r["InvoiceDate"], order, quantity, price))
        pairs.add((user, item))
counts = Counter(e[1] for e in events)
with open("counts.tsv", "w") as f:
    f.writelines(f"{item}\t{n}\n" for item, n in counts.items())
users = Counter(item for _, item in pairs)
best = sorted(users, key=lambda item: (-users[item], item.encode()))
with open("popular.tsv", "w") as f:
    for user in asked:
        own = [item for item in best[:4000] if (user, item) not in pairs][:20]
        f.writelines(f"{user}\t{item}\t{i}\t{users[item]}\n" for i, item in enumerate(own, 1))
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
grep -vxFf popular.tsv all.tsv | head -3 | grep . && fail "lists that plain counting does not give"
evaluate 2 none.model seen --include-seen
expect seen 'm["20"]["recall"] > .05'

# RetailRocket's held-out purchases: the page counts all of them, also those of unknown items.
mkdir retailrocket
zstd -dcq "$data/retailrocket/events.csv.zst" > retailrocket/events.csv
zstd -dcq "$data/retailrocket/heldout_buys.csv.zst" > heldout.csv
ingest 2 --format retailrocket --out rr.ds retailrocket > out 2> err || fail "ingest: $(tail -1 err)"
mpirun -n 2 "$SOUK_BIN/souk-train" popular --dataset rr.ds --out rr.model > out 2> err \
    || fail "train rr: $(tail -1 err)"
mpirun -n 2 "$SOUK_BIN/souk-evaluate" --dataset rr.ds --model rr.model --protocol file \
    --targets heldout.csv --json rr.json > out 2> err || fail "evaluate rr: $(tail -1 err)"
expect rr '(j["users"], every["users"]) == (1963, 2174)'
expect rr 'near(every["metrics"]["20"]["recall"], .0492, .0003)'
expect rr 'near(every["metrics"]["10"]["ndcg"], .0214, .0003)'
expect rr 'near(every["metrics"]["20"]["mrr"], .0164, .0003)'

# A model with factors, and one that was trained without everybody's last events.
mpirun -n 2 "$SOUK_BIN/souk-train" als --dataset or.ds --factors 16 --epochs 2 --out als.model \
    > out 2> err || fail "train als: $(tail -1 err)"
evaluate 2 als.model als --discovery --dump-scope all
expect als '0 < m["20"]["diversity"] < 2 and m["20"]["category_diversity"] is None'
mpirun -n 2 "$SOUK_BIN/souk-train" popular --dataset or.ds --holdout .2 --until none \
    --out held.model > out 2> err || fail "train held: $(tail -1 err)"
evaluate 2 held.model held --protocol per-user
expect held 'j["users"] > 2000 and j["protocol"]["holdout"] == .2'
for run in als:all held:headline; do
    name=${run%:*}
    "$here/../check_metrics.py" --json "$name.json" --recommendations "$name.tsv" \
        --targets "$name.targets" --per-user "$name.users" --set "${run#*:}" \
        || fail "numpy disagrees: $name"
done

again() { # RANKS NAME MODEL OPTIONS...: the same bytes as NAME
    local ranks=$1 name=$2 model=$3
    shift 3
    evaluate "$ranks" "$model" again "$@"
    for kind in json tsv targets users txt; do
        cmp "$name.$kind" "again.$kind" || fail "$name.$kind differs on $ranks ranks"
    done
}
export OMP_NUM_THREADS=2
for ranks in 1 3 5 17; do # 16 parts: of 17 ranks, two share a part's users
    again $ranks none none.model --discovery
    again $ranks als als.model --discovery --dump-scope all
    again $ranks held held.model --protocol per-user
done
finish
