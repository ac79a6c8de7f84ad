#!/bin/bash
# souk-evaluate's protocols that hide or give something: fold-in against training and numpy, only
# hidden items among the hidden, ROC-AUC and average precision against numpy, comparisons, and the
# same bytes on any number of ranks.
here=$(realpath "$(dirname "$0")")
# shellcheck source=tests/e2e/ingest_lib.sh
. "$here/ingest_lib.sh"
/usr/bin/python3 -c 'import h5py, numpy' 2> /dev/null || skip "python3-h5py is not installed"

# 260 users of four tastes among 90 items, ten of which everybody likes; times have one second each,
# so that nothing is tied. A fifth of the users comes behind the split.
/usr/bin/python3 - > events.csv << 'PY'
import numpy
g = numpy.random.default_rng(3)
print("user,item,time")
lines = []
for u in range(260):
    first = 0 if u % 5 else 800000
    times = numpy.sort(g.choice(numpy.arange(first, 1000000), 6 + u % 17, replace=False))
    for t in times:
        taste = g.random() < .75
        item = 10 + u % 4 * 20 + int(20 * g.random() ** 2) if taste else g.integers(90)
        lines.append((1600000000 + t, f"u{u},i{item}"))
for t, pair in sorted(lines):
    print(f"{pair},{t}")
PY
split=1600700000
ingest 2 --format csv --user-column user --item-column item --time-column time --parts 5 \
    --split 2020-09-21T15:06:40 --session-gap 12h --out a.ds events.csv > out 2> err || fail "ingest: $(tail -1 err)"

train() { # KIND NAME OPTIONS...
    local kind=$1 name=$2
    shift 2
    mpirun -n 2 "$SOUK_BIN/souk-train" "$kind" --dataset a.ds --out "$name.model" "$@" > out 2> err \
        || fail "train $name: $(tail -1 err)"
}

evaluate() { # RANKS MODEL NAME OPTIONS...: leaves NAME.json, .tsv, .targets, .txt
    local ranks=$1 model=$2 name=$3
    shift 3
    mpirun -n "$ranks" "$SOUK_BIN/souk-evaluate" --dataset a.ds --model "$model.model" --k 5,20 \
        --bootstrap 50 --json "$name.json" --dump-recommendations "$name.tsv" \
        --dump-targets "$name.targets" "$@" > "$name.txt" 2> err || fail "evaluate $name: $(tail -1 err)"
}

expect() { # NAME PYTHON-EXPRESSION: j is the report, lists and targets the dumps
    /usr/bin/python3 - "$1" "$2" << 'PY' || fail "$1: $2"
import csv, glob, json, sys
import h5py
j = json.load(open(sys.argv[1] + ".json"))
read = lambda kind: [l.rstrip("\n").split("\t") for l in open(f"{sys.argv[1]}.{kind}")]
lists, targets, m = read("tsv"), read("targets"), j["metrics"]
def ids(model, what):
    return {i.decode() for p in glob.glob(f"{model}.model/part-*.h5") for i in h5py.File(p)[f"{what}/id"][:]}
def hidden(model):
    return {i.decode() for p in glob.glob(f"{model}.model/part-*.h5")
            for i, n in zip(h5py.File(p)["items/id"][:], h5py.File(p)["items/events"][:]) if n == 0}
sys.exit(not eval(sys.argv[2]))
PY
}

# A training user's history, folded in, is what training made of it.
train als ials --factors 8 --epochs 300 --lambda 0.02 --nu 0.8
train als implicit --objective implicit --alpha 5 --regularization 1 --factors 8 --epochs 400
train svd svd --factors 8
for name in ials implicit svd; do
    worst=$("$SOUK_BIN/foldin_check" "$name.model") || fail "$name: cannot fold in"
    awk -v w="$worst" 'BEGIN { exit !(w < 2e-3) }' || fail "$name: a folded user is off by $worst"
done

# New users with a given history: numpy's lists from the model's files.
train ease ease --lambda 20
train popular popular
for name in ials implicit svd ease; do
    evaluate 2 $name cold.$name --protocol cold-users --cold-history 3 --discovery
    "$here/given_check.py" $name.model events.csv $split 3 cold.$name.tsv || fail "$name: cold users"
    expect cold.$name 'not {u for u, *_ in lists} & ids("ease", "users") and j["users"] > 40'
