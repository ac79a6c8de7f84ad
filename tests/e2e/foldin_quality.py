#!/usr/bin/python3
"""NDCG@10 of the same users, trained in full and folded in by a fleet.

foldin_quality.py SOUK DATASET SPLIT_MS FULL HIDDEN_MODEL HIDDEN: of the users whom HIDDEN_MODEL does
not know, and who turned to new items from the split on, the lists of the proxy FULL, which knows
them, and of the proxy HIDDEN, which is told their events before the split with the question (the
latest 1000). Prints both figures, how many users, and the ratio.
"""
import glob
import json
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import h5py

K = 10


def ids(file, group):
    return [i.decode() for i in file[f"{group}/id"][:]]


def read_dataset(path):
    """{user: [(ms, item)]} in the dataset's order."""
    with h5py.File(f"{path}/dataset.h5") as f:
        manifest = json.loads(bytes(f["manifest"][:]))
    names = [t["name"] for t in manifest["event_types"]]
    parts = [h5py.File(p) for p in sorted(glob.glob(f"{path}/part-*.h5"))]
    items = [i for p in parts for i in ids(p, "items")]
    log = {}
    for p in parts:
        at = 0
        columns = [p[f"events/{c}"][:] for c in ("time_ms", "item", "type")]
        for user, length in zip(ids(p, "users"), p["users/length"][:]):
            rows = zip(*(c[at : at + length] for c in columns))
            log[user] = [(int(ms), items[item], names[kind]) for ms, item, kind in rows]
            at += length
    return log


def known_users(model):
    return {u for p in glob.glob(f"{model}/part-*.h5") for u in ids(h5py.File(p), "users")}


def recommend(souk, proxy, user, events):
    told = ",".join(f"{item}={kind}@{ms}" for ms, item, kind in events[-1000:])
    command = [souk, "recommend", "--proxy", proxy, "--user", user, "-n", str(K), "--json"]
    command += ["--timeout", "20s"] + (["--events", told] if told else [])
    answer = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    if answer["user_type"] != "warm" or answer["degraded"] or answer["partial"]:
        sys.exit(f"user {user} of {proxy}: {answer}")
    return [r["item_id"] for r in answer["recommendations"]]


def ndcg(ranking, targets):
    hits = sum(1 / math.log2(i + 2) for i, item in enumerate(ranking) if item in targets)
    return hits / sum(1 / math.log2(i + 2) for i in range(min(K, len(targets))))


def main():
    souk, dataset, split, full, hidden_model, hidden = sys.argv[1:]
    split, known, cases = int(split), known_users(hidden_model), []
    for user, events in read_dataset(dataset).items():
        before = [e for e in events if e[0] < split]
        had = {item for _, item, _ in before}
        targets = {item for ms, item, _ in events if ms >= split} - had
        if before and targets and user not in known:
            cases.append((user, before, targets))
    with ThreadPoolExecutor(2) as pool:
        trained = list(pool.map(lambda c: ndcg(recommend(souk, full, c[0], []), c[2]), cases))
        folded = list(pool.map(lambda c: ndcg(recommend(souk, hidden, c[0], c[1]), c[2]), cases))
    a, b = sum(trained) / len(cases), sum(folded) / len(cases)
    print(f"users={len(cases)} trained={a:.5f} folded={b:.5f} ratio={b / a:.4f}")


main()
