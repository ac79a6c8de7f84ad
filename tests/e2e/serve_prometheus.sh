#!/usr/bin/env bash
# A Prometheus that scrapes all processes of 2 shards x 2 replicas and 2 proxies counts what their clients
# counted, and promtool finds nothing to say of any of them.
. "$(dirname "$0")/serve_lib.sh"
command -v prometheus >/dev/null || skip "no prometheus here (tests/setup.sh installs it)"
"$SOUK_BIN/make_model" good.model 200 300 16 4 1 || fail "make_model"
for user in $(seq 0 199); do echo "u$user"; done >users.txt
for name in a0 b0 a1 b1; do replica $name good.model "${name#?}/2"; done
for name in proxy0 proxy1; do proxy $name "ipc://$work/a0,ipc://$work/b0 ipc://$work/a1,ipc://$work/b1"; done

{
    printf 'global: {scrape_interval: 500ms, scrape_timeout: 500ms}\nscrape_configs:\n'
    for name in a0 b0 a1 b1 proxy0 proxy1; do
        printf -- "- {job_name: %s, static_configs: [{targets: ['%s']}]}\n" $name "$(monitor_of $name)"
    done
} >prometheus.yml
prometheus --config.file=prometheus.yml --storage.tsdb.path=data --web.listen-address=127.0.0.1:0 2>prometheus.log &
pid[prometheus]=$!
wait_for prometheus.log 'msg="Listening on" address='

for name in proxy0 proxy1; do
    "$SOUK_BIN/souk" load --proxy "ipc://$work/$name" --users users.txt --in-flight 4 --duration 1s --timeout 5s --json >$name.json || fail "load on $name"
done
for name in a0 b0 a1 b1 proxy0 proxy1; do
    curl -sf "http://$(monitor_of $name)/metrics" | promtool check metrics >lint.txt 2>&1 || fail "promtool on $name: $(cat lint.txt)"
    [ ! -s lint.txt ] || fail "promtool on $name: $(cat lint.txt)"
done
cat >compare.py <<'PY'
# compare.py HOST:PORT: until Prometheus has what the clients counted, at most 30 s
import json, sys, time, urllib.parse, urllib.request
def ask(query):
    url = "http://%s/api/v1/query?query=%s" % (sys.argv[1], urllib.parse.quote(query))
    found = json.load(urllib.request.urlopen(url, timeout=20))["data"]["result"]
    return {r["metric"].get("job", ""): float(r["value"][1]) for r in found}
loads = {name: json.load(open(name + ".json")) for name in ("proxy0", "proxy1")}
assert all(r["failed"] == r["partial"] == r["degraded"] == 0 for r in loads.values()), loads
sent = {name: r["sent"] for name, r in loads.items()}
both = sum(sent.values())
every = dict.fromkeys(("a0", "b0", "a1", "b1", "proxy0", "proxy1"), 1)
# A question to each shard for each request; where one is hedged, its second replica may count it, too.
asked = 'sum by (shard) (label_replace(souk_requests_total{op=~"profile|scan",status="ok"}, "shard", "$1", "job", ".(.)"))'
wanted = {
    'up': every,
    'souk_ready': every,
    'sum by (job) (souk_requests_total{op="recommend"})': sent,
    'sum by (job) (souk_requests_total{op="recommend",status="ok"})': sent,
    'min(%s >= bool %d)' % (asked, both): {"": 1},
    'max(%s <= bool %d)' % (asked, 1.25 * both + 100): {"": 1},
    'sum(souk_recommendations_returned_sum)': {"": 10 * both},
    'max by (job) (souk_request_duration_seconds_bucket{op="recommend",le="+Inf"})': sent,
    'count(count by (model) (souk_model_info))': {"": 1},
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
