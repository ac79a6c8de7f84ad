#!/usr/bin/env bash
# twostage_quality.sh [online_retail | online_retail_seen | retailrocket | completejourney]: two stages on real
# data, without a configuration, against the figures that they must reach.
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

# beats FACTOR RECALL-FACTOR NDCG-FACTOR ORDER EVALUATE-OPTIONS...: the model against one order of its items
beats() {
    local recall_factor=$1 ndcg_factor=$2 key=$3 order=$4
    shift 4
    evaluate "$@"
    mv metrics.json model.json
    evaluate "$@" --rank-by "$order"
    /usr/bin/python3 - "$recall_factor" "$ndcg_factor" "$key" "$order" <<'PY' || fail "not enough above $order"
import json, sys
recall_factor, ndcg_factor, key, order = float(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4]
def read(path):
    figures = json.load(open(path))
    for step in key.split("/"):
        figures = figures[step]
    return figures["20"]["recall"], figures["10"]["ndcg"]
model, other = read("model.json"), read("metrics.json")
ratios = model[0] / other[0], model[1] / other[1]
print(f"model {model[0]:.5f} {model[1]:.5f}, {order} {other[0]:.5f} {other[1]:.5f}: {ratios[0]:.3f} {ratios[1]:.3f} times")
sys.exit(ratios[0] < recall_factor or ratios[1] < ndcg_factor)
PY
}

ingest_online_retail() {
    zstd -qdc "$data/online_retail/online_retail.csv.zst" >or.csv
    ingest 2 --format online-retail --split 2011-11-09 --out or.ds or.csv 2>/dev/null || fail "ingest online retail"
}

online_retail() {
    ingest_online_retail
    train all --dataset or.ds --out or.model
    [ -z "$(find . -name 'or.model.*')" ] || fail "the models of the label windows stay behind"
    evaluate --dataset or.ds --model or.model --discovery
    at_least "online retail" metrics .148 .162
    evaluate --dataset or.ds --model or.model --protocol cold-users --cold-history 3 --discovery
    at_least "online retail, cold users" metrics .16 .2
}

online_retail_seen() {
    ingest_online_retail
    train all --dataset or.ds --include-seen --out or.model
    beats 1.1 1.1 metrics repeat --dataset or.ds --model or.model --include-seen
}

retailrocket() {
    zstd -qdc "$data/retailrocket/events.csv.zst" >rr.csv
    zstd -qdc "$data/retailrocket/heldout_buys.csv.zst" >heldout.csv
    ingest 2 --format retailrocket --out rr.ds rr.csv 2>/dev/null || fail "ingest retailrocket"
    train all --dataset rr.ds --out rr.model
    local order
    for order in covisit covisit.lifted covisit_28d ease popular; do
        beats 1.03 1.03 all/metrics $order --dataset rr.ds --model rr.model --protocol file --targets heldout.csv
    done
    cp model.json metrics.json
    at_least "retailrocket" all/metrics .26 .148
}

completejourney() {
    zstd -qdc "$data/completejourney/transactions.csv.zst" >cj.csv
    zstd -qdc "$data/completejourney/products.csv.zst" >products.csv
    ingest 2 --format csv --user-column household_id --item-column product_id --time-column transaction_timestamp \
        --value-column sales_value --order-column basket_id --items products.csv --split 2017-12-01 \
        --out cj.ds cj.csv 2>/dev/null || fail "ingest complete journey"
    train all --dataset cj.ds --include-seen --out cj.model
    local order
    for order in repeat popular ease ease.lifted covisit category; do
        beats 1.1 1.1 metrics $order --dataset cj.ds --model cj.model --include-seen
    done
}

"${1:-online_retail}"
finish
