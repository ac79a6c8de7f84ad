#!/usr/bin/env bash
# souk-train covisit, content, category and popular --trend: the same model files, to the byte, on 1, 2, 3 and 5
# ranks, with threads and small buffers; content and category against numpy; what is refused.
check=$(realpath "$(dirname "$0")/content_check.py")
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"
/usr/bin/python3 -c 'import h5py' 2>/dev/null || skip "python3-h5py is not installed"

"$SOUK_BIN/souk-generate" --visitors 1500 --items 211 --catalogue 300 --property-rows 5003 --out shop 2>/dev/null || fail "generate"
ingest 2 --format retailrocket --split 0.9 --out shop.ds shop 2>/dev/null || fail "ingest"
/usr/bin/python3 - <<'PY'
import random
import numpy as np
random.seed(3)
words = [f"word{k}" for k in range(40)]
items = [f"i{k}" for k in range(170)]
with open("items.csv", "w") as f:
    f.write("item,title,brand,size\n")
    for k, i in enumerate(items):
        title = " ".join(random.choice(words[:5 + k % 35]) for _ in range(random.randrange(1, 7)))
        f.write(f"{i},{title if k % 9 else ''},\"Bränd {k % 7}\",{random.choice(['', '1.5', '-3', str(k)])}\n")
with open("events.csv", "w") as f:
    f.write("user,item,timestamp,event,price\n")
    for n in range(900):
        f.write(f"u{random.randrange(90)},{random.choice(items[:120])},{1600000000 + 100 * n},transaction,1\n")
with open("kinds.csv", "w") as f:
    f.write("item,kind,note,maker\n" + "".join(f"{i},kind {k % 3},note {k},{k % 11 or ''}\n" for k, i in enumerate(items)))
rng = np.random.default_rng(1)
v = rng.normal(size=(165, 24))
v[7] = 0
np.save("v.npy", v.astype("float32"))
np.save("v8.npy", v.astype("float32").astype("float64"))
np.save("bad.npy", np.where(np.arange(165)[:, None] == 9, np.nan, v))
np.save("flat.npy", v.ravel())
np.save("ints.npy", np.ones((165, 2), dtype=int))
open("v.txt", "w").write("".join(f"{i}\n" for i in items[:160] + [f"other{k}" for k in range(5)]))
open("short.txt", "w").write("i1\ni2\n")
open("twice.txt", "w").write("i1\n" * 165)
PY
ingest 2 --format csv --items items.csv --out text.ds events.csv 2>/dev/null || fail "ingest texts"
ingest 2 --format csv --items kinds.csv --out kinds.ds events.csv 2>/dev/null || fail "ingest kinds"

# train RANKS OUT ARGUMENTS...
train() { mpirun -n "$1" "$SOUK_BIN/souk-train" "${@:3}" --out "$2" 2>err.txt || fail "train ${*:3} on $1 ranks: $(tail -1 err.txt)"; }

# same MODEL WHAT: against one.model
same() {
    local file
    for file in one.model/part-*.h5; do
        cmp -s "$file" "$1/$(basename "$file")" || { fail "$2: $(basename "$file") differs"; return; }
    done
}

# everywhere ARGUMENTS...: the same on any number of ranks
everywhere() {
    local ranks
    train 1 one.model "$@"
    for ranks in 3 5; do
        train $ranks many.model "$@"
        same many.model "$* on $ranks ranks"
    done
}
everywhere covisit --dataset shop.ds --half-life 20d --pair-power .5 --neighbours 7
OMP_NUM_THREADS=3 train 2 many.model covisit --dataset shop.ds --half-life 20d --pair-power .5 --neighbours 7 --buffer 1K
same many.model "covisit with threads and a small buffer"
everywhere content --dataset shop.ds --hide-items .1
everywhere popular --dataset shop.ds --trend --half-life 7d
everywhere content --dataset text.ds --until none --max-items 60 --max-share 1 --neighbours 9 --cold-neighbours 4
/usr/bin/python3 "$check" text one.model items.csv 60 9 4 >check.txt 2>&1 || fail "content: $(tail -2 check.txt)"
OMP_NUM_THREADS=3 train 2 many.model content --dataset text.ds --until none --max-items 60 --max-share 1 --neighbours 9 --cold-neighbours 4
same many.model "content with threads"
everywhere content --dataset text.ds --until none --item-vectors v.npy --item-vector-ids v.txt --neighbours 9 --cold-neighbours 4
/usr/bin/python3 "$check" vectors one.model v.npy v.txt 9 4 >check.txt 2>&1 || fail "vectors: $(tail -2 check.txt)"
train 2 many.model content --dataset text.ds --until none --item-vectors v8.npy --item-vector-ids v.txt --neighbours 9 --cold-neighbours 4
same many.model "vectors in double precision"
everywhere category --dataset shop.ds --neighbours 20
everywhere category --dataset kinds.ds --until none --popularity-half-life none --neighbours 45
/usr/bin/python3 "${check/content/category}" one.model kinds.csv 45 kind,maker >check.txt 2>&1 || fail "category: $(tail -2 check.txt)"

# expect CODE TEXT COMMAND...
expect() {
    local code=$1 text=$2 got=0
    shift 2
    "$SOUK_BIN/souk-train" "$@" --out x.model >out.txt 2>&1 || got=$?
    [ $got = "$code" ] || fail "$*: exit code $got, not $code: $(tail -3 out.txt)"
    grep -q -- "$text" out.txt || fail "$*: no '$text' in: $(tail -3 out.txt)"
}
vectors() { expect "$1" "$2" content --dataset text.ds --until none --item-vectors "$3" --item-vector-ids "$4"; }
head -c 5000 v.npy >cut.npy
vectors 3 'row 9, column 0 is not a finite' bad.npy v.txt
vectors 3 'two dimensions' flat.npy v.txt
vectors 3 "not '<f4' or '<f8'" ints.npy v.txt
vectors 3 'size is not that of its shape' cut.npy v.txt
vectors 3 'not a .npy file' items.csv v.txt
vectors 3 '2 lines, but' v.npy short.txt
vectors 3 'has a row already' v.npy twice.txt
vectors 1 'nowhere.npy' nowhere.npy v.txt
expect 2 'go together' content --dataset text.ds --item-vectors v.npy
expect 2 'half-life' covisit --dataset shop.ds --half-life 0ms
expect 2 'exponent' covisit --dataset shop.ds --exponent 2
expect 2 'needs a --half-life' popular --dataset shop.ds --trend
ingest 1 --format csv --out bare.ds events.csv 2>/dev/null || fail "ingest without texts"
expect 3 'nothing is known of its items' content --dataset bare.ds --until none
expect 3 'nothing sorts its items' category --dataset bare.ds --until none
[ ! -e x.model ] && [ ! -e .x.model.partial ] || fail "output was left behind"
finish
