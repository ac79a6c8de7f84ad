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
stop_fleet
finish
