"""souk-train content against numpy: content_check.py text|vectors MODEL ...

text:    CATALOGUE.csv MAX_ITEMS KEEP COLD_KEEP    TF-IDF and cosines of all pairs by brute force
vectors: VECTORS.npy IDS.txt KEEP COLD_KEEP        cosines of all pairs
A row must hold right cosines, to the power that the model names, and nothing left out may be larger than what is in it.
"""
import csv
import glob
import json
import math
import re
import sys
from collections import Counter

import h5py
import numpy as np


def read_model(path):
    ids, events, rows = [], [], []
    with h5py.File(path + "/model.h5") as f:
        power = json.loads(bytes(f["/manifest"][:]))["parameters"]["similarity-power"]
    for name in sorted(glob.glob(path + "/part-*.h5")):
        with h5py.File(name) as f:
            ids += [x.decode() for x in f["/items/id"][:]]
            events += list(f["/items/events"][:])
            at = np.concatenate([[0], np.cumsum(f["/items/neighbour_length"][:])]).astype(int)
            item, weight = f["/items/neighbour"][:], f["/items/neighbour_weight"][:] ** (1 / float(power))
            rows += [dict(zip(item[a:b], weight[a:b])) for a, b in zip(at[:-1], at[1:])]
    return ids, np.array(events), rows


def tokens_of(row, numeric):
    """The tokens that docs/content.md describes."""
    out = []
    for name, value in list(row.items())[1:]:
        if value == "":
            continue
        if name in numeric:
            x = float(value)
            out += [("number", name, x), ("bin", name, math.floor(2 * math.log2(abs(x))), x < 0)]
        else:
            out.append(("value", name, value.lower()))
            out += [("word", name, w.lower()) for w in re.findall(r"[A-Za-z0-9\u0080-\U0010ffff]+", value)]
    return Counter(out)


def is_number(text):
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def text_cosines(ids, path, max_items):
    table = list(csv.DictReader(open(path)))
    names = list(table[0])[1:]
    numeric = {n for n in names if all(r[n] == "" or is_number(r[n]) for r in table)}
    known = {r[list(r)[0]]: tokens_of(r, numeric) for r in table}
    docs = [known.get(i, Counter()) for i in ids]
    count, df = sum(1 for d in docs if d), Counter(t for d in docs for t in d)
    number = {t: k for k, t in enumerate(t for t in df if df[t] <= max_items)}
    x = np.zeros((len(ids), len(number)))
    for i, d in enumerate(docs):
        for t, tf in d.items():
            if t in number:
                x[i, number[t]] = (1 + math.log(tf)) * math.log(count / df[t])
    return x


def vector_cosines(ids, npy, names):
    rows = {i.strip(): v for i, v in zip(open(names), np.load(npy).astype(float))}
    width = len(next(iter(rows.values())))
    return np.array([rows.get(i, np.zeros(width)) for i in ids])


def main():
    kind, model = sys.argv[1:3]
    ids, events, rows = read_model(model)
    x = (text_cosines(ids, sys.argv[3], int(sys.argv[4])) if kind == "text"
         else vector_cosines(ids, sys.argv[3], sys.argv[4]))
    keep = {True: int(sys.argv[5]), False: int(sys.argv[6])}
    length = np.sqrt((x * x).sum(1))
    length[length == 0] = 1
    x /= length[:, None]
    cosine = x @ x.T
    np.fill_diagonal(cosine, 0)
    assert (events == 0).any() and (events > 0).any()
    for j, row in enumerate(rows):
        assert all(w > 0 and abs(w - cosine[i, j]) < 1e-5 for i, w in row.items()), ids[j]
        for seen in (True, False):
            group = np.flatnonzero((events > 0) == seen)
            kept = [i for i in row if (events[i] > 0) == seen]
            left = [cosine[i, j] for i in group if i not in row]
            assert len(kept) <= keep[seen], ids[j]
            if left and max(left) > 1e-6:
                assert len(kept) == keep[seen], (ids[j], max(left))
                assert keep[seen] == 0 or max(left) <= min(row[i] for i in kept) + 1e-5, ids[j]
    print(kind, len(ids), "items,", sum(len(r) for r in rows), "neighbours")


main()
