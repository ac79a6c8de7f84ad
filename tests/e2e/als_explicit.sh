#!/usr/bin/env bash
# souk-train als --objective explicit: errors as an independent reader of the model computes them, the
# same files on any ranks and after an interruption, lists by predicted rating.
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"
/usr/bin/python3 -c 'import h5py, numpy' 2>/dev/null || skip "python3-h5py is not installed"

# Ratings with user and item effects, three hidden factors and noise of .3; some given twice.
/usr/bin/python3 - >films.csv <<'PY'
import numpy
g = numpy.random.default_rng(5)
U, I = 400, 80
x, y = g.normal(0, .6, (U, 3)), g.normal(0, .6, (I, 3))
bu, bi = g.normal(0, .3, U), g.normal(0, .5, I)
print("user,film,time,stars")
for u in range(U):
    for i in g.choice(I, 30, replace=False):
        for again in range(1 + (u % 7 == 0)):
            r = 3 + bu[u] + bi[i] + x[u] @ y[i] + g.normal(0, .3)
            print(f"u{u},f{i},{1600000000 + 1000 * again + g.integers(1000)},{r:.3f}")
PY
ingest 2 --format csv --user-column user --item-column film --time-column time --value-column stars --split 0.9 \
    --out films.ds films.csv >/dev/null 2>&1 || fail "ingest"
ingest 2 --format csv --user-column user --item-column film --time-column time --out plain.ds films.csv >/dev/null 2>&1 ||
    fail "ingest without values"

# train RANKS NAME ARGUMENTS...
train() {
    local ranks=$1 name=$2
    shift 2
    mpirun -n "$ranks" "$SOUK_BIN/souk-train" als --dataset films.ds --objective explicit --factors 8 --epochs 10 --until none \
        --out "$name.model" "$@" >"$name.out" 2>"$name.err"
}
figure() { awk -v k="$2" '{ for (i = 1; i < NF; i++) if ($i == k) last = $(i + 1) } END { print last }' "$1.out"; }
same() {
    local file
    for file in "$1".model/part-*.h5; do
        cmp -s "$file" "$2.model/$(basename "$file")" || { fail "$3: $(basename "$file") differs"; return; }
    done
}

# check_model NAME RATING: RMSE and MAE of the dot products, against the ratings of the file and what
# the program printed; prints whether they agree.
check_model() {
    /usr/bin/python3 - "$1.model" "$2" "$(figure "$1" rmse)" "$(figure "$1" mae)" <<'PY' || fail "$1: errors differ"
import csv, glob, sys, h5py, numpy
model, rule, rmse, mae = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
rows = {"users": {}, "items": {}}
for name in glob.glob(model + "/part-*.h5"):
    with h5py.File(name) as f:
        for side in rows:
            for id, x in zip(f[side + "/id"][:], f[side + "/factors"][:]):
                rows[side][id.rstrip(b"\0").decode()] = x.astype(float)
ratings = {}
for r in sorted(csv.DictReader(open("films.csv")), key=lambda r: int(r["time"])):
    ratings.setdefault((r["user"], r["film"]), []).append(float(r["stars"]))
miss = numpy.array([(v[-1] if rule == "last" else sum(v) / len(v)) - rows["users"][u] @ rows["items"][i]
                    for (u, i), v in ratings.items()])
got = (miss ** 2).mean() ** .5, abs(miss).mean()
print(f"{rule}: rmse {got[0]:.6f} mae {got[1]:.6f}, printed {rmse} {mae}")
sys.exit(bool(abs(got[0] - rmse) > 2e-5 or abs(got[1] - mae) > 2e-5))
PY
}

train 1 last || fail "train: $(tail -1 last.err)"
check_model last last
awk '$3 == "loss" { if (n++ && $4 > last * (1 + 1e-6)) bad = 1; last = $4 } END { exit bad || n != 10 }' last.out ||
    fail "the loss rises: $(cat last.out)"
train 2 mean --rating mean || fail "train: $(tail -1 mean.err)"
check_model mean mean
for ranks in 2 3 5; do
    train $ranks many || fail "train on $ranks ranks"
    same last many "on $ranks ranks"
done

# Validation: near the noise, far below the spread of the ratings (1.3).
train 3 held --validation-share 0.1 || fail "train with validation: $(tail -1 held.err)"
awk -v r="$(figure held validation_rmse)" 'BEGIN { exit !(r > .3 && r < .42) }' ||
    fail "validation RMSE is $(figure held validation_rmse), the noise .3"

# Interrupted, resumed on other ranks; started from.
train 2 half --epochs 4 --checkpoint half.ck --checkpoint-epochs 4 || fail "the first epochs"
train 3 half --checkpoint half.ck --resume || fail "the other epochs: $(tail -1 half.err)"
same last half "resumed"
train 2 warm --epochs 1 --init-from last.model || fail "a warm start: $(tail -1 warm.err)"
awk -v a="$(figure warm loss)" -v b="$(figure last loss)" 'BEGIN { exit !(a < b) }' ||
    fail "one more epoch from the last model: loss $(figure warm loss), before $(figure last loss)"

# Lists go by the whole prediction: the dot product of the rows, item biases included.
train 2 split --until 2020-09-13T12:40:00 || fail "train before a cut"
mpirun -n 2 "$SOUK_BIN/souk-evaluate" --dataset films.ds --model split.model --split 2020-09-13T12:40:00 --k 5 --bootstrap 0 \
    --dump-recommendations lists.tsv >/dev/null 2>evaluate.err || fail "evaluate: $(tail -1 evaluate.err)"
[ -s lists.tsv ] || fail "no list"

# expect CODE TEXT ARGUMENTS...
expect() {
    local code=$1 text=$2 got=0
    shift 2
    train 2 expect "$@" || got=$?
    [ $got = "$code" ] || fail "$*: exit code $got, not $code: $(tail -2 expect.err)"
    grep -q -- "$text" expect.err || fail "$*: no '$text' in: $(tail -2 expect.err)"
}
expect 2 'no ratings: ingest it with --value-column' --dataset plain.ds
expect 2 'solved exactly' --solver cg
expect 2 'belongs to --objective explicit' --objective ials --validation-share .1
finish
