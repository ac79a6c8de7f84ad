#!/usr/bin/env bash
# souk-train als: the same model, to the byte, with and without shared memory, in chunks, on pretended
# nodes, under a memory limit, and where /dev/shm is too small; the bytes that the epochs report.
. "$(dirname "$0")/ingest_lib.sh"

"$SOUK_BIN/souk-generate" --visitors 3000 --items 300 --out shop 2>/dev/null || fail "generate"
ingest 2 --format retailrocket --split 0.9 --out shop.ds shop 2>/dev/null || fail "ingest"

# train RANKS OUT ARGUMENTS...: leaves OUT.txt and OUT.err
train() {
    local ranks=$1 out=$2
    shift 2
    mpirun -n "$ranks" "$SOUK_BIN/souk-train" als --dataset shop.ds --epochs 3 --seed 3 --out "$out" "$@" \
        >"$out.txt" 2>"$out.err"
}

# same RANKS ARGUMENTS...: trains, and compares with one.model
same() {
    local file
    train "$1" many.model "${@:2}" || { fail "train on $*: $(tail -2 many.model.err)"; return; }
    for file in one.model/part-*.h5; do
        cmp -s "$file" "many.model/${file##*/}" || { fail "$*: ${file##*/} differs"; return; }
    done
}

# field NAME: of the last epoch of many.model
field() { awk -v name="$1" '{ for (i = 1; i < NF; i++) if ($i == name) value = $(i + 1) } END { print value }' many.model.txt; }
check() { awk "BEGIN { exit !($1) }" || fail "$2: not $1"; }
need() { sed -n 's/.* memory .*bytes_per_rank_at_most=\([0-9]*\).*/\1/p' "$1.err" | head -1; }

for solver in cholesky cg; do
    train 1 one.model --solver $solver || fail "train on one rank"
    same 2 --solver $solver
    check "$(field sent) == 0 && $(field volume) > 0" "shared memory sends nothing"
    same 3 --solver $solver --shared-memory off --chunks 1
    check "$(field sent) == $(field volume)" "each row once to each rank that needs it"
    same 5 --solver $solver --shared-memory off --chunks 7 --partition lopsided
    check "$(field sent) == $(field volume)" "chunks send as much"
    same 5 --solver $solver --ranks-per-node 2
    check "$(field sent) > 0 && $(field sent) < $(field volume)" "each row once to each node that needs it"
    same 3 --solver $solver --ranks-per-node 2 --partition idle-rank --threads 2
done
train 1 one.model || fail "train on one rank"
same 3 --rebalance --shared-memory off
grep -q 'rebalanced .*imbalance_users=' many.model.err || fail "--rebalance did not"
same 3 --memory-limit 250k
check "$(field ratio) > 1" "batches need rows more than once"
for ranks in 1 2; do
    train $ranks all.model || fail "train on $ranks"
    same $ranks --memory-limit $(($(need all.model) / 4))
    grep -q 'memory_limit .*item_batches=' many.model.err || fail "a quarter of the need went unlimited"
done

train 3 half.model --shared-memory off --wire bf16 || fail "bf16"
cp half.model.txt many.model.txt
check "$(field ratio) == 0.5" "bf16 halves the bytes"
loss=$(field loss)
cp one.model.txt many.model.txt
check "$loss / $(field loss) < 1.001 && $loss / $(field loss) > .999" "bf16 trains nearly the same model"

# expect CODE TEXT ARGUMENTS...
expect() {
    local got=0
    train 2 bad.model "${@:3}" || got=$?
    [ $got = "$1" ] || fail "${*:3}: exit code $got, not $1"
    grep -q -- "$2" bad.model.err || fail "${*:3}: no '$2' in: $(head -3 bad.model.err)"
    [ ! -e bad.model ] || fail "${*:3}: left a model"
}
expect 1 'bytes a rank would do' --memory-limit 20k
expect 1 'nowhere' --memory-limit 200k --scratch nowhere
expect 2 'wire' --wire fp16
expect 2 'memory-limit' --memory-limit much

# A small /dev/shm: a warning, and the same model.
if unshare --mount true 2>/dev/null; then
    for size in 1m 3m; do
        rm -rf many.model
        unshare --mount bash -c "mount -t tmpfs -o size=$size tmpfs /dev/shm && exec mpirun -n 2 \
            '$SOUK_BIN/souk-train' als --dataset shop.ds --epochs 3 --seed 3 --factors 256 --out many.model" \
            >many.model.txt 2>many.model.err || fail "train with a /dev/shm of $size: $(tail -2 many.model.err)"
        grep -q 'WARN.*every rank holds its rows for itself' many.model.err || fail "no warning about $size"
        train 2 wide.model --factors 256
        for file in wide.model/part-*.h5; do
            cmp -s "$file" "many.model/${file##*/}" || fail "/dev/shm of $size: ${file##*/} differs"
        done
    done
else
    echo "not tried: a small /dev/shm (unshare is not permitted)"
fi
finish
