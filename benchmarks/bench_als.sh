#!/usr/bin/env bash
# bench_als.sh TRAIN.csv [FACTORS...]: seconds per epoch of ALS (users and items) for each solver.
#
# TRAIN.csv has lines u,i,w without header, e.g. the benchmark set of 100,000 x 50,000 with 2,679,457
# pairs. Objective as the library `implicit`: confidence 40 * w, regularization .01. Two ranks of one
# thread; 15 epochs, the first is the warm-up. One JSON line per solver and size: min, median and p95 of
# the seconds, floating-point operations, the loss after the last epoch, and as a residual the largest
# relative rise of the loss from one epoch to the next (0 for an exact solver).
# SOUK_PEER=1 also runs peer_als.py (minutes) and prints both losses from the factors.
set -euo pipefail
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMP_NUM_THREADS=1
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
[ $# -ge 1 ] || { sed -n '2,11s/^# \?//p' "$0"; exit 2; }

here=$(cd "$(dirname "$0")" && pwd)
bin=${SOUK_BIN:-$here/../build/release/bin}
train=$(realpath "$1")
shift
[ $# -gt 0 ] || set -- 64 128
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

awk 'BEGIN { print "user,item,weight,timestamp" } { print $0 ",0" }' "$train" >"$work/train.csv"
mpirun -n 2 "$bin/souk-ingest" --format csv --user-column user --item-column item --value-column weight \
  --time-column timestamp --out "$work/train.ds" "$work/train.csv" 2>/dev/null

commit=$("$bin/souk-train" --version | sed 's/.*(\(.*\))/\1/')
cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)
for factors in "$@"; do
  for solver in cg cholesky; do
    mpirun -n 2 "$bin/souk-train" als --dataset "$work/train.ds" --objective implicit --alpha 40 \
      --confidence-offset 0 --regularization 0.01 --solver $solver --factors "$factors" --epochs 15 \
      --out "$work/train.model" >"$work/epochs.txt" 2>"$work/log.txt"
    /usr/bin/python3 - "$work" "$solver" "$factors" "$commit" "$cpu" <<'PY'
import json, re, sys
work, solver, d, commit, cpu = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]
epochs = [dict(zip(line.split()[::2], line.split()[1::2])) for line in open(work + "/epochs.txt")]
pairs, users, items = map(int, re.search(r"pairs=(\d+) users=(\d+) items=(\d+)", open(work + "/log.txt").read()).groups())
seconds = sorted(float(e["seconds"]) for e in epochs[1:])
losses = [float(e["loss"]) for e in epochs]
rows = users + items
work_of = {"cg": 4 * (2 * d * d * rows + 4 * d * 2 * pairs), "cholesky": 2 * pairs * d * d + rows * d ** 3 / 3 + 2 * rows * d * d}
print(json.dumps({
    "bench": "als", "commit": commit, "cpu": cpu, "ranks": 2, "threads": 1, "seed": 1, "users": users, "items": items, "pairs": pairs,
    "solver": solver, "factors": d, "repetitions": len(seconds), "seconds_min": seconds[0], "seconds_median": seconds[len(seconds) // 2],
    "seconds_p95": seconds[int(.95 * (len(seconds) - 1))], "gflops_at_min": round(work_of[solver] / seconds[0] * 1e-9, 1),
    "loss": losses[-1], "residual": max(b / a - 1 for a, b in zip(losses, losses[1:]) if b > a) if any(b > a for a, b in zip(losses, losses[1:])) else 0}))
PY
    if [ "${SOUK_PEER:-0}" = 1 ]; then /usr/bin/python3 "$here/peer_als.py" "$train" "$work/train.model" 15; fi
  done
done
