#!/usr/bin/env bash
# souk-train ease and svd against numpy and scipy on 1 to 6 ranks: odd sizes, blocks that
# leave ranks empty, one user, one item, a matrix of rank 1; and what is refused.
check=$(realpath "$(dirname "$0")/linear_check.py")
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"
/usr/bin/python3 -c 'import h5py, scipy' 2>/dev/null || skip "python3-scipy or python3-h5py is not installed"

/usr/bin/python3 - <<'PY'
import random
random.seed(5)

def write(name, pairs):
    with open(name, "w") as f:
        f.write("user,item,timestamp,event,price\n")
        for n, (user, item) in enumerate(pairs):
            f.write(f"{user},{item},{1600000000 + n},transaction,1\n")

write("many.csv", [(u, i) for u in range(301) for i in range(97) if random.random() < 2 / (2 + i) + .02])
write("one.csv", [("u", i) for i in range(7)])
write("lone.csv", [(u, "i") for u in range(5)])
write("same.csv", [(u, i) for u in range(20) for i in range(13)])
write("apart.csv", [(u, i) for u in range(30) for i in range(11) if u % 3 == i % 3])
PY
for name in many one lone same apart; do
    ingest 1 --format csv --out $name.ds $name.csv 2>/dev/null || fail "ingest $name"
done

# train KIND NAME RANKS ARGUMENTS...: the model KIND-NAME-RANKS.model
train() {
    mpirun -n "$3" "$SOUK_BIN/souk-train" "$1" --dataset "$2.ds" --until none --out "$1-$2-$3.model" "${@:4}" 2>err.txt ||
        fail "train $1 $2 on $3 ranks: $(tail -1 err.txt)"
}

for ranks in 1 2 4 6; do
    train ease many $ranks --lambda 3 --block 5
    train svd many $ranks --factors 9 --tolerance 1e-9
done
train ease one 6 --lambda 3
train ease lone 2 --lambda 3
train ease same 5 --lambda 3 --block 3
train ease apart 6 --lambda 3 --block 2
train svd one 6 --factors 64
train svd lone 2 --factors 3
train svd same 5 --factors 5 --depth 2
train svd apart 3 --factors 4
/usr/bin/python3 "$check" ease --lambda 3 ease-*.model >check.txt 2>&1 || fail "ease: $(tail -6 check.txt)"
/usr/bin/python3 "$check" svd svd-*.model >check.txt 2>&1 || fail "svd: $(tail -4 check.txt)"
rm -r ./*.model

train ease many 3 --lambda 3 --items-limit 31 --neighbours 7 --weight-power .5
/usr/bin/python3 "$check" ease --lambda 3 --limit 31 --neighbours 7 ease-many-3.model >check.txt 2>&1 ||
    fail "ease with a limit: $(tail -6 check.txt)"

# expect CODE TEXT COMMAND...
expect() {
    local code=$1 text=$2 got=0
    shift 2
    "$@" >out.txt 2>&1 || got=$?
    [ $got = "$code" ] || fail "$*: exit code $got, not $code: $(tail -3 out.txt)"
    grep -q -- "$text" out.txt || fail "$*: no '$text' in: $(tail -3 out.txt)"
}
souk_train() { mpirun -n 2 "$SOUK_BIN/souk-train" "$@" --dataset many.ds --until none --out x.model; }
expect 1 'MiB, and --memory-limit is 0.1 MiB' souk_train ease --memory-limit 100K
expect 1 'MiB, and --memory-limit is 0.0 MiB' souk_train svd --memory-limit 10K
expect 1 'allow more --products' souk_train svd --factors 9 --products 1 --tolerance 1e-12
expect 2 'lambda' souk_train ease --lambda 0
expect 2 'factors' souk_train svd --factors 0
grep -q 'mib_per_rank' err.txt || fail "the need of memory is not said: $(cat err.txt)"
[ ! -e x.model ] && [ ! -e .x.model.partial ] || fail "output was left behind"
finish
