#!/usr/bin/env bash
# souk-train ranker: every objective learns, and gives the same model and the same importances on 1
# and 3 ranks.
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"

/usr/bin/python3 - <<'PY'
import random
random.seed(8)
for name, queries in (("train", 60), ("valid", 20)):
    with open(name + ".csv", "w") as f:
        f.write("label,query,good,noise,half\n")
        for q in range(queries):
            for _ in range(1 + q % 25):
                x = [random.gauss(0, 1) for _ in range(3)]
                label = x[0] + .5 * x[2] + random.gauss(0, .5) > .7
                half = "" if random.random() < .3 else f"{x[2]:.6g}"
                f.write(f"{label:d},{q},{x[0]:.6g},{x[1]:.6g},{half}\n")
PY

# train OBJECTIVE RANKS ARGUMENTS...: OBJECTIVE-RANKS.model and .txt
train() {
    mpirun -n "$2" "$SOUK_BIN/souk-train" ranker --train train.csv --valid valid.csv --objective "$1" \
        --trees 8 --leaves 6 --min-rows 10 --out "$1-$2.model" "${@:3}" >"$1-$2.txt" 2>err.txt ||
        fail "$1 on $2 ranks: $(tail -2 err.txt)"
}

for objective in lambdarank yetirank yetirank-pairwise pairlogit queryrmse logistic rmse; do
    for ranks in 1 3; do
        train $objective $ranks --permutation-importance 2
    done
    cmp -s $objective-1.model $objective-3.model || fail "$objective: other trees on 3 ranks"
    diff <(tail -n +2 $objective-1.txt) <(tail -n +2 $objective-3.txt) >/dev/null ||
        fail "$objective: other importances on 3 ranks"
    # The feature that makes the labels is the first, by its gain and by what is lost without it.
    awk 'NR == 3 { first = $1; drop = $5 } END { exit !(first == "good" && drop > .05) }' $objective-1.txt ||
        fail "$objective: $(cat $objective-1.txt)"
done
if cmp -s yetirank-1.model <(sed 's/yetirank-pairwise/yetirank/' yetirank-pairwise-1.model); then
    fail "the pairwise form changes nothing"
fi

got=0
"$SOUK_BIN/souk-train" ranker --train train.csv --permutation-importance 1 --out x.model >out.txt 2>&1 || got=$?
[ $got = 2 ] || fail "importance without a valid set: exit code $got"
grep -q -e --valid out.txt || fail "importance without a valid set: $(cat out.txt)"
finish
