#!/usr/bin/env bash
# souk-train als --checkpoint: what is damaged or of another run is refused with its reason; a full disk
# keeps the checkpoint that is there and does not end the training.
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"

"$SOUK_BIN/souk-generate" --visitors 3000 --items 300 --out shop 2>/dev/null || fail "generate"
ingest 2 --format retailrocket --split 0.9 --out shop.ds shop 2>/dev/null || fail "ingest"

# train RANKS NAME ARGUMENTS...; one rank goes without mpirun, which takes a second to end
train() {
    local launch=(mpirun -n "$1") name=$2
    [ "$1" != 1 ] || launch=()
    shift 2
    "${launch[@]}" "$SOUK_BIN/souk-train" als --dataset shop.ds --epochs 20 --seed 3 --factors 64 \
        --out "$name.model" "$@" >"$name.out" 2>"$name.err"
}
same() {
    local file
    for file in whole.model/part-*.h5; do
        cmp -s "$file" "$1.model/$(basename "$file")" || { fail "$2: $(basename "$file") differs"; return; }
    done
}

train 2 whole --checkpoint good.ck --checkpoint-epochs 10 || fail "train: $(tail -1 whole.err)"

# expect CODE TEXT RANKS ARGUMENTS...
expect() {
    local code=$1 text=$2 ranks=$3 got=0
    shift 3
    train "$ranks" expect "$@" || got=$?
    [ $got = "$code" ] || fail "$*: exit code $got, not $code: $(tail -2 expect.err)"
    grep -q -- "$text" expect.err || fail "$*: no '$text' in: $(tail -2 expect.err)"
    [ ! -e expect.model ] || fail "$*: a model was written"
}

# What is damaged, or of another run, is refused.
cp -r good.ck bad.ck
printf 'x' | dd of=bad.ck/part-0003.h5 bs=1 seek=3000 conv=notrunc 2>/dev/null
expect 3 'part-0003.h5: damaged' 2 --checkpoint bad.ck --resume
cp good.ck/part-0003.h5 bad.ck && truncate -s -100 bad.ck/checkpoint.h5
expect 3 'checkpoint.h5' 1 --checkpoint bad.ck --resume
cp good.ck/part-0004.h5 bad.ck/part-0003.h5 && cp good.ck/checkpoint.h5 bad.ck
expect 3 'not the file that the manifest names' 1 --checkpoint bad.ck --resume
expect 3 'seed = 3, this run has 4' 1 --checkpoint good.ck --resume --seed 4
expect 3 'factors = 64, this run has 32' 1 --checkpoint good.ck --resume --factors 32
expect 2 'behind --epochs' 1 --checkpoint good.ck --resume --epochs 1
expect 2 'need --checkpoint' 1 --resume
expect 2 'are the same folder' 1 --checkpoint expect.model
expect 1 'nowhere' 1 --checkpoint nowhere/x.ck
mkdir mine && touch mine/file
expect 1 'not ours to replace' 1 --checkpoint mine
ingest 2 --format retailrocket --split 0.8 --out other.ds shop 2>/dev/null || fail "ingest"
expect 3 'another dataset' 1 --dataset other.ds --checkpoint good.ck --resume

# A disk that takes one checkpoint and not two: a warning, the first one stays, the training goes on.
mkdir small
need=$(($(du -sk good.ck | cut -f1) * 3 / 2))
if mount -t tmpfs -o size=${need}k tmpfs small 2>/dev/null; then
    trap 'umount -l "$work/small"; rm -rf "$work"' EXIT
    train 2 full --checkpoint small/ck --checkpoint-epochs 8 || fail "a full disk ended the training: $(tail -2 full.err)"
    same full "with a full disk"
    [ "$(grep -c 'checkpoint_failed.*disk full' full.err)" = 1 ] || fail "a full disk was not warned of: $(cat full.err)"
    [ ! -e small/.ck.partial ] || fail "a full disk left a half checkpoint"
    train 1 full --checkpoint small/ck --resume --checkpoint-minutes 0 || fail "resume from a full disk: $(tail -2 full.err)"
    grep -q 'resumed.*epoch=8' full.err || fail "a full disk did not keep the checkpoint: $(cat full.err)"
    same full "resumed from a full disk"
else
    echo "not tried: a full disk (mount is not permitted)"
fi
finish
