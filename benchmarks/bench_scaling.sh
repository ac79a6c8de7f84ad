#!/usr/bin/env bash
# bench_scaling.sh DATASET [FACTORS...]: epochs of ALS on 1 and 2 ranks of this machine, and on 3 hosts
# (network namespaces, needs root) whose links run free, at 1 Gbit/s and at 100 Mbit/s.
#
# DATASET is what souk-ingest made. One JSON line per run, of the fastest of 6 epochs after the first:
# seconds, of them solving, in the basis and waiting; bytes sent, the fp32 row-exchange volume and their
# ratio; the loss of the last epoch, which must be the same in all runs of a solver but bf16's.
# Pipe the lines to scaling_model.py for the fitted cost model and its predictions.
set -euo pipefail
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMP_NUM_THREADS=1
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
[ $# -ge 1 ] || { sed -n '2,9s/^# \?//p' "$0"; exit 2; }

here=$(cd "$(dirname "$0")" && pwd)
bin=${SOUK_BIN:-$here/../build/release/bin}
dataset=$(realpath "$1")
shift
[ $# -gt 0 ] || set -- 64
work=$(mktemp -d)
cd "$work"
. "$here/../tests/e2e/netns_lib.sh"
trap 'netns_down; rm -rf "$work"' EXIT
commit=$("$bin/souk-train" --version | sed 's/.*(\(.*\))/\1/')

# report WHAT RANKS HOSTS RATE SOLVER FACTORS: from epochs.txt and log.txt
report() {
    awk -v commit="$commit" -v what="$1" -v ranks="$2" -v hosts="$3" -v rate="$4" -v solver="$5" -v d="$6" '
        FNR == NR { if (match($0, /pairs=[0-9]+ users=[0-9]+ items=[0-9]+/)) split(substr($0, RSTART, RLENGTH), n, /[= ]/); next }
        $1 == "epoch" { for (i = 1; i < NF; i++) v[$i] = $(i + 1)
                        if ($2 > 1 && (best == "" || v["seconds"] < best)) {
                            best = v["seconds"]; solve = v["solve"]; basis = v["basis"]; wait = v["wait"]; sent = v["sent"]; volume = v["volume"]; ratio = v["ratio"] } }
        END { printf "{\"bench\": \"scaling\", \"commit\": \"%s\", \"run\": \"%s\", \"pairs\": %s, \"users\": %s, \"items\": %s, \"solver\": \"%s\", \"factors\": %d, \"ranks\": %d, \"hosts\": %d, \"rate\": \"%s\", \"seconds\": %s, \"solve\": %s, \"basis\": %s, \"wait\": %s, \"wait_share\": %.3f, \"sent_mb\": %s, \"volume_mb\": %s, \"ratio\": %s, \"loss\": %s}\n",
                  commit, what, n[2], n[4], n[6], solver, d, ranks, hosts, rate, best, solve, basis, wait, wait / best, sent, volume, ratio, v["loss"] }' log.txt epochs.txt
}

train() { # SOLVER FACTORS OPTIONS...: arguments of souk-train
    local solver=$1 d=$2
    shift 2
    echo "$bin/souk-train" als --dataset "$dataset" --objective implicit --alpha 40 --confidence-offset 0 \
        --regularization 0.01 --solver "$solver" --factors "$d" --epochs 7 --out "$work/scaling.model" "$@"
}

for d in "$@"; do
    for solver in cg cholesky; do
        for run in "1 on" "2 on" "2 off"; do
            read -r ranks shared <<<"$run"
            # shellcheck disable=SC2046 # words of train are arguments
            mpirun -n "$ranks" $(train "$solver" "$d" --shared-memory "$shared") >epochs.txt 2>log.txt
            report "shared-memory $shared" "$ranks" 1 memory "$solver" "$d"
        done
    done
done

missing=$(netns_missing)
[ -z "$missing" ] || { echo "no hosts: $missing" >&2; exit 0; }
netns_up 3
for rate in none 1gbit 100mbit; do
    netns_rate "$rate"
    for options in "--chunks 1" "--chunks 4" "--chunks 4 --wire bf16"; do
        # shellcheck disable=SC2046,SC2086
        netns_mpirun 1 -x OMP_NUM_THREADS $(train cg "$1" $options) >epochs.txt 2>log.txt
        report "$options" 3 3 "$rate" cg "$1"
    done
done
