#!/usr/bin/env bash
# A Prometheus that scrapes 2 shards and 2 proxies counts what their clients counted.
. "$(dirname "$0")/serve_lib.sh"
command -v prometheus >/dev/null || skip "no prometheus here (tests/setup.sh installs it)"
"$SOUK_BIN/make_model" good.model 200 300 16 4 1 || fail "make_model"
for user in $(seq 0 199); do echo "u$user"; done >users.txt
fleet good.model 2
proxy other "ipc://$work/shard0 ipc://$work/shard1"

{
    printf 'global: {scrape_interval: 500ms, scrape_timeout: 500ms}\nscrape_configs:\n'
    for name in shard0 shard1 proxy other; do
        printf -- "- {job_name: %s, static_configs: [{targets: ['%s']}]}\n" $name "$(monitor_of $name)"
    done
} >prometheus.yml
prometheus --config.file=prometheus.yml --storage.tsdb.path=data --web.listen-address=127.0.0.1:0 2>prometheus.log &
pid[prometheus]=$!
wait_for prometheus.log 'msg="Listening on" address='

for name in proxy other; do
    "$SOUK_BIN/souk" load --proxy "ipc://$work/$name" --users users.txt --in-flight 4 --duration 1s --timeout 5s --json >$name.json || fail "load on $name"
done
cat >compare.py <<'PY'
# compare.py HOST:PORT: until Prometheus has what the clients counted, at most 30 s
import json, sys, time, urllib.parse, urllib.request
def ask(query):
    url = "http://%s/api/v1/query?query=%s" % (sys.argv[1], urllib.parse.quote(query))
    found = json.load(urllib.request.urlopen(url, timeout=20))["data"]["result"]
    return {r["metric"].get("job", ""): float(r["value"][1]) for r in found}
proxy, other = (json.load(open(name + ".json")) for name in ("proxy", "other"))
assert proxy["failed"] == other["failed"] == 0, (proxy, other)
both = proxy["sent"] + other["sent"]
wanted = {
    'up': dict.fromkeys(("shard0", "shard1", "proxy", "other"), 1),
    'sum by (job) (souk_requests_total{op="recommend"})': {"proxy": proxy["sent"], "other": other["sent"]},
    'sum by (job) (souk_requests_total{op=~"profile|scan",status="ok"})': {"shard0": both, "shard1": both},
    'sum(souk_requests_total{op="profile"})': {"": both},
    'sum(souk_recommendations_returned_sum)': {"": 10 * both},
    'max by (job) (souk_request_duration_seconds_bucket{op="recommend",le="+Inf"})': {"proxy": proxy["sent"], "other": other["sent"]},
    'count(count by (model) (souk_model_info))': {"": 1},
    'souk_ready': dict.fromkeys(("shard0", "shard1", "proxy", "other"), 1),
}
until = time.monotonic() + 30
while True:
    got = {query: ask(query) for query in wanted}
    if got == wanted:
        print("%d requests, in Prometheus and by the clients" % both)
        break
    if time.monotonic() > until:
        sys.exit("\n".join("%s: %s, not %s" % (q, got[q], wanted[q]) for q in wanted if got[q] != wanted[q]))
    time.sleep(.1)
PY
/usr/bin/python3 compare.py "$(sed -n 's/.*msg="Listening on" address=//p' prometheus.log)" >compare.txt 2>&1 || fail "$(tail -8 compare.txt)"
cat compare.txt
stop prometheus
stop_fleet
finish
