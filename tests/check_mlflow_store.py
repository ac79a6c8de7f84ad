#!/usr/bin/python3
"""check_mlflow_store.py DIR [--runs N] [--running N]: whether a folder is what MLflow documents as its
file store. Written from that documentation alone, with nothing but Python's own library.

    DIR/<experiment id>/meta.yaml             experiment_id, name, artifact_location, lifecycle_stage
    DIR/<experiment id>/<run id>/meta.yaml    run_id, status, start_time, end_time, ...
    DIR/<experiment id>/<run id>/params/KEY   one value
    DIR/<experiment id>/<run id>/tags/KEY     one value
    DIR/<experiment id>/<run id>/metrics/KEY  lines of "time value step"
    DIR/<experiment id>/<run id>/artifacts/   any files

Says what is wrong, one line each, and exits with 1; else prints the runs and exits with 0."""
import argparse
import math
import os
import re
import sys

STATUSES = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
KEY = re.compile(r"^[A-Za-z0-9_\-. :/]{1,250}$")
complaints = []


def complain(where, what):
    complaints.append(f"{where}: {what}")


def read_yaml(path):
    """The flat part of YAML that meta.yaml uses: `key: value`, quoted text, numbers, null, []."""
    values = {}
    try:
        lines = open(path, encoding="utf-8").read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        complain(path, error)
        return values
    for number, line in enumerate(lines, 1):
        match = re.match(r"^([a-z_]+): (.*)$", line)
        if not match:
            complain(f"{path}:{number}", "not 'key: value'")
            continue
        key, text = match.groups()
        if key in values:
            complain(f"{path}:{number}", f"{key} stands twice")
        if re.match(r"^'(?:[^']|'')*'$", text):
            values[key] = text[1:-1].replace("''", "'")
        elif text in ("null", "[]"):
            values[key] = None if text == "null" else []
        elif re.match(r"^-?\d+$", text):
            values[key] = int(text)
        elif re.match(r"^[A-Za-z0-9_./:%~-]+$", text) and not text.endswith(":"):
            values[key] = text
        else:
            complain(f"{path}:{number}", f"'{text}' needs quotes")
    return values


def require(path, values, key, kind):
    if not isinstance(values.get(key), kind):
        complain(path, f"{key} is {values.get(key)!r}")
        return None
    return values[key]


def files_below(folder):
    """Key -> path: a slash in a key is a folder."""
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            found[os.path.relpath(path, folder)] = path
    return found


def check_values(folder):
    values = {}
    for key, path in files_below(folder).items():
        if not KEY.match(key):
            complain(path, "MLflow does not take this key")
        values[key] = open(path, encoding="utf-8").read()
        if len(values[key]) > 6000:
            complain(path, "longer than 6000 characters")
    return values


def check_metrics(folder):
    metrics = {}
    for key, path in files_below(folder).items():
        if not KEY.match(key):
            complain(path, "MLflow does not take this key")
        text = open(path, encoding="utf-8").read()
        if not text.endswith("\n"):
            complain(path, "the last line is cut off")
        history = []
        for number, line in enumerate(text.splitlines(), 1):
            try:
                time, value, step = line.split(" ")
                history.append((int(time), float(value), int(step)))
            except ValueError:
                complain(f"{path}:{number}", f"'{line}' is not 'time value step'")
                continue
            if not 10**12 < history[-1][0] < 10**14:
                complain(f"{path}:{number}", "the time is not in milliseconds")
            if not math.isfinite(history[-1][1]):
                complain(f"{path}:{number}", "the value is not finite")
        metrics[key] = history
    return metrics


def check_run(folder, experiment):
    path = os.path.join(folder, "meta.yaml")
    meta = read_yaml(path)
    run = os.path.basename(folder)
    if require(path, meta, "run_id", str) != run or not re.match(r"^[0-9a-f]{32}$", run):
        complain(path, "run_id is not the folder's name of 32 hex digits")
    if meta.get("run_uuid") != run:
        complain(path, "run_uuid is not run_id")
    if require(path, meta, "experiment_id", str) != experiment:
        complain(path, "experiment_id is not the folder's")
    for key in ("user_id", "run_name", "artifact_uri", "entry_point_name", "source_name",
                "source_version"):
        require(path, meta, key, str)
    if meta.get("lifecycle_stage") not in ("active", "deleted"):
        complain(path, "lifecycle_stage is neither active nor deleted")
    status = STATUSES.get(require(path, meta, "status", int))
    start, end = require(path, meta, "start_time", int), meta.get("end_time")
    if status is None:
        complain(path, "status is not one of MLflow's")
    if "end_time" not in meta or (end is None) != (status in ("RUNNING", "SCHEDULED")):
        complain(path, f"end_time {end} does not go with {status}")
    if start is not None and end is not None and end < start:
        complain(path, "it ends before it starts")
    if not str(meta.get("artifact_uri")).endswith(f"/{experiment}/{run}/artifacts"):
        complain(path, "artifact_uri is not the run's")
    for name in ("params", "metrics", "tags", "artifacts"):
        if not os.path.isdir(os.path.join(folder, name)):
            complain(folder, f"no folder {name}")
    params = check_values(os.path.join(folder, "params"))
    tags = check_values(os.path.join(folder, "tags"))
    metrics = check_metrics(os.path.join(folder, "metrics"))
    if tags.get("mlflow.runName") != meta.get("run_name"):
        complain(folder, "the tag mlflow.runName is not run_name")
    return {"name": meta.get("run_name"), "status": status, "params": params, "tags": tags,
            "metrics": metrics, "id": run}


def check_store(root):
    runs, names = [], {}
    for experiment in sorted(os.listdir(root)):
        folder = os.path.join(root, experiment)
        if not os.path.isdir(folder) or experiment == ".trash":
            continue
        path = os.path.join(folder, "meta.yaml")
        meta = read_yaml(path)
        if require(path, meta, "experiment_id", str) != experiment or not experiment.isdigit():
            complain(path, "experiment_id is not the folder's number, in quotes")
        name = require(path, meta, "name", str)
        if name in names:
            complain(path, f"the name '{name}' is that of {names[name]} too")
        names[name] = experiment
        for key in ("creation_time", "last_update_time"):
            require(path, meta, key, int)
        require(path, meta, "artifact_location", str)
        if meta.get("lifecycle_stage") != "active":
            complain(path, "lifecycle_stage is not active")
        for run in sorted(os.listdir(folder)):
            if os.path.isdir(os.path.join(folder, run)):
                runs.append(check_run(os.path.join(folder, run), experiment))
    ids = {run["id"] for run in runs}
    for run in runs:
        parent = run["tags"].get("mlflow.parentRunId")
        if parent is not None and parent not in ids:
            complain(run["id"], "its parent is not there")
    return runs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root")
    parser.add_argument("--runs", type=int, help="how many there must be")
    parser.add_argument("--running", type=int, help="how many of them must be RUNNING")
    options = parser.parse_args()
    runs = check_store(options.root)
    running = sum(run["status"] == "RUNNING" for run in runs)
    if options.runs is not None and len(runs) != options.runs:
        complain(options.root, f"{len(runs)} runs, not {options.runs}")
    if options.running is not None and running != options.running:
        complain(options.root, f"{running} runs under way, not {options.running}")
    for complaint in complaints:
        print(f"FAIL: {complaint}")
    for run in runs:
        last = {key: history[-1][1] for key, history in run["metrics"].items() if history}
        print(run["id"], run["status"], repr(run["name"]), f"{len(run['params'])} params", last)
    sys.exit(bool(complaints))


main()