done
evaluate 2 popular cold.popular --protocol cold-users --discovery
expect cold.ease 'm["20"]["recall"] > 1.2 * json.load(open("cold.popular.json"))["metrics"]["20"]["recall"]'
expect cold.popular 'j["slices"]["users"]["warm"]["users"] == 0 and j["users"] == j["slices"]["users"]["cold"]["users"]'

# Hidden users and items.
for kind in ease popular; do
    train $kind $kind.hid --hide-users .2 --hide-items .2 --hide-seed 5
done
train ease ease.hid2 --hide-users .2 --hide-seed 6
evaluate 2 ease.hid strong --protocol strong
expect strong 'j["users"] > 20 and not {u for u, *_ in targets} & ids("ease.hid", "users")'
expect strong 'j["protocol"]["hidden"] == {"users": .2, "items": .2, "seed": 5}'
evaluate 2 ease.hid items --protocol item-holdout --against random
expect items '{i for _, i, *_ in lists} <= hidden("ease.hid") and {i for _, i in targets} <= hidden("ease.hid")'
expect items 'len(hidden("ease.hid")) > 8 and j["slices"]["items"]["cold"]["targets"] >= j["targets"] > 100'
evaluate 2 ease.hid chance --protocol item-holdout --rank-by random
expect chance 'abs(m["5"]["recall"] - 5 / len(hidden("ease.hid"))) < .06 and j["order"] == "random"'
evaluate 2 ease.hid newest --protocol item-holdout --rank-by newest
expect newest 'all(float(a[3]) >= float(b[3]) for a, b in zip(lists, lists[1:]) if a[0] == b[0])'
evaluate 2 ease session --protocol session
expect session 'j["users"] == j["targets"] > 30'

# Over all candidates: the lists are as long as the catalogue, so that numpy sees every score.
mpirun -n 2 "$SOUK_BIN/souk-evaluate" --dataset a.ds --model ials.model --k 1000 --bootstrap 0 --curves \
    --json curves.json --dump-recommendations curves.tsv --dump-targets curves.targets > out 2> err \
    || fail "curves: $(tail -1 err)"
expect curves 'exec("""
import numpy as np
want = {tuple(t) for t in targets}
score = np.array([float(r[3]) for r in lists]); hit = np.array([(r[0], r[1]) in want for r in lists])
user = np.array([r[0] for r in lists])
auc = lambda s, h: ((s[h][:, None] > s[~h]) + .5 * (s[h][:, None] == s[~h])).mean()
order = np.argsort(-score, kind="stable"); h = hit[order]; s = score[order]
last = np.append(s[1:] != s[:-1], True)
tp, n = np.cumsum(h)[last], np.arange(1, len(h) + 1)[last]
ap = (np.diff(np.append(0, tp)) / tp[-1] * tp / n).sum()
each = [auc(score[user == u], hit[user == u]) for u in set(user) if hit[user == u].any() and not hit[user == u].all()]
c = j["candidates"]
f1 = (2 * tp / (n + tp[-1])).max(); best = c["best_f1"]
globals()["fine"] = (abs(c["roc_auc"] - auc(score, hit)) < 1e-9 and abs(c["average_precision"] - ap) < 1e-9
    and abs(c["user_auc"] - np.mean(each)) < 1e-9 and c["targets"] == hit.sum() and c["others"] == (~hit).sum()
    and abs(2 * best["hits"] / (best["hits"] + best["false_alarms"] + c["targets"]) - f1) < 1e-12)
""") or fine'

# Two models: what differs, and its interval.
evaluate 2 ease ab --against ials.model
evaluate 2 ials ba --against ease.model
evaluate 2 ease aa --against ease.model
expect aa 'all(v in (0, None) for k in j["against"]["headline"]["differences"].values() for v in k.values())'
expect ab 'exec("""
o = json.load(open("ba.json")); d, e = j["against"], o["against"]
globals()["fine"] = d["headline"]["paired"] and d["name"].startswith("als ")
for k in m:
    for name in ("recall", "ndcg", "mrr", "novelty"):
        x, i = d["headline"]["differences"][k][name], d["headline"]["intervals"][k][name]
        y, r = e["headline"]["differences"][k][name], e["headline"]["intervals"][k][name]
        fine &= abs(x - (m[k][name] - o["metrics"][k][name])) < 1e-12 and abs(x + y) < 1e-12
        fine &= abs(i[0] + r[1]) < 1e-12 and i[0] <= i[1] and i[0] - .05 <= x <= i[1] + .05
