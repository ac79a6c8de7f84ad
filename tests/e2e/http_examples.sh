#!/usr/bin/env bash
# Every example of openapi.json, docs/api.md and README.md, against a fleet of 2 shards that keeps
# events: the code that it says, and a reply of its schema.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/serve_lib.sh"
. "$here/http_lib.sh"
top=$(cd "$here/../.." && pwd)
"$SOUK_BIN/make_model" good.model 200 300 0 4 1 stages || fail "make_model"
replica shard0 good.model 0/2
replica shard1 good.model 1/2
http_proxy proxy "ipc://$work/shard0 ipc://$work/shard1" --deadline 5s --events "sqlite:$work/events.db"
curl -s "$SOUK/openapi.json" >served.json
cmp -s served.json "$top/serve/http/pages/openapi.json" || fail "the document that is served is not the file"
PYTHONPATH=$here /usr/bin/python3 "$here/http_examples.py" served.json "$top/docs/api.md" "$top/README.md" || fail "examples"

# A list that explains itself says what POST /explain says of its items.
cat >explained.py <<'PY'
import json, os, urllib.request
def post(path, body):
    request = urllib.request.Request(os.environ["SOUK"] + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=20))
asked = {"user_id": "u1", "moment": "2026-11-26T00:00:00Z", "deadline_ms": 5000}
for more in {}, {"include_metadata": True}:
    found = post("/recommendations", dict(asked, n_items=60, explain=True, **more))["recommendations"]
    top = [r["item_id"] for r in found[:50]]
    said = post("/explain", dict(asked, items=top))["explanations"]
    assert top and [r["explanation"] for r in found[:50]] == said, "the explanations differ"
    assert all(abs(r["score"] - r["explanation"]["score"]) < 1e-5 for r in found[:50]), "not of this score"
    assert not any("explanation" in r for r in found[50:]), "more than 50"
popular = post("/recommendations", {"user_id": "nobody", "explain": True})["recommendations"]
assert popular and not any("explanation" in r for r in popular), "what is popular is explained"
assert not any("explanation" in r for r in post("/recommendations", asked)["recommendations"]), "nobody has asked"
PY
/usr/bin/python3 explained.py 2>err.txt || fail "explain in a list: $(tail -1 err.txt)"
stop_fleet
finish
