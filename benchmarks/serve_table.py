#!/usr/bin/python3
"""Tables of bench_serve.sh: serve_table.py ITEMS USERS DRAW CACHE SHARDS, in the folder of its runs.

Each run*/ holds load.json of souk load, the processes' /metrics before/ and after/ it, and who used the
processors. Exit code 1 where the counts of the processes and of the load differ, or an answer was wrong.
"""
import glob
import json
import math
import os
import re
import sys

CORES = os.cpu_count()
TICKS = os.sysconf("SC_CLK_TCK")
LINE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")


def read_metrics(path):
    """{(name, labels): value}, labels sorted pairs."""
    values = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            found = LINE.match(line)
            if found:
                labels = tuple(sorted(re.findall(r'(\w+)="([^"]*)"', found[2] or "")))
                values[found[1], labels] = float(found[3])
    return values


def difference(before, after):
    return {key: value - before.get(key, 0) for key, value in after.items()}


def total(values, name, **labels):
    wanted = set(labels.items())
    return sum(v for (n, l), v in values.items() if n == name and wanted <= set(l))


def labels_of(values, name, label):
    return list(dict.fromkeys(dict(l)[label] for (n, l) in values if n == name and label in dict(l)))


def quantile(values, name, q, **labels):
    """As Prometheus' histogram_quantile: straight lines within a bucket."""
    wanted = set(labels.items())
    buckets = sorted((float(dict(l)["le"]), v) for (n, l), v in values.items()
                     if n == name + "_bucket" and wanted <= set(l))
    rank, low, below = q * buckets[-1][1], 0.0, 0.0
    for bound, count in buckets:
        if count >= rank and count > below:
            return low if math.isinf(bound) else low + (bound - low) * (rank - below) / (count - below)
        low, below = bound, count
    return low


def histogram(values, name, **labels):
    count = total(values, name + "_count", **labels)
    return {"count": int(count), "mean_us": round(total(values, name + "_sum", **labels) / count * 1e6, 1),
            "p99_us": round(quantile(values, name, .99, **labels) * 1e6, 1)}


def histograms(values, name, label, leave_out=()):
    return {v: histogram(values, name, **{label: v}) for v in labels_of(values, name + "_count", label)
            if v not in leave_out and total(values, name + "_count", **{label: v}) > 0}


class Run:
    def __init__(self, folder):
        def text(name):
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                return f.read()
        self.rate = float(text("rate"))
        self.load = json.loads(text("load.json"))
        names = sorted(n for n in os.listdir(os.path.join(folder, "after")) if n != "machine")
        self.of = {n: difference(read_metrics(os.path.join(folder, "before", n)), read_metrics(os.path.join(folder, "after", n)))
                   for n in names}
        self.cpu = {"load": sum(map(float, text("load.cpu").split()[-2:]))}
        self.cpu.update({n: total(self.of[n], "process_cpu_seconds_total") for n in names})
        machine = (float(text("after/machine")) - float(text("before/machine"))) / TICKS
        self.share = sum(self.cpu.values()) / (self.load["seconds"] * CORES)
        self.others = max(0, machine / (self.load["seconds"] * CORES) - self.share)
        self.stages = histograms(self.of["proxy"], "souk_stage_duration_seconds", "stage")
        self.request = histogram(self.of["proxy"], "souk_request_duration_seconds", op="recommend")
        self.replicas = {n: histograms(self.of[n], "souk_request_duration_seconds", "op", ("health",))
                         for n in names if n != "proxy"}
        self.cache = {r: int(total(self.of["proxy"], "souk_cache_requests_total", result=r))
                      for r in labels_of(self.of["proxy"], "souk_cache_requests_total", "result")}
        asked = sum(self.cache.values())
        self.hit_rate = (self.cache["hit"] + self.cache["shared"]) / asked if asked else None

    def us_per_answer(self):
        return {n: round(v * 1e6 / max(self.load["good"], 1), 1) for n, v in self.cpu.items()}

    def disagreements(self):
        """What the processes count against what the load counted."""
        proxy, load = self.of["proxy"], self.load
        refused = total(proxy, "souk_requests_refused_total")
        answered = total(proxy, "souk_requests_total", op="recommend")
        pairs = [("answers", total(proxy, "souk_requests_total", op="recommend", status="ok"), load["good"]),
                 ("partial answers", total(proxy, "souk_partial_answers_total"), load["partial"]),
                 ("degraded answers", total(proxy, "souk_degraded_answers_total"), load["degraded"]),
                 ("durations", self.request["count"], answered)]
        if load["no_reply"] + load["no_connection"] == 0:
            pairs.append(("requests", answered + refused, load["sent"]))
        computed = answered
        if self.hit_rate is not None:
            pairs.append(("results of the cache", sum(self.cache.values()), answered))
            computed = self.cache["miss"] + self.cache["bypass"]
        if load["failed"] == 0 and load["partial"] + load["degraded"] == 0:
            for name, operations in self.replicas.items():
                pairs.append(("questions to " + name, sum(o["count"] for o in operations.values()), computed))
        return ["%s: %d by /metrics, %d by the load" % (what, theirs, ours) for what, theirs, ours in pairs if theirs != ours]


