#!/usr/bin/env bash
# souk-train logistic: weights within 1e-6 of Newton's method in numpy, the same bytes on 1, 2, 3 and
# 5 ranks, and what is refused.
check=$(realpath "$(dirname "$0")/logistic_check.py")
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"
/usr/bin/python3 -c 'import numpy' 2>/dev/null || skip "python3-numpy is not installed"

/usr/bin/python3 - <<'PY'
import numpy as np
rng = np.random.default_rng(3)


def write(name, x, y, sizes):
    np.savez(name + ".npz", x=x, y=y >= 1)
    query = np.repeat(np.arange(len(sizes)), sizes)
    with open(name + ".csv", "w") as f:
        f.write("label,query," + ",".join(f"f{j}" for j in range(x.shape[1])) + "\n")
        for label, q, row in zip(y, query, x):
            f.write(f"{label},{q}," + ",".join("" if np.isnan(v) else f"{v:.9g}" for v in row) + "\n")


n = 2000
x = rng.normal(size=(n, 6)).astype(np.float32)
x[:, 1] = np.exp(3 * x[:, 1])                  # heavy tail
x[:, 2] = 1e6 + 100 * x[:, 2]                  # far from 0
x[:, 3] = .1                                   # constant
x[rng.random(n) < .3, 4] = np.nan
x[:, 5] = np.nan                               # never there
z = x[:, 0] + .3 * np.log(x[:, 1]) + np.isnan(x[:, 4]) + rng.logistic(size=n)
sizes = rng.multinomial(n - 200, np.ones(200) / 200) + 1
write("many", x, np.digitize(z, [0, 1, 2]), sizes)
write("few", x[:3], np.array([0, 1, 0]), [1, 1, 1])
write("same", x[:9], np.zeros(9, int), [4, 5])
PY

# train NAME RANKS ARGUMENTS...: NAME-RANKS.json
train() {
    mpirun -n "$2" "$SOUK_BIN/souk-train" logistic --train "$1.csv" --out "$1-$2.json" "${@:3}" \
        >"$1-$2.txt" 2>err.txt || fail "logistic $1 on $2 ranks: $(tail -1 err.txt)"
}

for ranks in 1 2 3 5; do
    train many $ranks --valid many.csv
    cmp -s many-1.json many-$ranks.json || fail "$ranks ranks: another model"
    diff <(grep -v seconds many-1.txt) <(grep -v seconds many-$ranks.txt) || fail "$ranks ranks: other figures"
done
/usr/bin/python3 "$check" many.npz many-1.json || fail "many"
train few 5 --l2 .5
/usr/bin/python3 "$check" few.npz few-5.json --l2 .5 || fail "few"
train same 2 # one label only: the intercept wants to go to infinity, and the search still ends
train many 1 --l2 1e6
/usr/bin/python3 "$check" many.npz many-1.json --l2 1e6 || fail "a large penalty"

# expect CODE TEXT COMMAND...
expect() {
    local code=$1 text=$2 got=0
    shift 2
    "$@" >out.txt 2>&1 || got=$?
    [ $got = "$code" ] || fail "$*: exit code $got, not $code: $(tail -3 out.txt)"
    grep -q -e "$text" out.txt || fail "$*: no '$text': $(tail -3 out.txt)"
}
printf 'label,query,f0\n1,1,inf\n' >infinite.csv
expect 2 "l2" "$SOUK_BIN/souk-train" logistic --train few.csv --out x.json --l2 -1
expect 2 "train" "$SOUK_BIN/souk-train" logistic --out x.json
expect 1 "none.csv" "$SOUK_BIN/souk-train" logistic --train none.csv --out x.json
expect 3 "infinite" "$SOUK_BIN/souk-train" logistic --train infinite.csv --out x.json
expect 2 "clicked" "$SOUK_BIN/souk-train" logistic --train few.csv --label-column clicked --out x.json
[ ! -e x.json ] || fail "a model was written after an error"
finish
