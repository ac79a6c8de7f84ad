"""logistic_check.py TABLE.npz MODEL.json [--l2 X]: a model that souk-train logistic wrote, against
Newton's method in numpy on the same rows, missing ones NaN."""
import argparse
import json
import sys

import numpy as np


def columns_of(values):
    """Standardised features, then an indicator for each that misses values."""
    missing = np.isnan(values)
    count = np.maximum((~missing).sum(0), 1)
    mean = np.where(missing, 0, values).sum(0) / count
    filled = np.where(missing, mean, values)
    names = [(f, False) for f in range(values.shape[1])]
    names += [(f, True) for f in range(values.shape[1]) if missing[:, f].any()]
    table = np.column_stack([missing[:, f] if indicator else filled[:, f] for f, indicator in names])
    table = table - table.mean(0)
    deviation = table.std(0)
    constant = np.abs(table).max(0) <= 1e-9 * (1 + np.abs(filled).max())
    return names, np.where(constant, 0, table / np.where(constant, 1, deviation))


def newton(table, y, l2):
    """Weights, then the intercept, which is not penalised."""
    a = np.column_stack([table, np.ones(len(y))])
    penalty = np.full(a.shape[1], l2)
    penalty[-1] = 0
    w = np.zeros(a.shape[1])
    for _ in range(60):
        p = 1 / (1 + np.exp(-a @ w))
        slope = a.T @ (p - y) + penalty * w
        hessian = (a * (p * (1 - p))[:, None]).T @ a + np.diag(penalty)
        w -= np.linalg.lstsq(hessian, slope, rcond=None)[0]
    z = a @ w
    return w, (np.logaddexp(0, z) - y * z).sum() + (penalty * w * w).sum() / 2


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("table")
    parser.add_argument("model")
    parser.add_argument("--l2", type=float, default=1)
    args = parser.parse_args()
    rows, model = np.load(args.table), json.load(open(args.model))
    names, table = columns_of(rows["x"].astype(np.float64))
    if [(int(c["feature"].lstrip("f")), c["indicator"]) for c in model["columns"]] != names:
        sys.exit(f"other columns than {names}")
    expected, loss = newton(table, rows["y"].astype(np.float64), args.l2)
    got = np.array([c["weight"] for c in model["columns"]] + [model["intercept"]])
    worst, off = np.abs(got - expected).max(), abs(model["loss"] - loss) / loss
    print(f"weights {worst:.2g} off, loss {off:.2g} off, {model['iterations']} steps")
    if not (worst <= 1e-6 and off <= 1e-9):
        sys.exit(f"weights are {worst} off, the loss {off}")


main()
