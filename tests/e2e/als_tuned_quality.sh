#!/usr/bin/env bash
# souk-tune with its defaults on real data: what it finds on windows before the split must reach the
# bars on the month after it. The search takes minutes.
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"
data=${SOUK_REFERENCE_DATA:-}
[ -r "$data/online_retail/online_retail.csv.zst" ] || skip "no reference data beside the checkout"
command -v zstd >/dev/null || skip "zstd is not installed"

zstd -qdc "$data/online_retail/online_retail.csv.zst" >or.csv
ingest 2 --format online-retail --split 2011-11-09 --out or.ds or.csv 2>/dev/null || fail "ingest online retail"
mpirun -n 2 "$SOUK_BIN/souk-tune" --dataset or.ds --model als --trials 30 --objective ndcg@10 --discovery --out tuned.ini \
    2>err.txt || fail "tune: $(tail -1 err.txt)"
cat tuned.ini
for seed in 1 2 3 4 5; do
    mpirun -n 2 "$SOUK_BIN/souk-train" als --dataset or.ds --config tuned.ini --seed $seed --out or.model >/dev/null 2>err.txt ||
        fail "train: $(tail -1 err.txt)"
    mpirun -n 2 "$SOUK_BIN/souk-evaluate" --dataset or.ds --model or.model --discovery --k 10,20 --json or$seed.json \
        >/dev/null 2>err.txt || fail "evaluate: $(tail -1 err.txt)"
done
/usr/bin/python3 - <<'PY' || fail "below the bars"
import json
from statistics import mean
metrics = [json.load(open(f"or{seed}.json"))["metrics"] for seed in range(1, 6)]
recall, ndcg = (mean(m[k][name] for m in metrics) for k, name in (("20", "recall"), ("10", "ndcg")))
print(f"Recall@20 {recall:.5f} (at least .100), NDCG@10 {ndcg:.5f} (at least .098), mean of five seeds")
raise SystemExit(recall < .100 or ndcg < .098)
PY
finish
