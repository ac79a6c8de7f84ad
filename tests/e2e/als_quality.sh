#!/usr/bin/env bash
# The main job on real data: counts, and the quality that the defaults must reach.
. "$(dirname "$0")/ingest_lib.sh"
data=${SOUK_REFERENCE_DATA:-}
[ -r "$data/online_retail/online_retail.csv.zst" ] || skip "no reference data beside the checkout"
command -v zstd >/dev/null || skip "zstd is not installed"

evaluate() { mpirun -n 2 "$SOUK_BIN/souk-evaluate" --k 10,20 "$@" >/dev/null 2>err.txt || fail "evaluate: $(tail -1 err.txt)"; }
train() { mpirun -n 2 "$SOUK_BIN/souk-train" als --epochs 15 --factors 64 "$@" >/dev/null 2>err.txt || fail "train: $(tail -1 err.txt)"; }

# at_least NAME BAR PYTHON-EXPRESSION over the JSON files of all seeds
at_least() {
    /usr/bin/python3 - "$@" <<'PY' || fail "$1 is below $2"
import json, sys
name, bar, path = sys.argv[1], float(sys.argv[2]), sys.argv[3].split('/')
values = []
for file in sys.argv[4:]:
    value = json.load(open(file))
    for key in path:
        value = value[key]
    values.append(value)
mean = sum(values) / len(values)
print(f"{name}: {mean:.5f} (at least {bar})")
sys.exit(mean < bar)
PY
}

zstd -qdc "$data/online_retail/online_retail.csv.zst" >or.csv
ingest 2 --format online-retail --split 2011-11-09 --out or.ds or.csv 2>/dev/null || fail "ingest online retail"
for seed in 1 2 3 4 5; do
    train --dataset or.ds --seed $seed --out or.model
    evaluate --dataset or.ds --model or.model --protocol temporal --discovery --json or$seed.json
done
at_least "online retail Recall@20" .097 metrics/20/recall or?.json
at_least "online retail NDCG@10" .095 metrics/10/ndcg or?.json

zstd -qdc "$data/retailrocket/events.csv.zst" >rr.csv
zstd -qdc "$data/retailrocket/heldout_buys.csv.zst" >heldout.csv
ingest 2 --format retailrocket --out rr.ds rr.csv 2>/dev/null || fail "ingest retailrocket"
train --dataset rr.ds --seed 1 --out rr.model
evaluate --dataset rr.ds --model rr.model --protocol file --targets heldout.csv --json rr.json
at_least "retailrocket Recall@20, all users" .13 all/metrics/20/recall rr.json
at_least "retailrocket NDCG@10, all users" .07 all/metrics/10/ndcg rr.json
finish
