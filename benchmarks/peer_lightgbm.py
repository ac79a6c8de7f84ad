#!/usr/bin/python3
"""usage: peer_lightgbm.py TRAIN VALID THREADS (needs numpy and lightgbm)
LightGBM on the files of bench_ranker.sh, with the same parameters: one JSON line with the seconds of its 100 trees,
reading and bins not included, and NDCG@10 of the valid set."""
import json, sys, time
import lightgbm
import numpy

def ndcg(score, label, sizes, k=10):
    total, start = 0, 0
    for n in sizes:
        gain = 2.0 ** label[start:start + n] - 1
        discount = 1 / numpy.log2(numpy.arange(2, min(n, k) + 2))
        best = (numpy.sort(gain)[::-1][:k] * discount).sum()
        order = numpy.argsort(-score[start:start + n], kind='stable')[:k]
        total += (gain[order] * discount).sum() / best if best > 0 else 1
        start += n
    return total / len(sizes)

train, valid, threads = sys.argv[1:]
parameters = {'objective': 'lambdarank', 'num_leaves': 31, 'learning_rate': .1, 'max_bin': 255, 'num_threads': int(threads),
              'verbosity': -1}
rows = lightgbm.Dataset(train, params=parameters).construct()
start = time.monotonic()
model = lightgbm.train(parameters, rows, 100)
seconds = time.monotonic() - start
label = numpy.array([float(line.split(None, 1)[0]) for line in open(valid, 'rb')])
sizes = numpy.loadtxt(valid + '.query', dtype=int, ndmin=1)
print(json.dumps({'peer': 'lightgbm ' + lightgbm.__version__, 'train_seconds': seconds,
                  'ndcg@10': ndcg(model.predict(valid), label, sizes)}))
