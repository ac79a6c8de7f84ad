#!/usr/bin/env bash
# twostage_quality.sh [online_retail | retailrocket]: two stages on real data, without a
# configuration, against the figures that they must reach.
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"
data=${SOUK_REFERENCE_DATA:-}
[ -r "$data/online_retail/online_retail.csv.zst" ] || skip "no reference data beside the checkout"
command -v zstd >/dev/null || skip "zstd is not installed"

train() { mpirun -n 2 "$SOUK_BIN/souk-train" "$@" 2>err.txt || fail "train $*: $(tail -1 err.txt)"; }

# at_least NAME KEY RECALL NDCG: of metrics.json, all users (all/metrics) or the headline (metrics)
at_least() {
    /usr/bin/python3 - "$@" <<'PY' || fail "$1"
import json, sys
name, key, recall_bar, ndcg_bar = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
figures = json.load(open("metrics.json"))
for step in key.split("/"):
    figures = figures[step]
recall, ndcg = figures["20"]["recall"], figures["10"]["ndcg"]
print(f"{name}: Recall@20 {recall:.5f} (at least {recall_bar}), NDCG@10 {ndcg:.5f} (at least {ndcg_bar})")
sys.exit(recall < recall_bar or ndcg < ndcg_bar)
PY
}

evaluate() {
    mpirun -n 2 "$SOUK_BIN/souk-evaluate" --k 10,20 --bootstrap 0 --json metrics.json "$@" >/dev/null 2>err.txt ||
        fail "evaluate $*: $(tail -1 err.txt)"
}

online_retail() {
    zstd -qdc "$data/online_retail/online_retail.csv.zst" >or.csv
    ingest 2 --format online-retail --split 2011-11-09 --out or.ds or.csv 2>/dev/null || fail "ingest online retail"
    train all --dataset or.ds --out or.model
    [ -z "$(find . -name "or.model.*")" ] || fail "the models of the label windows stay behind"
    evaluate --dataset or.ds --model or.model --discovery
    at_least "online retail" metrics .148 .162
    evaluate --dataset or.ds --model or.model --protocol cold-users --cold-history 3 --discovery
    at_least "online retail, cold users" metrics .16 .2
}

retailrocket() {
    zstd -qdc "$data/retailrocket/events.csv.zst" >rr.csv
    zstd -qdc "$data/retailrocket/heldout_buys.csv.zst" >heldout.csv
    ingest 2 --format retailrocket --out rr.ds rr.csv 2>/dev/null || fail "ingest retailrocket"
    train all --dataset rr.ds --items-limit 2000 --label-windows 2 --out rr.model
    evaluate --dataset rr.ds --model rr.model --protocol file --targets heldout.csv
    at_least "retailrocket" all/metrics .26 .148
}

"${1:-online_retail}"
finish
