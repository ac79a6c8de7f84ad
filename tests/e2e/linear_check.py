"""linear_check.py ease|svd MODEL... [--lambda L] [--limit M] [--neighbours K]: models that souk-train
wrote, against numpy and scipy, from the histories in their own part files."""
import argparse
import glob
import json
import sys

import h5py
import numpy as np
import scipy.sparse as sp


def read(model):
    """The matrix, and per part what stands beside it."""
    parts = [h5py.File(path, "r") for path in sorted(glob.glob(model + "/part-*.h5"))]
    lengths = np.concatenate([p["users/history_length"][:] for p in parts]).astype(np.int64)
    column = np.concatenate([p["users/history"][:] for p in parts]).astype(np.int64)
    value = np.concatenate([p["users/history_weight"][:] for p in parts]).astype(np.float64)
    items = sum(len(p["items/id"]) for p in parts)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return parts, sp.csr_matrix((value, column, offsets), shape=(len(lengths), items))


def column_of(parts, name):
    return np.concatenate([p[name][:] for p in parts])


def check(name, worst, bound):
    print(f"{name}: {worst:.3g} (at most {bound:g})")
    if not worst <= bound:
        sys.exit(f"{name} is {worst}, over {bound}")


def ease_reference(x, chosen, regularization):
    gram = (x[:, chosen].T @ x[:, chosen]).toarray()
    inverse = np.linalg.inv(gram + regularization * np.eye(len(chosen)))
    b = -inverse / np.diag(inverse)
    np.fill_diagonal(b, 0)
    return b


def check_ease(parts, x, options, _):
    items = x.shape[1]
    users = np.diff(x.tocsc().indptr)
    order = sorted(range(items), key=lambda i: (-users[i], i))
    chosen = np.array(sorted(order[: options.limit or items]))
    expected = np.zeros((items, items))
    expected[np.ix_(chosen, chosen)] = ease_reference(x, chosen, options.regularization)
    offsets = np.concatenate([[0], np.cumsum(column_of(parts, "items/neighbour_length"))])
    source = column_of(parts, "items/neighbour").astype(np.int64)
    weight = column_of(parts, "items/neighbour_weight").astype(np.float64)
    target = np.repeat(np.arange(items), np.diff(offsets).astype(np.int64))
    got = np.zeros((items, items))
    got[source, target] = weight
    if options.neighbours:
        longest = int(np.diff(offsets).max())
        if longest > options.neighbours:
            sys.exit(f"a row of {longest} neighbours")
        for j in range(items):  # what was left out is no larger than what was kept
            kept = source[target == j]
            left = np.delete(np.abs(expected[:, j]), kept)
            if len(kept) == options.neighbours and len(left):
                check_order = left.max() - np.abs(expected[kept, j]).min()
                if check_order > 1e-6:
                    sys.exit(f"item {j} kept a smaller neighbour than it left out")
        expected[got == 0] = 0
    check("largest difference of B", np.abs(got - expected).max(initial=0), 1e-6)


def check_svd(parts, x, options, model):
    u = column_of(parts, "users/factors").astype(np.float64)
    v = column_of(parts, "items/factors").astype(np.float64)
    with h5py.File(model + "/model.h5", "r") as f:
        values = np.array(json.loads(bytes(f["making"][:]))["metrics"]["singular_values"])
    count = len(values)
    rank = min(x.shape)
    if count != min(u.shape[1], rank):
        sys.exit(f"{count} singular values of a matrix of {x.shape}")
    if 2 * count < rank:
        from scipy.sparse.linalg import svds  # ARPACK

        _, s, vt = svds(x, k=count + 1, tol=0, solver="arpack", random_state=1)
        order = np.argsort(-s)
        s, vt = s[order], vt[order]
    else:
        _, s, vt = np.linalg.svd(x.toarray(), full_matrices=False)
    check("relative error of singular values",
          (np.abs(values - s[:count]) / np.maximum(s[:count], 1e-6 * s[0])).max(), 1e-6)
    check("V'V - I", np.abs(v[:, :count].T @ v[:, :count] - np.eye(count)).max(), 1e-5)
    check("X V - U", np.abs(x @ v - u).max() / s[0], 1e-5)
    check("factors behind the last singular value",
          max(np.abs(u[:, count:]).max(initial=0), np.abs(v[:, count:]).max(initial=0)), 0)
    # The space of the leading ones, cut where the spectrum has its widest gap.
    gaps = [s[i] / max(s[i + 1], 1e-9 * s[0]) for i in range(min(count, len(s) - 1))]
    if gaps and max(gaps) > 1.01:
        cut = int(np.argmax(gaps)) + 1
        cosines = np.linalg.svd(v[:, :cut].T @ vt[:cut].T, compute_uv=False)
        check(f"sine of the angle between spaces of {cut}",
              np.sqrt(max(0, 1 - cosines.min() ** 2)), 1e-3)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["ease", "svd"])
    parser.add_argument("models", nargs="+")
    parser.add_argument("--lambda", dest="regularization", type=float, default=300)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--neighbours", type=int, default=0)
    options = parser.parse_args()
    for model in options.models:
        print(model)
        parts, x = read(model)
        (check_ease if options.kind == "ease" else check_svd)(parts, x, options, model)


main()
