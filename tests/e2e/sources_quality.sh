#!/usr/bin/env bash
# Item-to-item sources on real data: the figures that issue 4 and the reference data give.
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"
data=${SOUK_REFERENCE_DATA:-}
[ -r "$data/retailrocket/events.csv.zst" ] || skip "no reference data beside the checkout"
command -v zstd >/dev/null || skip "zstd is not installed"

train() { mpirun -n 2 "$SOUK_BIN/souk-train" "$@" 2>err.txt || fail "train $*: $(tail -1 err.txt)"; }

# evaluate SET ARGUMENTS...: recall@20 and ndcg@10 of all or of the headline (.) into $recall and $ndcg
evaluate() {
    mpirun -n 2 "$SOUK_BIN/souk-evaluate" --k 10,20 --bootstrap 0 --json metrics.json "${@:2}" >/dev/null 2>err.txt ||
        fail "evaluate ${*:2}: $(tail -1 err.txt)"
    read -r recall ndcg < <(/usr/bin/python3 -c '
import json, sys
m = json.load(open("metrics.json"))
m = (m["all"] if sys.argv[1] == "all" else m)["metrics"]
print(m["20"]["recall"], m["10"]["ndcg"])' "$1")
}

# at_least NAME RECALL NDCG
at_least() {
    echo "$1: Recall@20 $recall (at least $2), NDCG@10 $ndcg (at least $3)"
    awk -v r="$recall" -v n="$ndcg" -v x="$2" -v y="$3" 'BEGIN { exit !(r >= x && n >= y) }' || fail "$1"
}

zstd -qdc "$data/retailrocket/events.csv.zst" >rr.csv
zstd -qdc "$data/retailrocket/heldout_buys.csv.zst" >heldout.csv
ingest 2 --format retailrocket --out rr.ds rr.csv 2>/dev/null || fail "ingest retailrocket"
heldout=(--dataset rr.ds --model rr.model --protocol file --targets heldout.csv)
train covisit --dataset rr.ds --scope session --window 0 --source-exponent .1 --neighbours 30000 --out rr.model
evaluate all "${heldout[@]}"
at_least "sessions, C / (n n)^.1" .2516 .1418
train covisit --dataset rr.ds --out rr.model
evaluate all "${heldout[@]}"
at_least "the defaults" .36 .23

zstd -qdc "$data/online_retail/online_retail.csv.zst" >or.csv
/usr/bin/python3 - <<'PY'
import csv
names = {}
for r in csv.DictReader(open("or.csv", encoding="utf-8")):
    if r["Description"].strip():
        names.setdefault(r["StockCode"].strip(), r["Description"].strip())
w = csv.writer(open("items.csv", "w"))
w.writerow(["item", "description"])
w.writerows(names.items())
PY
ingest 2 --format online-retail --split 2011-11-09 --items items.csv --out or.ds or.csv 2>/dev/null || fail "ingest online retail"
train covisit --dataset or.ds --scope user --window 0 --reach 0 --exponent .5 --history-power 0 --neighbours 50 --out or.model
evaluate . --dataset or.ds --model or.model --protocol temporal --discovery
at_least "item-kNN by cosine" .0914 .0882

train content --dataset or.ds --hide-items .1 --out or.model
for order in random newest model; do
    evaluate . --dataset or.ds --model or.model --protocol item-holdout --rank-by $order
    echo "$order: $recall $ndcg"
    eval "$order=$recall"
done
# shellcheck disable=SC2154 # set by eval
awk -v m="$model" -v r="$random" -v n="$newest" 'BEGIN { exit !(m >= 3 * r && m >= 2 * n) }' ||
    fail "cold items: $model by content, $random by chance, $newest the newest first"
finish
