#!/usr/bin/env bash
# souk-train ranker on LightGBM's own example of lambdarank, as well as LightGBM to what 50 queries
# tell apart, and the same model on any number of ranks.
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"
data=${SOUK_REFERENCE_DATA:-}/lightgbm_lambdarank
[ -e "$data/rank.train.zst" ] || skip "no reference data in SOUK_REFERENCE_DATA"
command -v zstd >/dev/null || skip "zstd is not installed"
for name in rank.train rank.train.query rank.test rank.test.query; do
    zstd -q -d -c "$data/$name.zst" >$name
done
for ranks in 1 3; do
    mpirun -n $ranks "$SOUK_BIN/souk-train" ranker --train rank.train --valid rank.test --objective lambdarank \
        --min-rows 50 --min-hessian 5 --out $ranks.model >$ranks.txt 2>err.txt || fail "$(tail -2 err.txt)"
done
cmp -s 1.model 3.model || fail "another model on 3 ranks"
awk '{ for (i = 1; i < NF; i++) if ($i == "ndcg@10" && $(i + 1) + 0 >= .74) ok = 1 } END { exit !ok }' 1.txt ||
    fail "NDCG@10 below .74: $(cat 1.txt)"
cat 1.txt
finish
