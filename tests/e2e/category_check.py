"""souk-train category against its definition: category_check.py MODEL CATALOGUE.csv KEEP LEVEL,...

Rows of neighbours, computed anew from the catalogue's columns LEVEL,... and the users of the items.
The model was trained without decay.
"""
import csv
import glob
import sys
from collections import Counter

import h5py
import numpy as np

model, catalogue, keep, levels = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4].split(",")
ids, rows, users = [], [], Counter()
for name in sorted(glob.glob(model + "/part-*.h5")):
    with h5py.File(name) as f:
        ids += [x.decode() for x in f["/items/id"][:]]
        at = np.concatenate([[0], np.cumsum(f["/items/neighbour_length"][:])]).astype(int)
        item, weight = f["/items/neighbour"][:], f["/items/neighbour_weight"][:]
        rows += [dict(zip(item[a:b], weight[a:b])) for a, b in zip(at[:-1], at[1:])]
        users.update(f["/users/history"][:].tolist())
known = {r["item"]: r for r in csv.DictReader(open(catalogue))}
values = [[known[i][level] for level in levels] for i in ids]
totals = Counter()
for i, v in enumerate(values):
    for level, value in enumerate(v):
        totals[level, value] += users[i]
cut = 0
for j, row in enumerate(rows):
    want = Counter()
    for level, value in enumerate(values[j]):
        for i in range(len(ids)):
            if value and i != j and values[i][level] == value:
                want[i] += users[j] / totals[level, value]
    best = sorted(want, key=lambda i: (-np.float32(want[i]), i))
    cut += len(best) > keep
    assert len(row) == min(keep, len(best)), (ids[j], len(row), len(best))
    least = want[best[len(row) - 1]] if row else 0
    for i, w in row.items():
        assert abs(w - want[i]) < 1e-6 and w > least - 1e-6, (ids[j], ids[i], w, want[i])
assert cut > 0 and min(map(len, rows)) > 0
print(len(ids), "items,", sum(map(len, rows)), "neighbours")
