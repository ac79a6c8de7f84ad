#!/usr/bin/python3
"""Lists of users whose history was given, recomputed with numpy from the model's files alone.

given_check.py MODEL events.csv SPLIT N lists.tsv: a user with no event before SPLIT is given its
first N items, by time; the lists must be those of the model for that history. Prints how many lists
and scores were compared; exit code 1 where one differs by more than 1e-4 of the largest score.
"""
import csv
import glob
import json
import sys

import h5py
import numpy as np


def read_model(path):
    with h5py.File(f"{path}/model.h5") as f:
        manifest = json.loads(bytes(f["manifest"][:]))
    parts = [h5py.File(p) for p in sorted(glob.glob(f"{path}/part-*.h5"))]
    ids = [i.decode() for p in parts for i in p["items/id"][:]]
    return manifest, parts, ids


def scores_by_factors(manifest, parts, history):
    q = manifest["parameters"]
    y = np.concatenate([p["items/factors"][:] for p in parts]).astype(float)
    rows, w = np.array(list(history)), np.array(list(history.values()))
    if manifest["kind"] == "svd":
        return y @ (y[rows].T @ np.ones(len(w)))
    if q["objective"] == "ials":
        v = w ** q["weight-power"]
        ridge = q["lambda"] * (len(w) + q["alpha0"] * len(y)) ** q["nu"]
        a, b, common = v, v, q["alpha0"]
    else:
        b = q["confidence-offset"] + q["alpha"] * w
        a, ridge, common = b - 1, q["regularization"], 1
    m = common * y.T @ y + ridge * np.eye(y.shape[1]) + (y[rows].T * a) @ y[rows]
    return y @ np.linalg.solve(m, y[rows].T @ b)


def scores_by_neighbours(parts, history):
    scores = []
    for p in parts:
        at = 0
        for n in p["items/neighbour_length"][:]:
            row = zip(p["items/neighbour"][at:at + n], p["items/neighbour_weight"][at:at + n])
            scores.append(sum(w for i, w in row if i in history))
            at += n
    return np.array(scores, dtype=float)


def main():
    path, events, split, n, lists = sys.argv[1:]
    manifest, parts, ids = read_model(path)
    row_of = {item: row for row, item in enumerate(ids)}
    log = {}
    with open(events, newline="", encoding="utf-8") as f:
        for r in csv.DictReader(f):
            log.setdefault(r["user"], []).append((r["time"], r["item"]))
    given = {}
    with open(lists, encoding="utf-8") as f:
        for line in f:
            user, item, position, score = line.rstrip("\n").split("\t")
            given.setdefault(user, []).append((item, float(score)))
    compared = 0
    for user, listed in given.items():
        own = sorted(log[user])
        if own[0][0] < split:
            sys.exit(f"{user} is not new")
        history, seen = {}, set()
        for _, item in own:
            if item not in seen and len(seen) == int(n):
                break
            seen.add(item)
            if item in row_of:
                history[row_of[item]] = history.get(row_of[item], 0) + 1
        if manifest["factors"]:
            scores = scores_by_factors(manifest, parts, history)
        else:
            scores = scores_by_neighbours(parts, history)
        scores[list(history)] = -np.inf
        best = np.sort(scores)[::-1][: len(listed)]
        got = np.array([s for _, s in listed])
        tolerance = 1e-4 * max(abs(best[0]), 1e-6)
        if not np.allclose(got, best, rtol=0, atol=tolerance):
            sys.exit(f"{user}: {got[:3]} ..., numpy {best[:3]} ...")
        for item, score in listed:
            if abs(scores[row_of[item]] - score) > tolerance:
                sys.exit(f"{user}: {item} has {scores[row_of[item]]}, not {score}")
        compared += len(listed)
    print(f"{len(given)} lists, {compared} scores agree")
    return compared == 0


if __name__ == "__main__":
    sys.exit(main())
