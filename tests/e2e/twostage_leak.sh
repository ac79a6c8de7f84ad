#!/usr/bin/env bash
# souk-train all: what happens after the cut changes nothing, any number of ranks will do, and
# refusals are clear.
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"

/usr/bin/python3 - <<'PY' || fail "make the shops up"
import random
random.seed(3)
def write(name, later):
    with open(name, "w") as f:
        f.write("timestamp,visitorid,event,itemid,transactionid\n")
        for line in before + later:
            f.write("%d,%d,%s,%d,\n" % line)
def draw(first_day, days, count):
    lines = []
    for _ in range(count):
        user = random.randrange(120)
        item = min(int(random.expovariate(.12)) + user % 5 * 8, 79)
        day = first_day + random.random() * days
        lines.append((int(1.3e12 + day * 864e5), user, random.choice(["view"] * 4 + ["transaction"]), item))
    return lines
before = draw(0, 60, 6000)
write("one.csv", draw(60, 10, 900))
write("two.csv", draw(60, 10, 1500))
# A tree of depth 3; items move in it, before the cut and, in each shop to elsewhere, after it.
with open("tree.csv", "w") as f:
    f.write("categoryid,parentid\n1,\n2,\n")
    for c in range(10, 14):
        f.write("%d,%d\n" % (c, 1 + c % 2))
    for c in range(100, 112):
        f.write("%d,%d\n" % (c, 10 + c % 4))
def moves(day):
    return ["%d,%d,categoryid,%d\n" % (1.3e12 + day * 864e5, item, 100 + random.randrange(12))
            for item in range(80)]
known = moves(0) + moves(30)[::3]
for shop in "one", "two":
    with open(shop + "_properties.csv", "w") as f:
        f.write("timestamp,itemid,property,value\n" + "".join(known + moves(61)))
with open("items.csv", "w") as f:
    f.write("itemid,brand,note\n" + "".join("%d,b%d,note %d\n" % (i, i % 5, i) for i in range(80)))
PY
# 1.3e12 ms is 2011-03-13T07:06:40; the cut lies 60 days later.
for shop in one two; do
    ingest 2 --format retailrocket --split 2011-05-12T07:06:40 --target-events view,transaction --parts 4 \
        --properties ${shop}_properties.csv --category-tree tree.csv --items items.csv --out $shop.ds $shop.csv 2>err.txt || fail "ingest $shop: $(tail -1 err.txt)"
    mpirun -n 2 "$SOUK_BIN/souk-train" all --dataset $shop.ds --trees 20 --out $shop.model 2>err.txt ||
        fail "train $shop: $(tail -1 err.txt)"
done
for part in 0000 0001 0002 0003; do
    cmp one.model/part-$part.h5 two.model/part-$part.h5 || fail "events after the cut are in part $part"
done
forest() {
    /usr/bin/python3 -c '
import h5py, sys
model = h5py.File(sys.argv[1] + "/model.h5")
print(bytes(model["forest"][:]).decode(), model["levels/value"][:].tolist())' "$1"
}

# The same comparison where a day behind the cut is let in: what sees no difference here sees no leak.
mpirun -n 2 "$SOUK_BIN/souk-train" all --dataset two.ds --until 2011-05-13T07:06:40 --trees 20 --out late.model 2>err.txt ||
    fail "train a day later: $(tail -1 err.txt)"
leaked=0
for part in 0000 0001 0002 0003; do
    cmp -s one.model/part-$part.h5 late.model/part-$part.h5 || leaked=$((leaked + 1))
done
[ $leaked -eq 4 ] || fail "a day of later events changes $leaked of 4 parts"

/usr/bin/python3 -c 'import h5py' 2>/dev/null && {
    forest one.model >one.txt
    forest two.model >two.txt
    forest late.model >late.txt
    [ -s one.txt ] || fail "no forest in the model"
    ! cmp -s one.txt late.txt || fail "a day of later events changes no tree"
    cmp one.txt two.txt || fail "events after the cut are in the trees or the levels"
    for level in category category_1 category_2 brand; do
        grep -q "category.$level.items" one.txt || fail "the ranker does not see the level $level"
    done
    ! grep -q "category.note" one.txt || fail "an attribute that sorts nothing is a level"
}

# What sorts the items, and lists by it, do not depend on ranks at all.
levels() {
    /usr/bin/python3 -c '
import h5py, json, sys
stages = json.loads(bytes(h5py.File(sys.argv[1] + "/model.h5")["manifest"][:]))["stages"]
print(stages["levels"], stages["levels_digest"])' "$1"
}
by_category() {
    mpirun -n "$1" "$SOUK_BIN/souk-evaluate" --dataset one.ds --model one.model --k 10 --bootstrap 0 --discovery \
        --rank-by category --dump-recommendations "$2" >/dev/null 2>err.txt || fail "by category: $(tail -1 err.txt)"
}
by_category 2 two.tsv
[ "$(wc -l <two.tsv)" -gt 100 ] || fail "lists by category are short"

figure() {
    mpirun -n "$1" "$SOUK_BIN/souk-evaluate" --dataset one.ds --model "$2" --k 10 --bootstrap 0 --json m.json \
        >/dev/null 2>err.txt || fail "evaluate $2: $(tail -1 err.txt)"
    /usr/bin/python3 -c 'import json; print(json.load(open("m.json"))["metrics"]["10"]["ndcg"])'
}
two=$(figure 2 one.model)
for ranks in 1 5; do
    mpirun -n $ranks "$SOUK_BIN/souk-train" all --dataset one.ds --trees 20 --out ranks.model 2>err.txt ||
        fail "train on $ranks ranks: $(tail -1 err.txt)"
    other=$(figure $ranks ranks.model)
    [ "$(levels one.model)" = "$(levels ranks.model)" ] || fail "$ranks ranks: other levels"
    by_category $ranks other.tsv
    cmp two.tsv other.tsv || fail "$ranks ranks: other lists by category"
    # EASE agrees to a tolerance (docs/linear.md), and with it what stands above it.
    awk -v a="$two" -v b="$other" 'BEGIN { d = a - b; exit !(d < .02 && d > -.02) }' ||
        fail "$ranks ranks: NDCG@10 $other, on 2 ranks $two"
done

mpirun -n 2 "$SOUK_BIN/souk-train" all --dataset one.ds --label-window 50d --out no.model 2>err.txt &&
    fail "a label window that leaves nothing was taken"
grep -q "leave nothing to train on" err.txt || fail "the reason is not clear: $(tail -1 err.txt)"
[ -z "$(find . -name "no.model*")" ] || fail "a failed run left something behind"
mkdir no.model.labels
mpirun -n 2 "$SOUK_BIN/souk-train" all --dataset one.ds --trees 5 --out no.model 2>err.txt &&
    fail "somebody's folder was taken for scratch"
[ -d no.model.labels ] || fail "somebody's folder was removed"
grep -q "is in the way" err.txt || fail "the reason is not clear: $(tail -1 err.txt)"
mpirun -n 2 "$SOUK_BIN/souk-train" all --dataset one.ds --until none --leave-out 1 --out kept.model 2>err.txt &&
    fail "labels bring back what --leave-out keeps out"
finish