""") or fine'

# Lists in another order: more diverse, and what the rules say.
cat > business.json << 'JSON'
{"rules": [{"action": "exclude", "items": ["i0", "i1"]}, {"action": "bury", "items": ["i2"]},
           {"action": "boost", "factor": 9, "items": ["i3"]}], "unavailable": ["i4"]}
JSON
evaluate 2 ials plain --discovery
evaluate 2 ials mmr --discovery --mmr .4
evaluate 2 ials rules --discovery --rules business.json
expect mmr 'm["20"]["diversity"] > json.load(open("plain.json"))["metrics"]["20"]["diversity"] + .05'
expect mmr 'all(len([r for r in lists if r[0] == u]) == 20 for u, *_ in lists)'
expect rules '{i for _, i, *_ in lists}.isdisjoint({"i0", "i1", "i4"}) and j["reordered"]["rules"] == "business.json"'
expect rules 'all(int(p) <= 5 for _, i, p, *_ in lists if i == "i3") and any(i == "i3" for _, i, *_ in lists)'

# A catalogue with items that were never sold: among the sold only.
{ echo item,kind; for i in $(seq 0 129); do echo "i$i,kind $((i % 7))"; done; } > items.csv
ingest 2 --format csv --user-column user --item-column item --time-column time --parts 5 --items items.csv \
    --split 2020-09-21T15:06:40 --out b.ds events.csv > out 2> err || fail "ingest: $(tail -1 err)"
mpirun -n 2 "$SOUK_BIN/souk-train" content --dataset b.ds --hide-items .3 --out content.model > out 2> err ||
    fail "train content: $(tail -1 err)"
for option in "--rank-by model" "--rank-by newest" --no-sold-only; do
    # shellcheck disable=SC2086 # an option and its value
    mpirun -n 2 "$SOUK_BIN/souk-evaluate" --dataset b.ds --model content.model --protocol item-holdout $option \
        --k 80 --bootstrap 0 --json sold.json --dump-recommendations sold.tsv --dump-targets sold.targets \
        > out 2> err || fail "item-holdout $option: $(tail -1 err)"
    expect sold '{i for _, i, *_ in lists} <= hidden("content") and len(lists) > 99'
    expect sold 'j["protocol"].get("sold_only", False) == all(int(i[1:]) < 90 for _, i, *_ in lists)'
done

# The same bytes on any number of ranks; 5 parts, so that of 7 ranks two share one.
export OMP_NUM_THREADS=2
for ranks in 1 7; do
    evaluate $ranks ials again --protocol cold-users --cold-history 3 --discovery
    cmp cold.ials.tsv again.tsv && cmp cold.ials.json again.json || fail "cold-users on $ranks ranks"
    evaluate $ranks ials again --discovery --rules business.json
    cmp rules.tsv again.tsv && cmp rules.json again.json || fail "rules on $ranks ranks"
    evaluate $ranks ease.hid again --protocol strong
    cmp strong.json again.json || fail "strong on $ranks ranks"
    evaluate $ranks ease.hid again --protocol item-holdout --against random
    cmp items.json again.json || fail "item-holdout on $ranks ranks"
    mpirun -n $ranks "$SOUK_BIN/souk-evaluate" --dataset a.ds --model ials.model --k 1000 --bootstrap 0 \
        --curves --json again.json > out 2> err || fail "curves on $ranks ranks: $(tail -1 err)"
    cmp curves.json again.json || fail "curves on $ranks ranks"
done

refuse() { # CODE TEXT OPTIONS...
    local want=$1 text=$2 code=0
    shift 2
    "$SOUK_BIN/souk-evaluate" --dataset a.ds "$@" > out 2> err || code=$?
    [ $code -eq "$want" ] || fail "$*: exit code $code, not $want: $(head -1 err)"
    grep -qF -- "$text" err || fail "$*: no '$text' in: $(head -1 err)"
}
refuse 2 "needs a model of souk-train --hide-users" --model ease.model --protocol strong
refuse 2 "needs a model of souk-train --hide-items" --model ease.model --protocol item-holdout
refuse 2 "do not belong to --protocol strong" --model ease.hid.model --protocol strong --split 2020-09-20
refuse 2 "without other users or items" --model ease.hid2.model --protocol strong --against ease.hid.model
echo '{"rules": [{"action": "hide", "items": ["i1"]}]}' > not-rules.json
refuse 3 "not-rules.json: rule 1: its action is not" --model ials.model --rules not-rules.json
refuse 1 "missing.model" --model ease.model --against missing.model
finish
