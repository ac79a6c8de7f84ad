#!/bin/bash
# bench_ingest.sh EVENTS.csv [RANKS] [REPETITIONS]
#
# Wall time of souk-ingest on a log with the columns user,item,weight,timestamp (of numbers), the start
# of mpirun and the sync of the dataset included. One JSON line: min, median and p95 of the
# repetitions after one that does not count, and as residual the largest relative difference between
# the profile and what numpy counts in the file (0: none).
: "${SOUK_BIN:?set it to the folder of the built programs}"
events=${1:?usage: bench_ingest.sh EVENTS.csv [RANKS] [REPETITIONS]}
ranks=${2:-2}
repetitions=${3:-10}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
export OMP_NUM_THREADS=1

exec /usr/bin/python3 - "$events" "$ranks" "$repetitions" <<'PY'
import json, os, re, shutil, subprocess, sys, tempfile, time
import numpy as np

events, ranks, repetitions = os.path.abspath(sys.argv[1]), sys.argv[2], int(sys.argv[3])
program = os.path.join(os.environ['SOUK_BIN'], 'souk-ingest')
# Beside the log, so that the dataset is synced to a disk and not to memory.
work = tempfile.mkdtemp(prefix='bench_ingest.', dir=os.path.dirname(events))
command = ['mpirun', '-n', ranks, program, '--format', 'csv', '--user-column', 'user', '--item-column',
           'item', '--time-column', 'timestamp', '--value-column', 'weight', '--profile-json',
           work + '/profile.json', '--out', work + '/bench.ds', events]
try:
    seconds = []
    for n in range(repetitions + 1):
        start = time.monotonic()
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        seconds.append(time.monotonic() - start)
    with open(work + '/profile.json') as f:
        profile = json.load(f)
    size = sum(e.stat().st_size for e in os.scandir(work + '/bench.ds'))
finally:
    shutil.rmtree(work)

with open(events, 'rb') as f:
    columns = f.readline().decode().strip().split(',')
    table = np.fromstring(f.read().replace(b'\n', b','), sep=',').reshape(-1, len(columns))
user, item = (table[:, columns.index(c)].astype(np.int64) for c in ('user', 'item'))
rows = np.unique(table, axis=0).shape[0] if profile['rows']['duplicates'] else table.shape[0]
expected = {'events': rows, 'users': np.unique(user).size, 'items': np.unique(item).size,
            'pairs': np.unique(user * (item.max() + 1) + item).size}
residual = max(abs(profile[k] - v) / v for k, v in expected.items())

def first(pattern, text):
    found = re.search(pattern, text)
    return found.group(1).strip() if found else 'unknown'

def text_of(path):
    return open(path).read() if os.path.exists(path) else ''

timed = np.array(seconds[1:])
cache = text_of(os.path.join(os.environ['SOUK_BIN'], '..', 'CMakeCache.txt'))
print(json.dumps({
    'benchmark': 'ingest', 'min_s': round(timed.min(), 4), 'median_s': round(float(np.median(timed)), 4),
    'p95_s': round(float(np.percentile(timed, 95)), 4), 'repetitions': repetitions, 'residual': residual,
    'rows': profile['rows']['read'], 'input_bytes': os.path.getsize(events), 'dataset_bytes': size,
    'rows_per_s': int(profile['rows']['read'] / timed.min()), 'ranks': int(ranks), 'threads': 1, 'seed': None,
    'commit': first(r'\((.*)\)', subprocess.run([program, '--version'], capture_output=True, text=True).stdout),
    'flags': first(r'CMAKE_BUILD_TYPE:\w+=(.*)', cache),
    'cpu': first(r'model name\s*:\s*(.*)', text_of('/proc/cpuinfo'))}))
PY
