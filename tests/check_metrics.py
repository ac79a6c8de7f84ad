#!/usr/bin/python3
"""Recompute the figures of souk-evaluate --json from its dumps, with numpy and from the definitions.

check_metrics.py --json metrics.json --recommendations recs.tsv --targets targets.tsv
                 [--counts counts.tsv] [--set headline|all] [--per-user users.tsv]

counts.tsv holds `item<TAB>events in training` of every item in training, and is needed for novelty,
coverage and serendipity. The dumps must have been written with the same --dump-scope as --set.
Exit code 0 when everything agrees to 1e-6.
"""
import argparse
import csv
import json
import sys

import numpy as np

TOLERANCE = 1e-6


def read_rows(path):
    with open(path, newline="", encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f]


def read_lists(path):
    lists = {}
    for user, item, position, score in read_rows(path):
        lists.setdefault(user, []).append((int(position), item, float(score)))
    for user, rows in lists.items():
        rows.sort()
        if [r[0] for r in rows] != list(range(1, len(rows) + 1)):
            sys.exit(f"positions of {user} are not 1, 2, 3 ...")
        keys = [(-r[2], r[1].encode()) for r in rows]
        if keys != sorted(keys):
            sys.exit(f"the list of {user} is not by score, then id")
        if len({r[1] for r in rows}) != len(rows):
            sys.exit(f"the list of {user} names an item twice")
    return {user: [r[1] for r in rows] for user, rows in lists.items()}


def read_targets(path):
    targets = {}
    for user, item in read_rows(path):
        targets.setdefault(user, set()).add(item)
    return targets


def metrics_of_hits(hits, targets, k):
    """hits: 0/1 by position, k of them."""
    discounts = 1 / np.log2(np.arange(2, k + 2))
    ideal = discounts[: min(k, targets)].sum()
    precisions = np.cumsum(hits) / np.arange(1, k + 1)
    first = np.flatnonzero(hits)
    return {
        "recall": hits.sum() / targets,
        "ndcg": (hits * discounts).sum() / ideal,
        "map": (hits * precisions).sum() / min(k, targets),
        "precision": hits.sum() / k,
        "hit_rate": float(hits.any()),
        "mrr": 1 / (first[0] + 1) if len(first) else 0.0,
    }


def metrics_per_user(lists, targets, k):
    rows = {}
    for user, wanted in targets.items():
        hits = np.zeros(k)
        for i, item in enumerate(lists.get(user, [])[:k]):
            hits[i] = item in wanted
        rows[user] = metrics_of_hits(hits, len(wanted), k)
    return rows


def metrics_of_items(lists, targets, counts, k):
    total = sum(counts.values())
    popular = sorted(counts, key=lambda i: (-counts[i], i.encode()))[:k]
    surprises, seen, hits, unpopular = [], set(), 0, 0
    for user, wanted in targets.items():
        for item in lists.get(user, [])[:k]:
            surprises.append(-np.log2(max(counts.get(item, 0), 1) / total))
            seen.add(item)
            hits += item in wanted
            unpopular += item in wanted and item not in popular
    return {
        "novelty": np.mean(surprises) if surprises else None,
        "coverage": len(seen & counts.keys()) / len(counts),
        "serendipity": unpopular / hits if hits else None,
    }


class Comparison:
    def __init__(self):
        self.failures = 0
        self.count = 0

    def check(self, name, got, want):
        self.count += 1
        if got is None or want is None:
            same = got is None and want is None
        else:
            same = abs(got - want) <= TOLERANCE
        if not same:
            self.failures += 1
            print(f"{name}: souk-evaluate says {got}, numpy {want}", file=sys.stderr)


def check_per_user(comparison, path, name, metrics, k):
    with open(path, newline="", encoding="utf-8") as f:
        rows = {r["user"]: r for r in csv.DictReader(f, delimiter="\t") if r["set"] == name}
    comparison.check("users of --per-user", len(rows), len(metrics))
    for user, values in metrics.items():
        for key, want in values.items():
            got = float(rows[user][f"{key}@{k}"]) if user in rows else None
            comparison.check(f"{key}@{k} of {user}", got, want)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", required=True)
    parser.add_argument("--recommendations", required=True)
    parser.add_argument("--targets", required=True)
    parser.add_argument("--counts")
    parser.add_argument("--per-user")
    parser.add_argument("--set", choices=("headline", "all"), default="headline")
    args = parser.parse_args()

    with open(args.json, encoding="utf-8") as f:
        report = json.load(f)
    figures = report if args.set == "headline" else report["all"]
    lists, targets = read_lists(args.recommendations), read_targets(args.targets)
    comparison = Comparison()
    comparison.check("users", figures["users"], len(targets))
    comparison.check("targets", figures["targets"], sum(map(len, targets.values())))
    if not lists.keys() <= targets.keys():
        sys.exit("there are lists of users without targets")
    for k in report["k"]:
        rows = metrics_per_user(lists, targets, k)
        want = {m: np.mean([r[m] for r in rows.values()]) for m in next(iter(rows.values()))}
        if args.counts:
            counts = {item: int(n) for item, n in read_rows(args.counts)}
            want.update(metrics_of_items(lists, targets, counts, k))
        for key, value in want.items():
            comparison.check(f"{key}@{k}", figures["metrics"][str(k)][key], value)
        for key, bounds in figures.get("intervals", {}).get(str(k), {}).items():
            mean = figures["metrics"][str(k)][key]
            if bounds and not bounds[0] - TOLERANCE <= mean <= bounds[1] + TOLERANCE:
                comparison.check(f"interval of {key}@{k} around", mean, float(np.mean(bounds)))
        if args.per_user:
            check_per_user(comparison, args.per_user, args.set, rows, k)
    print(f"{comparison.count} figures compared, {comparison.failures} differ")
    return comparison.failures > 0


if __name__ == "__main__":
    sys.exit(main())
