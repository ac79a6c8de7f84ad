#!/usr/bin/python3
"""scaling_model.py [RUNS.jsonl]: a cost model of ALS fitted to bench_scaling.sh's lines, and what it predicts.

    epoch = compute + basis + transfer + rounds
    compute    pair_seconds * pairs / cores                    (one rank's solving, per pair)
    basis      row_seconds * rows / cores                      (Gram matrix, turning rows)
    transfer   bytes that a node receives / (share of the line rate that TCP gives)
    rounds     what 3 hosts wait with their links free, times log2(nodes) / log2(3)

Transfer and compute are added: what chunks overlap is the reserve. Rows needed by a node: a user with k
pairs, spread over N nodes, is needed by one with probability 1 - (1 - 1/N)^k.
"""
import json
import math
import sys

USERS, ITEMS, EVENTS = 1e8, 1e7, 1e10
CORES, LINE = 32, 25e9  # of a node of the prediction; bits per second


def load(path):
    with (open(path) if path else sys.stdin) as lines:
        return [json.loads(line) for line in lines if line.startswith("{")]


def pick(runs, **want):
    return next((r for r in runs if all(r[k] == v for k, v in want.items())), None)


def fit(runs, solver, factors):
    one = pick(runs, hosts=1, ranks=1, solver=solver, factors=factors)
    m = {"pair": one["solve"] / (2 * one["pairs"]), "row": one["basis"] / (one["users"] + one["items"])}
    # A 3-host epoch receives sent / 3 per host.
    free = pick(runs, hosts=3, rate="none", run="--chunks 1")
    shares = []
    for name, rate in (("1gbit", 1e9), ("100mbit", 1e8)):
        slow = pick(runs, hosts=3, rate=name, run="--chunks 1")
        if slow and free:
            seconds = slow["wait"] - free["wait"]
            shares.append(slow["sent_mb"] * 8e6 / 3 / seconds / rate if seconds > 0 else float("nan"))
    m["share"] = min([s for s in shares if s > 0] + [1.0])
    m["shares"] = shares
    m["round"] = free["wait"] if free else 0
    return m


def predict(m, nodes, factors):
    row = 4 * factors
    needed_users = USERS * (1 - (1 - 1 / nodes) ** (EVENTS / USERS)) - USERS / nodes
    needed_items = ITEMS * (1 - (1 - 1 / nodes) ** (EVENTS / ITEMS)) - ITEMS / nodes
    received = (needed_users + needed_items) * row
    own = (USERS + ITEMS) / nodes * row
    pairs = 2 * EVENTS / nodes * 8
    compute = m["pair"] * 2 * EVENTS / nodes / CORES
    basis = m["row"] * (USERS + ITEMS) / nodes / CORES
    transfer = received * 8 / (LINE * m["share"])
    rounds = m["round"] * math.log2(nodes) / math.log2(3)
    return {"compute": compute, "basis": basis, "transfer": transfer, "rounds": rounds, "received": received,
            # ghosts and as much to send from; cg keeps half-precision copies of own rows and ghosts
            "memory": own + received + pairs + received + (own + received) / 2}


def main():
    runs = load(sys.argv[1] if len(sys.argv) > 1 else None)
    solvers = sorted({(r["solver"], r["factors"]) for r in runs if r["hosts"] == 1})
    for solver, factors in solvers:
        one = pick(runs, hosts=1, ranks=1, solver=solver, factors=factors)
        for shared in ("on", "off"):
            two = pick(runs, hosts=1, ranks=2, solver=solver, factors=factors, run="shared-memory " + shared)
            print(f"{solver} {factors} factors, 1 -> 2 ranks, shared memory {shared}: {one['seconds']:.3f} -> "
                  f"{two['seconds']:.3f} s, {one['seconds'] / two['seconds']:.2f} times "
                  f"(solving {one['solve'] / two['solve']:.2f})")
    m = fit(runs, "cg", solvers[0][1])
    print(f"cg, {solvers[0][1]} factors: {m['pair'] * 1e9:.1f} ns a pair and side, {m['row'] * 1e9:.0f} ns a row for the basis, "
          f"{m['round'] * 1e3:.1f} ms of rounds on 3 hosts, share of the line rate at 1 Gbit/s and 100 Mbit/s: "
          + ", ".join(f"{s:.2f}" for s in m["shares"]))
    print(f"{USERS:.0e} users x {ITEMS:.0e} items x {EVENTS:.0e} pairs, nodes of {CORES} cores at {LINE / 1e9:.0f} Gbit/s:")
    print("nodes  compute s  basis s  transfer s  rounds s  epoch s  received/node GB  memory/node GB")
    for nodes in (16, 64, 256):
        p = predict(m, nodes, solvers[0][1])
        total = p["compute"] + p["basis"] + p["transfer"] + p["rounds"]
        print(f"{nodes:5d} {p['compute']:10.1f} {p['basis']:8.1f} {p['transfer']:11.1f} {p['rounds']:9.2f} {total:8.1f} "
              f"{p['received'] / 1e9:17.1f} {p['memory'] / 1e9:15.1f}")


if __name__ == "__main__":
    main()
