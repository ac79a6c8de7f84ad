#!/usr/bin/env bash
# souk-train als --init-from: yesterday's model brings today's to the same loss in fewer epochs; the
# same bits on any ranks; models that do not fit are refused.
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"

"$SOUK_BIN/souk-generate" --visitors 3000 --items 300 --out shop 2>/dev/null || fail "generate"
ingest 2 --format retailrocket --split 0.9 --out shop.ds shop 2>/dev/null || fail "ingest"
ingest 2 --format retailrocket --split 0.9 --parts 5 --out cut.ds shop 2>/dev/null || fail "ingest in 5 parts"

# train RANKS NAME ARGUMENTS...
train() {
    local ranks=$1 name=$2
    shift 2
    mpirun -n "$ranks" "$SOUK_BIN/souk-train" als --factors 32 --out "$name.model" "$@" >"$name.out" 2>"$name.err"
}
loss() { awk -v e="$2" '$1 == "epoch" && $2 == e { print $4 }' "$1.out"; }
at_most() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a <= b) }' || fail "$3: $1 is more than $2"; }
same() {
    local file
    for file in "$1".model/part-*.h5; do
        cmp -s "$file" "$2.model/$(basename "$file")" || { fail "$3: $(basename "$file") differs"; return; }
    done
}

train 2 yesterday --dataset shop.ds --epochs 10 || fail "yesterday's model"
train 1 cold --dataset shop.ds --until none --epochs 10 || fail "today's model, cold"
for solver in cholesky cg; do
    train 1 warm --dataset shop.ds --until none --epochs 4 --solver $solver --init-from yesterday.model ||
        fail "today's model, warm: $(tail -1 warm.err)"
    at_most "$(loss warm 4)" "$(loss cold 10)" "$solver: loss after 4 warm epochs, 10 cold ones"
    for ranks in 2 3; do
        train $ranks many --dataset shop.ds --until none --epochs 4 --solver $solver --init-from yesterday.model ||
            fail "warm on $ranks ranks"
        same warm many "$solver, warm on $ranks ranks"
    done
done
grep -q 'warm_start .*users=2790 of=3000 items=296 of=300' warm.err ||
    fail "not as many rows were found as yesterday's model has: $(grep warm_start warm.err)"

# A dataset in other parts: found by id all the same.
train 3 cut --dataset cut.ds --until none --epochs 4 --init-from yesterday.model || fail "warm in 5 parts"
grep -q 'warm_start .*users=2790 of=3000 items=296 of=300' cut.err || fail "5 parts: $(grep warm_start cut.err)"
at_most "$(loss cut 4)" "$(loss cold 10)" "loss in 5 parts"

# Interrupted and resumed: the earlier model is read once.
train 2 half --dataset shop.ds --until none --epochs 2 --init-from yesterday.model --checkpoint half.ck --checkpoint-epochs 1 ||
    fail "the first half"
mv yesterday.model moved.model
train 1 half --dataset shop.ds --until none --epochs 4 --init-from moved.model --checkpoint half.ck --resume ||
    fail "the second half: $(tail -1 half.err)"
grep -q warm_start half.err && fail "a resumed run started from the earlier model again"
train 1 straight --dataset shop.ds --until none --epochs 4 --init-from moved.model || fail "warm, not interrupted"
same straight half "interrupted and resumed"

# expect CODE TEXT ARGUMENTS...
expect() {
    local code=$1 text=$2 got=0
    shift 2
    train 2 expect --dataset shop.ds "$@" || got=$?
    [ $got = "$code" ] || fail "$*: exit code $got, not $code: $(tail -2 expect.err)"
    grep -q -- "$text" expect.err || fail "$*: no '$text' in: $(tail -2 expect.err)"
}
mpirun -n 1 "$SOUK_BIN/souk-train" popular --dataset shop.ds --out popular.model 2>/dev/null
expect 2 'it has 32 factors' --factors 16 --init-from moved.model
expect 2 'of kind popular' --init-from popular.model
expect 1 'nowhere.model' --init-from nowhere.model
printf 'x' | dd of=moved.model/part-0003.h5 bs=1 seek=3000 conv=notrunc 2>/dev/null
expect 3 'part-0003.h5' --init-from moved.model
finish
