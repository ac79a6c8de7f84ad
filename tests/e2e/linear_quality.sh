#!/usr/bin/env bash
# EASE and PureSVD on real data: the quality that issue 3 asks for, and what sparse rows cost.
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"
data=${SOUK_REFERENCE_DATA:-}
[ -r "$data/online_retail/online_retail.csv.zst" ] || skip "no reference data beside the checkout"
command -v zstd >/dev/null || skip "zstd is not installed"

train() { mpirun -n 2 "$SOUK_BIN/souk-train" "$@" --dataset or.ds 2>err.txt || fail "train $*: $(tail -1 err.txt)"; }

# evaluate MODEL: recall@20 and ndcg@10 into $recall and $ndcg
evaluate() {
    mpirun -n 2 "$SOUK_BIN/souk-evaluate" --dataset or.ds --model "$1" --protocol temporal --discovery --k 10,20 \
        --json metrics.json >/dev/null 2>err.txt || fail "evaluate $1: $(tail -1 err.txt)"
    read -r recall ndcg < <(/usr/bin/python3 -c '
import json
m = json.load(open("metrics.json"))["metrics"]
print(m["20"]["recall"], m["10"]["ndcg"])')
    echo "$1: Recall@20 $recall, NDCG@10 $ndcg"
}

# at_least NAME VALUE BAR
at_least() { awk -v v="$2" -v bar="$3" 'BEGIN { exit !(v >= bar) }' || fail "$1 is $2, below $3"; }

zstd -qdc "$data/online_retail/online_retail.csv.zst" >or.csv
ingest 2 --format online-retail --split 2011-11-09 --out or.ds or.csv 2>/dev/null || fail "ingest online retail"
train ease --lambda 300 --out ease.model
evaluate ease.model
at_least "Recall@20" "$recall" .106
at_least "NDCG@10" "$ndcg" .0999
train ease --lambda 300 --neighbours 200 --out sparse.model
evaluate sparse.model
at_least "Recall@20 with 200 neighbours" "$recall" .101
at_least "NDCG@10 with 200 neighbours" "$ndcg" .098
train svd --factors 64 --out svd.model
evaluate svd.model
at_least "Recall@20 of SVD" "$recall" .093
at_least "NDCG@10 of SVD" "$ndcg" .093
finish
