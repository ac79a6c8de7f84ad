#!/usr/bin/env bash
# Confidence of two-stage models: what training stores, what souk-evaluate says of it, recomputed
# from the model's file and the lists; and calibrations that are refused.
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"
/usr/bin/python3 -c 'import h5py' 2>/dev/null || skip "python3-h5py is not installed"

# Twelve weeks of 250 users, some new in each, some who come seldom, who want what their kind wants.
/usr/bin/python3 - <<'PY' || fail "make the shop up"
import random
random.seed(5)
with open("shop.csv", "w") as f:
    f.write("timestamp,visitorid,event,itemid,transactionid\n")
    for _ in range(9000):
        user, day = random.randrange(250), random.random() * 84
        if day < user * .3 or (user % 3 == 0 and random.random() < .9):
            continue
        item = min(int(random.expovariate(.08)) + user % 4 * 15, 99)
        f.write("%d,%d,%s,%d,\n" % (1.3e12 + day * 864e5, user, random.choice(["view"] * 3 + ["transaction"]), item))
PY
# 1.3e12 ms is 2011-03-13T07:06:40; the cut lies ten weeks later.
ingest 2 --format retailrocket --split 2011-05-22T07:06:40 --target-events view,transaction --parts 3 \
    --out shop.ds shop.csv 2>err.txt || fail "ingest: $(tail -1 err.txt)"
mpirun -n 2 "$SOUK_BIN/souk-train" all --dataset shop.ds --trees 10 --label-windows 2 --candidates 10 \
    --popular-candidates 20 --out m.model 2>err.txt || fail "train: $(tail -1 err.txt)"
[ -z "$(find . -name 'm.model.*')" ] || fail "the models of the label windows stay behind"

evaluate() { # RANKS NAME OPTIONS...
    local ranks=$1 name=$2
    shift 2
    mpirun -n "$ranks" "$SOUK_BIN/souk-evaluate" --dataset shop.ds --model m.model --k 1000 --bootstrap 0 \
        --discovery --json "$name.json" "$@" >"$name.txt" 2>err.txt || fail "evaluate $name: $(tail -1 err.txt)"
}
evaluate 2 plain --curves --dump-recommendations lists.tsv --dump-targets targets.tsv --dump-scope all
evaluate 3 again --curves
evaluate 1 cut --min-confidence .2 --dump-recommendations cut.tsv
cmp plain.json again.json || fail "the figures depend on the number of ranks"
for line in "^confidence, warm users: calibrated on" "^confidence, cold users: calibrated on" \
    "^confidence, new users: calibrated on" "^0.05 .*not guaranteed" "^union "; do
    grep -q "$line" plain.txt || fail "no line '$line'"
done

/usr/bin/python3 - <<'PY' || fail "the figures"
import bisect, collections, csv, glob, h5py, json
failures = 0
def expect(is_so, what):
    global failures
    failures += not is_so
    print(end="" if is_so else what + "\n")
model = h5py.File("m.model/model.h5")
manifest = json.loads(bytes(model["manifest"][:]))
said = json.loads(bytes(model["confidence"][:]))
expect(len(manifest["stages"]["confidence"]) == 16, "no digest of the calibration")
cold_items = manifest["stages"]["rules"]["cold_items"]
popular_column = manifest["stages"]["rules"]["popular_column"]
history, popularity = {}, [] # items of a user; (value, item) by global row
for part in map(h5py.File, sorted(glob.glob("m.model/part-*.h5"))):
    at = 0
    for user, length in zip(part["users/id"][:], part["users/event_length"][:]):
        history[user.decode()] = set(part["users/event_item"][at:at + length])
        at += length
    ids = part["items/id"][:]
    popularity += zip(part["items/columns"][popular_column * len(ids):(popular_column + 1) * len(ids)], ids)
def audience_of(user):
    count = len(history.get(user, ()))
    return "new" if count == 0 else "cold" if count <= cold_items else "warm"
lists, targets, cut = (collections.defaultdict(dict) for _ in range(3))
for name, rows in ("lists.tsv", lists), ("cut.tsv", cut):
    for user, item, position, score in csv.reader(open(name), delimiter="\t"):
        rows[user][item] = float(score)
for user, item in csv.reader(open("targets.tsv"), delimiter="\t"):
    targets[user][item] = 1
