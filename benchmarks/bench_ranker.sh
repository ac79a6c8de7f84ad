#!/bin/bash
# bench_ranker.sh TRAIN VALID [RANKS] [REPETITIONS]
#
# Seconds that souk-train ranker takes for 100 trees of 31 leaves (lambdarank, rate .1, 255 bins), with reading
# and binning apart, on libsvm files with their query sizes beside them. One JSON line: min, median and p95 of
# the repetitions after one that does not count; as residual the bytes in which models on one rank
# and on RANKS differ (0: none), and NDCG@10 beside it.
: "${SOUK_BIN:?set it to the folder of the built programs}"
train=${1:?usage: bench_ranker.sh TRAIN VALID [RANKS] [REPETITIONS]}
valid=${2:?usage: bench_ranker.sh TRAIN VALID [RANKS] [REPETITIONS]}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
export OMP_NUM_THREADS=1

exec /usr/bin/python3 - "$train" "$valid" "${3:-2}" "${4:-10}" <<'PY'
import json, os, re, statistics, subprocess, sys, tempfile

train, valid, ranks, repetitions = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
program = os.path.join(os.environ['SOUK_BIN'], 'souk-train')

def run(n, out):
    line = subprocess.run(['mpirun', '-n', str(n), program, 'ranker', '--train', train, '--valid', valid,
                           '--out', out], check=True, capture_output=True, text=True).stdout
    return re.search(r'read ([\d.]+) s, bins ([\d.]+) s, \d+ trees ([\d.]+) s, ndcg@10 ([\d.]+)', line).groups()

def spread(values):
    values = sorted(values)
    return {'min': values[0], 'median': statistics.median(values),
            'p95': values[min(len(values) - 1, int(.95 * len(values)))]}

with tempfile.TemporaryDirectory() as work:
    run(1, work + '/one')
    results = [run(ranks, work + '/all') for _ in range(repetitions + 1)][1:]
    one, several = open(work + '/one', 'rb').read(), open(work + '/all', 'rb').read()
    residual = abs(len(one) - len(several)) + sum(a != b for a, b in zip(one, several))
    version = subprocess.run([program, '--version'], capture_output=True, text=True).stdout.split()
    cpu = re.search(r'model name\s*: (.*)', open('/proc/cpuinfo').read())
    print(json.dumps({'benchmark': 'ranker', 'version': version[-1], 'cpu': cpu.group(1) if cpu else '',
                      'ranks': ranks, 'threads': 1, 'repetitions': repetitions,
                      'read_seconds': spread([float(r[0]) for r in results]),
                      'bin_seconds': spread([float(r[1]) for r in results]),
                      'train_seconds': spread([float(r[2]) for r in results]),
                      'ndcg@10': float(results[0][3]), 'residual': residual}))
PY
