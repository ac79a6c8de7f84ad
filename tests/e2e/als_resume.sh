#!/usr/bin/env bash
# souk-train als --resume: every solver, taken up on other numbers of ranks, with and without shared
# memory, gives the part files of a run that was not interrupted; so do --rebalance, interrupted before,
# at and after its turn, and a memory limit.
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"

"$SOUK_BIN/souk-generate" --visitors 2000 --items 300 --out shop 2>/dev/null || fail "generate"
ingest 2 --format retailrocket --split 0.9 --out shop.ds shop 2>/dev/null || fail "ingest"

# train RANKS NAME ARGUMENTS...; one rank goes without mpirun, which takes a second to end
train() {
    local launch=(mpirun -n "$1") name=$2
    [ "$1" != 1 ] || launch=()
    shift 2
    "${launch[@]}" "$SOUK_BIN/souk-train" als --dataset shop.ds --seed 3 --factors 40 --solver "$solver" --block 16 \
        --out "$name.model" "$@" >"$name.out" 2>"$name.err" || fail "$solver, $name: $(tail -1 "$name.err")"
}
same() {
    local file
    for file in whole.model/part-*.h5; do
        cmp -s "$file" "$1.model/$(basename "$file")" || { fail "$solver, $2: $(basename "$file") differs"; return; }
    done
}

for solver in cholesky cg ialspp; do
    rm -rf -- *.ck *.model
    train 1 whole --epochs 7
    train 2 half --epochs 3 --checkpoint half.ck --checkpoint-epochs 3
    cp -r half.ck apart.ck
    train 1 half --epochs 7 --checkpoint half.ck --resume
    same half "from 2 ranks to 1"
    train 3 apart --epochs 5 --checkpoint apart.ck --checkpoint-epochs 5 --resume --shared-memory off
    train 5 apart --epochs 7 --checkpoint apart.ck --resume --ranks-per-node 2
    same apart "from 2 ranks to 3 apart to 5 on 3 nodes"
    grep -q 'resumed.*epoch=5' apart.err || fail "$solver: did not resume: $(tail -1 apart.err)"
done

solver=cholesky
rm -rf -- *.ck *.model
train 1 whole --epochs 7
for epochs in 1 2 3; do
    train 2 "moved$epochs" --epochs $epochs --rebalance --checkpoint moved.ck --checkpoint-epochs 1
    train 3 "moved$epochs" --epochs 7 --rebalance --checkpoint moved.ck --checkpoint-epochs 1 --resume
    same "moved$epochs" "rebalanced, interrupted after epoch $epochs"
    grep -q rebalanced "moved$epochs.err" || fail "the run from epoch $epochs did not rebalance"
    rm -rf moved.ck
done
need=$(sed -n 's/.*bytes_per_rank_at_most=\([0-9]*\).*/\1/p' whole.err | head -1)
train 2 limited --epochs 3 --memory-limit $((need / 2)) --checkpoint limited.ck --checkpoint-epochs 3
train 1 limited --epochs 7 --memory-limit $((need / 3)) --checkpoint limited.ck --resume
grep -q memory_limit limited.err || fail "the limit did not act"
same limited "under a memory limit"
finish