figures = json.load(open("plain.json"))
for audience in "warm", "cold", "new":
    got, table = figures["confidence"][audience], said[audience]
    scores, n = sorted(table["true_scores"]), len(table["true_scores"])
    confidence = lambda s: (1 + bisect.bisect_right(scores, s)) / (n + 1)
    expect(got["calibrated_on"] == n and n > 5, f"{audience}: {n} points")
    expect(table["knots"] == sorted(set(table["knots"])), f"{audience}: knots")
    expect(table["probabilities"] == sorted(table["probabilities"]), f"{audience}: probabilities")
    expect(all(0 <= p <= 1 for p in table["probabilities"]) and table["probabilities"], f"{audience}: bounds")
    asked = [u for u in targets if audience_of(u) == audience]
    expect(got["users"] == len(asked) > 3, f"{audience}: users")
    # A new user's list has all items; the candidates are the most popular ones.
    of = {u: lists[u] if audience != "new" else dict(sorted(lists[u].items(), key=lambda e: -e[1])[:20]) for u in asked}
    for s in got["sets"]:
        alpha = s["min_confidence"]
        kept = {u: {i for i, score in of[u].items() if confidence(score) > alpha} for u in asked}
        true = {u: set(targets[u]) & set(of[u]) for u in asked}
        shares = [len(true[u] & kept[u]) / len(true[u]) for u in asked if true[u]]
        expect(got["with_true_candidate"] == len(shares), f"{audience}: users with a true candidate")
        expect(abs(s["coverage"] - sum(shares) / len(shares)) < 1e-9, f"{audience} {alpha}: coverage {s}")
        expect(abs(s["kept"] - sum(map(len, kept.values())) / len(asked)) < 1e-9, f"{audience} {alpha}: kept {s}")
        # Held-out users and visitors are on one scale: a shop that stands still is covered as promised, or nearly.
        expect(audience != "warm" or alpha > .2 or abs(s["coverage"] - (1 - alpha)) < .12, f"warm {alpha}: coverage {s}")
        expect(s["guaranteed"] == (n + 1 >= 1 / alpha), f"{audience} {alpha}: guarantee")
        if alpha == .2 and audience != "new":
            expect(all(set(cut.get(u, {})) == kept[u] for u in asked if u in lists), "lists with --min-confidence")
    expect(sum(b["cases"] for b in got["probability"]) == sum(map(len, of.values())), f"{audience}: cases")
# The popular are one list: the most popular items that the user has not had.
row_of = {item.decode(): row for row, (_, item) in enumerate(popularity)}
order = sorted(range(len(popularity)), key=lambda row: (-popularity[row][0], popularity[row][1]))
popular = next(s for s in figures["sources"] if s["name"] == "popular")
for k in 50, 100:
    shares = []
    for user, wanted in targets.items():
        rows = {row_of[i] for i in wanted if i in row_of}
        if user in history and rows:
            offered = [r for r in order if r not in history[user] and popularity[r][0] > 0][:k]
            shares.append(len(rows & set(offered)) / len(rows))
    expect(abs(popular["recall"][str(k)] - sum(shares) / len(shares)) < 1e-9, f"popular, {k}: {popular}")
# What is ranked is the union of the sources: lists of any length hold all of it.
union = figures["sources"][-1]
expect(abs(union["as_asked"] - figures["metrics"]["1000"]["recall"]) < 1e-9, f"union {union}")
for source in figures["sources"]:
    recall = [source["recall"][k] for k in ("50", "100", "200", "500")]
    expect(recall == sorted(recall) and recall[-1] <= 1, f"recall of {source}")
    expect(source is union or source["as_asked"] <= union["as_asked"] + 1e-9, f"more than the union: {source}")
expect(union["adds"] is None and all(s["adds"] >= 0 for s in figures["sources"][:-1]), "what sources add")
expect(abs(sum(f["gain"] for f in figures["importance"]) - 1) < 1e-9, "gains")
expect(any(f["ndcg_drop"] > 0 for f in figures["importance"]), "nothing is lost without any feature")
raise SystemExit(failures > 0)
PY

# A calibration that somebody has changed.
cp -r m.model changed.model
/usr/bin/python3 - <<'PY'
import h5py
with h5py.File("changed.model/model.h5", "r+") as f:
    f["confidence"][3] ^= 1
PY
code=0
"$SOUK_BIN/souk-evaluate" --dataset shop.ds --model changed.model >out.txt 2>err.txt || code=$?
[ $code -eq 3 ] || fail "a changed calibration: exit code $code, not 3"
grep -q "changed.model/model.h5" err.txt || fail "the refusal does not name the file: $(tail -1 err.txt)"

# refuse CODE TEXT OPTIONS...
refuse() {
    local want=$1 text=$2 code=0
    shift 2
    "$SOUK_BIN/souk-evaluate" --dataset shop.ds "$@" >out.txt 2>err.txt || code=$?
    [ $code -eq "$want" ] || fail "$*: exit code $code, not $want: $(head -1 err.txt)"
    grep -qF -- "$text" err.txt || fail "$*: no '$text' in: $(head -1 err.txt)"
}
"$SOUK_BIN/souk-train" popular --dataset shop.ds --out popular.model 2>err.txt || fail "train: $(tail -1 err.txt)"
refuse 2 "says nothing of its confidence" --model popular.model --min-confidence .1
refuse 2 "belongs to --rank-by model" --model m.model --min-confidence .1 --rank-by newest
refuse 2 "min-confidence" --model m.model --min-confidence 1
finish
