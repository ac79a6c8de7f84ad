#!/usr/bin/env bash
# souk-train ranker on LightGBM's own example of lambdarank: LightGBM's trees, whatever the seed and
# the ranks, and hence its NDCG@10 (.7478).
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"
data=${SOUK_REFERENCE_DATA:-}/lightgbm_lambdarank
[ -e "$data/rank.train.zst" ] || skip "no reference data in SOUK_REFERENCE_DATA"
command -v zstd >/dev/null || skip "zstd is not installed"
for name in rank.train rank.train.query rank.test rank.test.query; do
    zstd -q -d -c "$data/$name.zst" >$name
done

# train NAME RANKS ARGUMENTS...: NAME.model and NAME.txt, with NDCG@10 of at least .74
train() {
    mpirun -n "$2" "$SOUK_BIN/souk-train" ranker --train rank.train --valid rank.test --objective lambdarank \
        --min-rows 50 --min-hessian 5 --out "$1.model" "${@:3}" >"$1.txt" 2>err.txt || fail "$1: $(tail -2 err.txt)"
    awk '{ for (i = 1; i < NF; i++) if ($i == "ndcg@10" && $(i + 1) + 0 >= .74) ok = 1 } END { exit !ok }' "$1.txt" ||
        fail "$1: NDCG@10 below .74: $(cat "$1.txt")"
}

train default 1
train ranks 3
cmp -s default.model ranks.model || fail "another model on 3 ranks"

# Nothing is sampled, so nothing is left to chance: the mean over seeds is the figure of each.
for seed in 0 19; do
    train seed$seed 2 --seed $seed
    cmp -s default.model seed$seed.model || fail "another model with seed $seed"
done

# Features of the splits of LightGBM 4.6's first ten trees, node by node.
splits=$(grep '^split_feature=' default.model | head -10 | cksum)
[ "$splits" = "4244807470 1199" ] || fail "the first ten trees are not LightGBM's: $splits"
cat default.txt
finish
