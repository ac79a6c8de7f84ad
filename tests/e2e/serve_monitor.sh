#!/usr/bin/env bash
# The monitoring ports of a fleet of 2 shards and a proxy: their counts are those of the client that
# put load on it, what goes wrong is counted, names and format are as promtool and Prometheus take
# them.
docs=$(cd "$(dirname "$0")/../../docs" && pwd)/operations.md
. "$(dirname "$0")/serve_lib.sh"
"$SOUK_BIN/make_model" good.model 200 300 16 4 1 || fail "make_model"
"$SOUK_BIN/make_model" stages.model 200 300 0 4 1 stages || fail "make_model"
for user in $(seq 0 199); do echo "u$user"; done >users.txt

cat >monitor.py <<'PY'
# monitor.py LIST: of lines EXPECTED FILE NAME LABEL=VALUE...: the sum of the samples of this name with
# these labels
import re, sys
def read(path):
    samples = []
    for line in open(path):
        if line.startswith("#"):
            continue
        name, labels, value = re.fullmatch(r'([a-z_]+)(?:\{(.*)\})? (\S+)\n', line).groups()
        samples.append((name, dict(re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', labels or "")), float(value)))
    keys = [(name, tuple(sorted(labels.items()))) for name, labels, value in samples]
    assert len(set(keys)) == len(keys), "a series twice"
    return samples
def total(path, name, **wanted):
    found = [v for n, l, v in read(path) if n == name and all(l.get(k) == w for k, w in wanted.items())]
    assert found, "no %s %s in %s" % (name, wanted, path)
    return sum(found)
if __name__ == "__main__":
    wrong = 0
    for line in open(sys.argv[1]):
        expected, path, name, *labels = line.split()
        got = total(path, name, **dict(l.split("=", 1) for l in labels))
        if got != float(expected):
            wrong += 1
            print("%s: %.12g" % (line.strip(), got))
    sys.exit(wrong > 0)
PY
# get NAME PATH FILE: the body into the file; prints the status
get() {
    local at
    at=$(monitor_of "$1")
    exec 3<>"/dev/tcp/${at%:*}/${at##*:}"
    printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&3
    cat <&3 >answer.http
    exec 3>&-
    sed '1,/^\r$/d' answer.http >"$3"
    sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p' answer.http
}
scrape() {
    local name
    for name in "$@"; do
        [ "$(get "$name" /metrics "$name.prom")" = 200 ] || fail "$name: no metrics"
    done
}
# counts EXPECTED FILE NAME LABEL...: noted for check, which has Python start once for many
counts() { echo "$@" >>counts.txt; }
check() {
    /usr/bin/python3 monitor.py counts.txt >err.txt 2>&1 || fail "$(cat err.txt)"
    rm -f counts.txt
}
field() { /usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }
lint() {
    command -v promtool >/dev/null || return 0
    promtool check metrics <"$1" >lint.txt 2>&1 || fail "promtool on $1: $(cat lint.txt)"
    [ ! -s lint.txt ] || fail "promtool on $1: $(cat lint.txt)"
}

# What the client counted is what the servers did.
fleet good.model 2
for name in proxy shard0 shard1; do
    [ "$(get "$name" /readyz ready.txt)" = 200 ] || fail "$name is not ready: $(cat ready.txt)"
    [ "$(get "$name" /livez ready.txt)" = 200 ] || fail "$name does not live"
done
"$SOUK_BIN/souk" load --proxy "ipc://$work/proxy" --users users.txt --in-flight 8 --duration 1s --timeout 5s --json >load.json || fail "load"
scrape proxy shard0 shard1
sent=$(field load.json sent)
[ "$(field load.json good)" = "$sent" ] || fail "some requests failed: $(cat load.json)"
counts "$sent" proxy.prom souk_requests_total op=recommend status=ok
counts "$sent" proxy.prom souk_requests_total op=recommend
counts "$sent" proxy.prom souk_request_duration_seconds_count op=recommend
counts "$sent" proxy.prom souk_request_duration_seconds_bucket op=recommend le=+Inf
counts "$sent" proxy.prom souk_users_total user_type=warm
counts 0 proxy.prom souk_users_total user_type=cold
for stage in profile scan merge; do counts "$sent" proxy.prom souk_stage_duration_seconds_count stage=$stage; done
counts "$sent" proxy.prom souk_recommendations_returned_count
counts $((sent * 10)) proxy.prom souk_recommendations_returned_sum
counts "$(field load.json partial)" proxy.prom souk_partial_answers_total
counts "$(field load.json degraded)" proxy.prom souk_degraded_answers_total
counts 0 proxy.prom souk_requests_outstanding
# A user's home sends its list with the profile, the other shard scans: one question to each.
for name in shard0 shard1; do
    grep -E '^souk_requests_total\{op="(profile|scan)"' $name.prom >asked.$name.prom
    counts "$sent" asked.$name.prom souk_requests_total status=ok
done
cat shard0.prom >both.prom && grep '^souk_requests_total{op="profile"' shard1.prom | sed 's/op="profile"/op="profile",of="other"/' >>both.prom
counts "$sent" both.prom souk_requests_total op=profile status=ok
counts 300 proxy.prom souk_model_items
check
/usr/bin/python3 - <<'PY' 2>err.txt || fail "$(cat err.txt)"
import time
from monitor import total
assert total("shard0.prom", "souk_shard_items") + total("shard1.prom", "souk_shard_items") == 300
for name in "proxy.prom", "shard0.prom":
    assert 1e6 < total(name, "process_resident_memory_bytes") < 4e9
    assert 5 < total(name, "process_open_fds") < total(name, "process_max_fds")
    assert 0 < total(name, "process_cpu_seconds_total") < 60
    assert 0 < time.time() - total(name, "process_start_time_seconds") < 600
    assert total(name, "souk_build_info") == total(name, "souk_ready") == total(name, "souk_model_info") == 1
assert 0 <= time.time() - total("shard0.prom", "souk_model_loaded_timestamp_seconds") < 600
assert total("shard0.prom", "souk_model_created_timestamp_seconds") == .001 # of a model that is made up
PY

# What goes wrong is counted under its name.
ask recommend --user u1 -n 0 >out.txt 2>&1
ask recommend --user nobody >out.txt 2>&1
ask similar --item nope >out.txt 2>&1
ask recommend --user u1 --events i1=view >out.txt 2>&1
ask explain --user u1 --items i1 >out.txt 2>&1
"$SOUK_BIN/souk" recommend --proxy "ipc://$work/shard0" --user u1 >out.txt 2>&1
scrape proxy
counts 1 proxy.prom souk_users_total user_type=cold
check
kill -9 "${pid[shard1]}" && unset 'pid[shard1]'
for user in u1 u2 u3 u4 u5 u6; do
    ask recommend --user $user --json >>partial.json || fail "no answer from the shard that is left"
done
scrape proxy shard0
counts 1 proxy.prom souk_requests_total op=recommend status=bad_field
counts 1 proxy.prom souk_requests_total op=similar status=not_found
counts 1 proxy.prom souk_requests_total op=explain status=bad_field
counts 1 shard0.prom souk_requests_total op=other status=unknown_operation
counts "$(grep -c '"partial":true' partial.json)" proxy.prom souk_partial_answers_total
counts "$(grep -c '"degraded":true' partial.json)" proxy.prom souk_degraded_answers_total
counts 1 proxy.prom souk_replica_connected
check
lint proxy.prom
lint shard0.prom
stop_fleet

# A proxy that lacks a shard lives, and is not ready.
replica shard0 stages.model 0/2
proxy half "ipc://$work/shard0 ipc://$work/absent"
[ "$(get half /livez ready.txt)" = 200 ] || fail "half a fleet does not live"
[ "$(get half /readyz ready.txt)" = 503 ] || fail "half a fleet is ready"
grep -q 'no replica of shard 1' ready.txt || fail "no reason: $(cat ready.txt)"
stop half

# Two stages.
replica shard1 stages.model 1/2
SOUK_TOKEN=$(umask 077 && "$SOUK_BIN/souk-token" add test --scopes read --expires 1d --tokens tokens)
export SOUK_TOKEN
proxy proxy "ipc://$work/shard0 ipc://$work/shard1" --http 127.0.0.1:0 --events "sqlite:$work/events.db" --events-keep 400d --tokens tokens
for user in u1 u2 nobody; do ask recommend --user $user --json >>stages.json || fail "two stages: $user"; done
ask explain --user u1 --items i1,i2 >out.txt || fail "explain"
scrape proxy shard0
counts 3 proxy.prom souk_stage_duration_seconds_count stage=candidates
counts 2 proxy.prom souk_stage_duration_seconds_count stage=rank
counts 1 proxy.prom souk_stage_duration_seconds_count stage=explain
counts 4 proxy.prom souk_users_total
check
/usr/bin/python3 - <<'PY' 2>err.txt || fail "$(cat err.txt)"
import json
from monitor import total
answers = [json.loads(line) for line in open("stages.json")]
assert total("proxy.prom", "souk_candidates_scored_sum") == sum(a["total_candidates_scored"] for a in answers)
assert total("proxy.prom", "souk_recommendations_returned_sum") == sum(len(a["recommendations"]) for a in answers)
PY
lint proxy.prom
lint shard0.prom

# Every metric is in the documentation, and every one there is real.
sed -n 's/^# TYPE \([a-z_]*\) \([a-z]*\)$/\1 \2/p' proxy.prom shard0.prom | sort -u >real.txt
sed -n '/absent without TLS/d; /^## Metrics/,/^Buckets/s/^| \(`[^|]*`\) | \([a-z]*\) |.*/\1 \2/p' "$docs" |
    sed 's/`//g; s/^\(.*\), \(.*\) \(.*\)$/\1 \3\n\2 \3/' | sort -u >documented.txt
cmp -s real.txt documented.txt || fail "docs/operations.md: $(diff documented.txt real.txt)"
stop_fleet

# Nobody is left to ask.
replica alone good.model 0/1
proxy lonely "ipc://$work/alone"
[ "$(get lonely /readyz ready.txt)" = 200 ] || fail "not ready: $(cat ready.txt)"
kill -9 "${pid[alone]}" && unset 'pid[alone]'
for _ in $(seq 100); do
    [ "$(get lonely /readyz ready.txt)" = 503 ] && break
    sleep .05
done
grep -q 'no replica answers' ready.txt || fail "ready without a replica: $(cat ready.txt)"
stop lonely

# No monitor, and one that cannot be.
replica shard0 good.model 0/1
proxy silent "ipc://$work/shard0" --monitor none
[ "$(monitor_of silent)" = none ] || fail "--monitor none listens"
stop silent
for wrong in nonsense 127.0.0.1 :9100; do
    "$SOUK_BIN/souk-proxy" --shards "ipc://$work/shard0" --listen "ipc://$work/y" --monitor $wrong >out.txt 2>&1
    [ $? = 2 ] || fail "--monitor $wrong is taken"
done
"$SOUK_BIN/souk-proxy" --shards "ipc://$work/shard0" --listen "ipc://$work/y" --monitor "$(monitor_of shard0)" >out.txt 2>&1
[ $? = 1 ] && grep -q 'in use' out.txt || fail "a port in use: $(cat out.txt)"
command -v promtool >/dev/null || echo "note: no promtool here, its checks were left out"
finish