def print_rates(runs):
    names = list(runs[0].cpu)
    head = ["rate", "answers/s", "p50", "p95", "p99", "p99.9", "max", "machine", "others", "us/answer: load"] + names[1:]
    head += ["hit rate", "checked", "wrong", "late", "partial", "failed", "behind"]
    print("  ".join(head))
    for r in runs:
        each = r.us_per_answer()
        cells = ["%.0f" % r.rate, "%.0f" % r.load["rate"]]
        cells += ["%.2f" % (r.load[p + "_us"] / 1e3) for p in ("p50", "p95", "p99", "p999", "max")]
        cells += ["%.2f" % r.share, "%.2f" % r.others] + ["%.1f" % each[n] for n in names]
        cells.append("-" if r.hit_rate is None else "%.3f" % r.hit_rate)
        cells += [str(r.load[k]) for k in ("checked", "wrong", "late", "partial", "failed", "behind")]
        print("  ".join(c.rjust(len(h)) for c, h in zip(cells, head)))


def print_stages(run):
    print("\nstages at %.0f/s, by /metrics:" % run.rate)
    print("  %-22s %9s %9s %9s  %s" % ("", "count", "mean us", "p99 us", "share of a request's time"))
    whole = run.request["mean_us"] * run.request["count"]

    def line(name, h, share):
        print("  %-22s %9d %9.0f %9.0f  %s" % (name, h["count"], h["mean_us"], h["p99_us"], share))
    line("proxy: a request", run.request, "1.00")
    for name, h in run.stages.items():
        line("proxy: " + name, h, "%.2f" % (h["mean_us"] * h["count"] / whole))
    for replica, operations in run.replicas.items():
        for name, h in operations.items():
            line("%s: %s" % (replica, name), h, "")


def main():
    items, users, draw, cache, shards = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])
    runs = [Run(folder) for folder in sorted(glob.glob("run*"), key=lambda f: int(f[3:]))]
    print("%d shards of %d items x 64 factors, %d users, %s, cache %s" % (
        shards, items, users, "all distinct" if draw == "turn" else "Zipf(1)", cache))
    print_rates(runs)
    for run in runs:
        print_stages(run)
    found = [(run.rate, text) for run in runs for text in run.disagreements()]
    print("\ncounts of the servers' metrics and of the load: %s" % ("agree" if not found else "DIFFER"))
    for rate, text in found:
        print("  at %.0f/s: %s" % (rate, text))
    good = [r.rate for r in runs if r.load["whole"] == r.load["sent"] and r.load["p99_us"] < 25000]
    print("highest rate that was answered whole and right with p99 below 25 ms: %s" % ("%.0f/s" % max(good) if good else "none of these"))
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        cpu = next((l.split(":", 1)[1].strip() for l in f if l.startswith("model name")), "?")
    with open("commit.txt", encoding="utf-8") as f:
        commit = f.read().strip()
    for r in runs:
        print(json.dumps({"bench": "serve", "commit": commit, "cpu": cpu, "cores": CORES, "items": items, "factors": 64, "users": users,
                          "draw": draw, "cache": cache, "shards": shards, "offered": r.rate, "machine_share": round(r.share, 3),
                          "others_share": round(r.others, 3), "cpu_us_per_answer": r.us_per_answer(), "request": r.request,
                          "stages": r.stages, "replicas": r.replicas, "cache_requests": r.cache, "hit_rate": r.hit_rate,
                          "counts_agree": not r.disagreements(), **r.load}))
    wrong = sum(r.load["wrong"] + r.load["mixed"] + r.load["unknown_version"] for r in runs)
    return 1 if found or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
