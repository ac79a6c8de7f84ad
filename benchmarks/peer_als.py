#!/usr/bin/python3
"""usage: peer_als.py TRAIN.csv MODEL [EPOCHS]

The loss of a model that `souk-train als --objective implicit` made, beside that of a peer: the algorithm
of the library `implicit` (conjugate gradients, 3 steps from the last epoch's factors, confidence
alpha * w, start uniform in [0, .01)), written plainly in numpy, or the library itself where it can be
imported. Both losses come from the factors, in double, by one function. Prints one JSON line.

TRAIN.csv: u,i,w without header; MODEL: the folder, read by h5py.
"""
import json
import sys
import time

import h5py
import numpy as np

ALPHA, REGULARIZATION = 40.0, 0.01


def loss(x, y, u, i, w):
    """Sum over all cells: c (1 - s)^2 where observed, s^2 elsewhere, plus the ridge."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    total = np.sum((x.T @ x) * (y.T @ y))
    for a in range(0, len(u), 1 << 20):
        b = a + (1 << 20)
        s = np.einsum("nd,nd->n", x[u[a:b]], y[i[a:b]])
        total += np.sum(ALPHA * w[a:b] * (1 - s) ** 2 - s ** 2)
    return total + REGULARIZATION * (np.sum(x * x) + np.sum(y * y))


def half(x, y, indptr, indices, weights):
    """One half-epoch of conjugate gradients, row by row."""
    gram = y.T @ y + REGULARIZATION * np.eye(y.shape[1], dtype=np.float32)
    for row in range(len(indptr) - 1):
        at = slice(indptr[row], indptr[row + 1])
        if at.start == at.stop:
            x[row] = 0
            continue
        q, c = y[indices[at]], np.float32(ALPHA) * weights[at]
        v = x[row]
        r = -gram @ v + q.T @ (c - (c - 1) * (q @ v))
        p, rr = r.copy(), r @ r
        for _ in range(3):
            if rr < 1e-20:
                break
            ap = gram @ p + q.T @ ((c - 1) * (q @ p))
            step = rr / (p @ ap)
            v = v + step * p
            r = r - step * ap
            rr, last = r @ r, rr
            p = r + rr / last * p
        x[row] = v


def rows_of(rows, columns, weights, count):
    order = np.lexsort((columns, rows))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=count))])
    return indptr, columns[order], weights[order]


def train_peer(u, i, w, users, items, factors, epochs):
    random = np.random.default_rng(1)
    x = (random.random((users, factors)) * 0.01).astype(np.float32)
    y = (random.random((items, factors)) * 0.01).astype(np.float32)
    by_user, by_item = rows_of(u, i, w, users), rows_of(i, u, w, items)
    for _ in range(epochs):
        half(x, y, *by_user)
        half(y, x, *by_item)
    return x, y


def read_model(path, users, items):
    with h5py.File(f"{path}/model.h5") as f:
        x = np.zeros((users, f["users/factors"].shape[1]), np.float32)
        y = np.zeros((items, x.shape[1]), np.float32)
        x[f["users/id"][:].astype(np.int64)] = f["users/factors"][:]
        y[f["items/id"][:].astype(np.int64)] = f["items/factors"][:]
    return x, y


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    epochs = int(sys.argv[3]) if len(sys.argv) > 3 else 15
    table = np.loadtxt(sys.argv[1], delimiter=",", dtype=np.int64)
    u, i, w = table[:, 0], table[:, 1], table[:, 2].astype(np.float32)
    users, items = int(u.max()) + 1, int(i.max()) + 1
    x, y = read_model(sys.argv[2], users, items)
    ours = loss(x, y, u, i, w)
    begin = time.time()
    peer = loss(*train_peer(u, i, w, users, items, x.shape[1], epochs), u, i, w)
    print(json.dumps({"factors": x.shape[1], "epochs": epochs, "loss": ours, "peer_loss": peer,
                      "loss_over_peer": ours / peer, "peer_seconds": time.time() - begin}))


main()
