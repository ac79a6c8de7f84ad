#!/usr/bin/env bash
# souk-train als: the same model files, to the byte, on 1, 2, 3 and 5 ranks, with lopsided partitions,
# an empty rank and other numbers of threads; the loss never rises; what goes wrong says so.
. "$(dirname "$0")/ingest_lib.sh"

"$SOUK_BIN/souk-generate" --visitors 3000 --items 300 --out shop 2>/dev/null || fail "generate"
ingest 2 --format retailrocket --split 0.9 --out shop.ds shop 2>/dev/null || fail "ingest"

# train RANKS OUT ARGUMENTS...
train() {
    local ranks=$1 out=$2
    shift 2
    mpirun -n "$ranks" "$SOUK_BIN/souk-train" als --dataset shop.ds --epochs 4 --seed 3 --out "$out" "$@" 2>"$out.err"
}

# same OUT WHAT: against one.model
same() {
    local file
    for file in one.model/part-*.h5; do
        cmp -s "$file" "$1/$(basename "$file")" || { fail "$2: $(basename "$file") differs"; return; }
    done
}

for solver in cholesky cg; do
    train 1 one.model --solver $solver >loss.txt || fail "train on one rank"
    for ranks in 2 3 5; do
        train $ranks many.model --solver $solver >/dev/null || fail "train on $ranks ranks"
        same many.model "$solver on $ranks ranks"
    done
    for rule in lopsided idle-rank; do
        train 3 many.model --solver $solver --partition $rule >/dev/null || fail "train $rule"
        same many.model "$solver, partition $rule"
    done
    train 2 many.model --solver $solver --threads 2 >/dev/null || fail "train with threads"
    same many.model "$solver with 2 threads"
done

train 1 exact.model --solver cholesky >loss.txt
awk '$3 == "loss" { if (n++ && $4 > last * (1 + 1e-6)) bad = 1; last = $4 } END { exit bad || n != 4 }' loss.txt ||
    fail "the loss rises: $(cat loss.txt)"

# With recency, and with weights that rows take along when they move.
train 1 one.model --half-life 20d >/dev/null || fail "train with a half-life"
cmp -s one.model/part-0003.h5 exact.model/part-0003.h5 && fail "the half-life does nothing"
train 3 many.model --half-life 20d --partition lopsided --rebalance >/dev/null || fail "train with a half-life on 3 ranks"
same many.model "a half-life on 3 ranks, rebalanced"

# expect CODE TEXT COMMAND...
expect() {
    local code=$1 text=$2 got=0
    shift 2
    "$@" >out.txt 2>&1 || got=$?
    [ $got = "$code" ] || fail "$*: exit code $got, not $code: $(head -3 out.txt)"
    grep -q -- "$text" out.txt || fail "$*: no '$text' in: $(head -3 out.txt)"
}
souk_train() { mpirun -n 2 "$SOUK_BIN/souk-train" "$@"; }

expect 1 'nowhere.ds' souk_train als --dataset nowhere.ds --out x.model
expect 2 'factors' souk_train als --dataset shop.ds --factors 4 --out x.model
expect 2 'dataset' souk_train als --out x.model
expect 2 'half-life' souk_train als --dataset shop.ds --half-life 20 --out x.model
expect 2 'half-life' souk_train als --dataset shop.ds --objective explicit --half-life 20d --out x.model
expect 2 'unknown command' souk_train xyz
expect 1 'nowhere' souk_train als --dataset shop.ds --epochs 1 --out nowhere/x.model
cp -r shop.ds bad.ds
printf 'x' | dd of=bad.ds/part-0003.h5 bs=1 seek=3000 conv=notrunc 2>/dev/null
expect 3 'part-0003.h5' souk_train als --dataset bad.ds --epochs 1 --out x.model
[ ! -e x.model ] && [ ! -e .x.model.partial ] || fail "output was left behind"

# A full disk: the message says so, and nothing stays.
mkdir small
if mount -t tmpfs -o size=256k tmpfs small 2>/dev/null; then
    expect 1 'disk full' souk_train als --dataset shop.ds --epochs 1 --out small/x.model
    [ -z "$(ls -A small)" ] || fail "a full disk left $(ls -A small)"
    umount small
else
    echo "not tried: a full disk (mount is not permitted)"
fi

# A rank that dies leaves nothing under the model's name.
mpirun -n 2 "$SOUK_BIN/souk-train" als --dataset shop.ds --epochs 10000 --out killed.model >killed.txt 2>&1 &
job=$!
for _ in $(seq 100); do grep -q 'epoch 2' killed.txt && break; sleep .1; done
pkill -9 -n -f 'killed.model' || fail "there was no rank to kill"
if wait $job; then fail "a killed rank went unnoticed"; fi
[ ! -e killed.model ] || fail "a killed run left a model"
finish
