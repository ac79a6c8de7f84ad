#!/bin/bash
# bench_ranker.sh TRAIN VALID [RANKS] [REPETITIONS]
#
# Seconds that souk-train ranker takes for 100 trees of 31 leaves (lambdarank, rate .1, 255 bins), with reading
# and binning apart, on libsvm files with their query sizes beside them. One JSON line: min, median and p95 of
# the repetitions after one that does not count; as residual the bytes in which models on one rank
# and on RANKS differ (0: none), and NDCG@10 beside it.
#
# SOUK_PEER_LIGHTGBM=FOLDER (optional): where python3 finds the package lightgbm. It trains on the same files with
# as many threads as we have ranks, in turn with us, and its figures stand in the same line.
: "${SOUK_BIN:?set it to the folder of the built programs}"
train=${1:?usage: bench_ranker.sh TRAIN VALID [RANKS] [REPETITIONS]}
valid=${2:?usage: bench_ranker.sh TRAIN VALID [RANKS] [REPETITIONS]}
here=$(dirname "$0")
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1

exec /usr/bin/python3 - "$train" "$valid" "${3:-2}" "${4:-10}" "$here/peer_lightgbm.py" <<'PY'
import json, os, re, statistics, subprocess, sys, tempfile

train, valid, ranks, repetitions, peer = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
program = os.path.join(os.environ['SOUK_BIN'], 'souk-train')
package = os.environ.get('SOUK_PEER_LIGHTGBM')

def run(n, out):
    line = subprocess.run(['mpirun', '-n', str(n), program, 'ranker', '--train', train, '--valid', valid, '--out', out],
                          check=True, capture_output=True, text=True, env={**os.environ, 'OMP_NUM_THREADS': '1'}).stdout
    return re.search(r'read ([\d.]+) s, bins ([\d.]+) s, \d+ trees ([\d.]+) s, ndcg@10 ([\d.]+)', line).groups()

def run_peer():
    line = subprocess.run(['/usr/bin/python3', peer, train, valid, str(ranks)], check=True, capture_output=True, text=True,
                          env={**os.environ, 'PYTHONPATH': package}).stdout
    return json.loads(line.splitlines()[-1])

def spread(values):
    values = sorted(float(v) for v in values)
    return {'min': values[0], 'median': statistics.median(values),
            'p95': values[min(len(values) - 1, int(.95 * len(values)))]}

with tempfile.TemporaryDirectory() as work:
    run(1, work + '/one')
    run(ranks, work + '/all')
    ours, theirs = [], []
    for _ in range(repetitions):
        ours.append(run(ranks, work + '/all'))
        if package:
            theirs.append(run_peer())
    one, several = open(work + '/one', 'rb').read(), open(work + '/all', 'rb').read()

residual = abs(len(one) - len(several)) + sum(a != b for a, b in zip(one, several))
version = subprocess.run([program, '--version'], capture_output=True, text=True).stdout.split()
cpu = re.search(r'model name\s*: (.*)', open('/proc/cpuinfo').read())
result = {'benchmark': 'ranker', 'version': version[-1], 'cpu': cpu.group(1) if cpu else '', 'ranks': ranks, 'threads': 1,
          'repetitions': repetitions, 'read_seconds': spread(r[0] for r in ours), 'bin_seconds': spread(r[1] for r in ours),
          'train_seconds': spread(r[2] for r in ours), 'ndcg@10': float(ours[0][3]), 'residual': residual}
if theirs:
    result.update({'peer': theirs[0]['peer'], 'peer_train_seconds': spread(t['train_seconds'] for t in theirs),
                   'peer_ndcg@10': theirs[0]['ndcg@10']})
print(json.dumps(result))
PY
