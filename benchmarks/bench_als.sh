#!/usr/bin/env bash
# bench_als.sh TRAIN.csv [FACTORS...]: seconds per epoch of ALS (users and items), and loss over time,
# for each solver.
#
# TRAIN.csv has lines u,i,w without header, e.g. the benchmark set of 100,000 x 50,000 with 2,679,457
# pairs. Objective as the library `implicit`: confidence 40 * w, regularization .01. Two ranks of one
# thread; SOUK_EPOCHS (15) epochs, the first is the warm-up. Default sizes: 64 128 256.
#
# One JSON line per solver and size: min, median and p95 of the seconds of an epoch and of its stages,
# what `implicit` 0.7.3 takes with 2 threads on a machine of 2 cores and AVX-512 and the ratio to it,
# the loss after each epoch with the seconds until then, and as a residual the largest relative rise of
# the loss from one epoch to the next (0 for an exact solver).
# SOUK_PEER=1 also runs peer_als.py (minutes; `implicit` itself where it is installed) and prints both
# losses from the factors. SOUK_SOLVERS="cg cholesky ialspp" chooses the solvers.
set -euo pipefail
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMP_NUM_THREADS=1
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
[ $# -ge 1 ] || { sed -n '2,16s/^# \?//p' "$0"; exit 2; }

here=$(cd "$(dirname "$0")" && pwd)
bin=${SOUK_BIN:-$here/../build/release/bin}
train=$(realpath "$1")
epochs=${SOUK_EPOCHS:-15}
shift
[ $# -gt 0 ] || set -- 64 128 256
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

awk 'BEGIN { print "user,item,weight,timestamp" } { print $0 ",0" }' "$train" >"$work/train.csv"
mpirun -n 2 "$bin/souk-ingest" --format csv --user-column user --item-column item --value-column weight \
  --time-column timestamp --out "$work/train.ds" "$work/train.csv" 2>/dev/null

commit=$("$bin/souk-train" --version | sed 's/.*(\(.*\))/\1/')
cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)
for factors in "$@"; do
  for solver in ${SOUK_SOLVERS:-cg cholesky ialspp}; do
    mpirun -n 2 "$bin/souk-train" als --dataset "$work/train.ds" --objective implicit --alpha 40 \
      --confidence-offset 0 --regularization 0.01 --solver "$solver" --factors "$factors" --block 128 \
      --epochs "$epochs" --out "$work/train.model" >"$work/epochs.txt" 2>"$work/log.txt"
    /usr/bin/python3 - "$work" "$solver" "$factors" "$commit" "$cpu" <<'PY'
import json, re, sys
work, solver, d, commit, cpu = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]
epochs = [{k: float(v) for k, v in re.findall(r"(\w+) ([\d.e+]+)", line)} for line in open(work + "/epochs.txt") if line.startswith("epoch ")]
pairs, users, items = map(int, re.search(r"pairs=(\d+) users=(\d+) items=(\d+)", open(work + "/log.txt").read()).groups())
losses = [e["loss"] for e in epochs]
timed = epochs[1:] or epochs

def stage(name):
    s = sorted(e.get(name, 0) for e in timed)
    return {"min": s[0], "median": s[len(s) // 2], "p95": s[int(.95 * (len(s) - 1))]}

spent, curve = 0, []
for e in epochs:
    spent += e["seconds"]
    curve.append([round(spent, 3), e["loss"]])
peer = {("cg", 64): .53, ("cg", 128): .90, ("cg", 256): 1.67, ("cholesky", 64): 2.5, ("cholesky", 128): 7.2}.get((solver, d))
seconds = stage("seconds")
print(json.dumps({
    "bench": "als", "commit": commit, "cpu": cpu, "ranks": 2, "threads": 1, "seed": 1, "users": users, "items": items, "pairs": pairs,
    "solver": solver, "factors": d, "repetitions": len(timed), "seconds": seconds, "solve": stage("solve"), "basis": stage("basis"), "wait": stage("wait"),
    "implicit_seconds": peer, "times_faster": round(peer / seconds["min"], 2) if peer else None, "loss_over_time": curve, "loss": losses[-1],
    "residual": max([b / a - 1 for a, b in zip(losses, losses[1:])] + [0])}))
PY
    if [ "${SOUK_PEER:-0}" = 1 ]; then /usr/bin/python3 "$here/peer_als.py" "$train" "$work/train.model" "$epochs"; fi
  done
done
