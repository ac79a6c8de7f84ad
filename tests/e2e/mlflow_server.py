#!/usr/bin/python3
"""mlflow_server.py FOLDER: as much of an MLflow server's REST API as a client that logs runs needs, by
its documentation. Writes its port to FOLDER/port, and every request to FOLDER/requests as one line of
JSON. FOLDER/mode, read at each request, says how it behaves: good, error (500), slow, garbage."""
import http.server
import json
import os
import re
import sys
import time
import urllib.parse

folder = sys.argv[1]
experiments, runs, artifacts = {}, {}, {}
KEY = re.compile(r"^[A-Za-z0-9_\-. :/]{1,250}$")


class Refused(Exception):
    def __init__(self, code, error, message):
        super().__init__(message)
        self.code, self.error = code, error


def bad(message):
    raise Refused(400, "INVALID_PARAMETER_VALUE", message)


def get_by_name(query):
    name = query["experiment_name"][0]
    if name not in experiments:
        raise Refused(404, "RESOURCE_DOES_NOT_EXIST", f"Could not find experiment '{name}'")
    return {"experiment": {"experiment_id": experiments[name], "name": name,
                           "lifecycle_stage": "active"}}


def create_experiment(body):
    if body["name"] in experiments:
        bad("the experiment exists")
    experiments[body["name"]] = str(len(experiments) + 1)
    return {"experiment_id": experiments[body["name"]]}


def create_run(body):
    if body["experiment_id"] not in experiments.values():
        bad("no such experiment")
    if not isinstance(body["start_time"], int):
        bad("start_time is not a number")
    run = f"{len(runs) + 1:032x}"
    runs[run] = {"status": "RUNNING", "params": {}, "metrics": [], "tags": {}}
    return {"run": {"info": {"run_id": run, "experiment_id": body["experiment_id"],
                             "status": "RUNNING", "artifact_uri": f"mlflow-artifacts:/1/{run}"}}}


def log_batch(body):
    run = runs.get(body["run_id"]) or bad("no such run")
    metrics, params, tags = (body.get(key, []) for key in ("metrics", "params", "tags"))
    if len(metrics) > 1000 or len(params) > 100 or len(tags) > 100:
        bad("over the limits of a batch")
    if len(metrics) + len(params) + len(tags) > 1000:
        bad("more than 1000 entities")
    for entry in metrics + params + tags:
        if not KEY.match(entry["key"]):
            bad(f"invalid key {entry['key']}")
    for entry in metrics:
        if not isinstance(entry["timestamp"], int) or not isinstance(entry["step"], int):
            bad("not whole numbers")
    for entry in params:
        if run["params"].setdefault(entry["key"], entry["value"]) != entry["value"]:
            bad("a parameter changes")
    run["metrics"] += metrics
    run["tags"].update({entry["key"]: entry["value"] for entry in tags})
    return {}


def update_run(body):
    run = runs.get(body["run_id"]) or bad("no such run")
    if body["status"] not in ("FINISHED", "FAILED", "KILLED", "RUNNING"):
        bad("no such status")
    run["status"], run["end_time"] = body["status"], body["end_time"]
    return {"run_info": {"run_id": body["run_id"], "status": body["status"]}}


POSTS = {"mlflow/experiments/create": create_experiment, "mlflow/runs/create": create_run,
         "mlflow/runs/log-batch": log_batch, "mlflow/runs/update": update_run}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code, text, kind="application/json"):
        data = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_one(self, method):
        url = urllib.parse.urlparse(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        name = url.path.removeprefix("/api/2.0/")
        with open(os.path.join(folder, "requests"), "a", encoding="utf-8") as log:
            log.write(json.dumps({"method": method, "name": name, "body": body,
                                  "type": self.headers.get("Content-Type"),
                                  "authorization": self.headers.get("Authorization")}) + "\n")
        mode = open(os.path.join(folder, "mode"), encoding="utf-8").read().strip()
        if mode == "error":
            return self.answer(500, '{"error_code": "INTERNAL_ERROR"}')
        if mode == "garbage":
            return self.answer(200, "<html>not JSON", "text/html")
        if mode == "slow":
            time.sleep(60)
        try:
            if method == "GET" and name == "mlflow/experiments/get-by-name":
                return self.answer(200, json.dumps(get_by_name(urllib.parse.parse_qs(url.query))))
            if method == "PUT" and name.startswith("mlflow-artifacts/artifacts/"):
                artifacts[name] = body
                return self.answer(200, "{}")
            if method == "POST" and name in POSTS:
                return self.answer(200, json.dumps(POSTS[name](json.loads(body))))
            raise Refused(404, "ENDPOINT_NOT_FOUND", name)
        except Refused as error:
            return self.answer(error.code, json.dumps({"error_code": error.error,
                                                       "message": str(error)}))
        except (KeyError, ValueError) as error:
            return self.answer(400, json.dumps({"error_code": "BAD_REQUEST",
                                                "message": repr(error)}))
        finally:
            state = os.path.join(folder, "state")
            with open(state + ".partial", "w", encoding="utf-8") as out:
                json.dump({"experiments": experiments, "runs": runs, "artifacts": artifacts}, out)
            os.rename(state + ".partial", state)

    def do_GET(self):
        self.handle_one("GET")

    def do_POST(self):
        self.handle_one("POST")

    def do_PUT(self):
        self.handle_one("PUT")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(os.path.join(folder, "port.partial"), "w", encoding="utf-8") as out:
    out.write(str(server.server_address[1]))
os.rename(os.path.join(folder, "port.partial"), os.path.join(folder, "port"))
server.serve_forever()
