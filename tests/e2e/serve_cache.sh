#!/usr/bin/env bash
# The cache of answers of a proxy: what is given again is right, of the version in use, and never an
# answer that lacked something; its counts are those of the requests.
. "$(dirname "$0")/serve_lib.sh"
slow=${SOUK_SLOWDOWN:-1}
rate=1000 users=1000
[ "$slow" = 1 ] || rate=60 users=100 # sanitizers make everything slower
for k in 1 2; do
    "$SOUK_BIN/make_model" m$k.model 1000 500 32 4 $k || fail "make_model"
done
seq -f 'u%.0f' 0 $((users - 1)) >users.txt
for k in 1 2; do "$SOUK_BIN/reference_lists" m$k.model 10 2 users.txt >m$k.ref || fail "reference_lists"; done

metrics() { # NAME
    local at
    at=$(monitor_of "$1")
    exec 3<>"/dev/tcp/${at%:*}/${at##*:}"
    printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3
    cat <&3 >"$1.prom"
    exec 3>&-
}
value() { # NAME SERIES: of the last metrics, all labels that begin so together
    awk -v series="$2" 'index($1, series) == 1 { sum += $2 } END { print sum + 0 }' "$1.prom"
}
# results NAME: all that the cache counts are the lists that were asked for
results() {
    metrics "$1"
    [ "$(value "$1" souk_cache_requests_total)" = "$(($(value "$1" 'souk_requests_total{op="recommend"') + $(value "$1" 'souk_requests_total{op="similar"')))" ] ||
        fail "$1: $(grep ^souk_cache "$1.prom")"
}
cached() { value "$1" "souk_cache_requests_total{result=\"$2\""; }
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^,\"}]*\).*/\1/p" "$2"; }
load() { # PROXY OPTION...
    "$SOUK_BIN/souk" load --proxy "ipc://$work/$1" --users users.txt --deadline "${slow}s" --timeout $((slow * 5))s --json "${@:2}" >load.json 2>load.err
}

for s in 0 1; do replica shard$s m1.model $s/2 --admin "ipc://$work/admin$s"; done
shards="ipc://$work/shard0 ipc://$work/shard1"
reload() { "$SOUK_BIN/souk" admin --at "ipc://$work/admin0,ipc://$work/admin1" --do reload --model "$1" >out.txt 2>&1 || fail "reload: $(cat out.txt)"; }
proxy proxy "$shards" --cache 4M

# The same question, the same list, and what is the request's own.
ask recommend --user u1 --json >first.json
ask recommend --user u1 --json >again.json
[ -z "$(field age_ms first.json)" ] && [ -n "$(field age_ms again.json)" ] || fail "ages: $(cat first.json again.json)"
items <first.json >first.tsv
items <again.json | cmp -s - first.tsv || fail "another list: $(cat again.json)"
[ "$(field request_id first.json)" != "$(field request_id again.json)" ] || fail "two answers with one request id"
for options in "-n 3" "--category none" "--include-seen" "--user u2"; do
    # shellcheck disable=SC2086
    ask recommend --user u1 $options --json >other.json
    [ -z "$(field age_ms other.json)" ] || fail "the answer to another question: $options: $(cat other.json)"
done
ask recommend --user u1 --moment 2020-01-01 --json >other.json
[ -z "$(field age_ms other.json)" ] || fail "kept for a moment: $(cat other.json)"
for i in 1 2; do ask similar --item i1 --json >similar.json; done
[ -n "$(field age_ms similar.json)" ] || fail "similar is not kept"
ask similar --item nope >out.txt 2>&1 && fail "an unknown item"
results proxy
[ "$(cached proxy hit) $(cached proxy miss) $(cached proxy bypass)" = "2 7 1" ] || fail "$(grep ^souk_cache proxy.prom)"
stop proxy

# Under load, through a change of the model: every answer right, and of one version.
proxy proxy "$shards" --cache 4M
load proxy --draw zipf --rate $rate --duration 3s --in-flight 32 --reference m1.ref,m2.ref --min-whole .999 &
pid[load]=$!
sleep 1 # into the load: many are kept
reload m2.model
wait "${pid[load]}" || fail "load: $(cat load.err load.json)"
unset 'pid[load]'
results proxy
hits=$(($(cached proxy hit) + $(cached proxy shared)))
sent=$(field sent load.json)
[ "$(field checked load.json)" = "$sent" ] || fail "not all checked: $(cat load.json)"
[ "$(value proxy souk_cache_requests_total)" = "$sent" ] || fail "$sent sent: $(grep ^souk_cache proxy.prom)"
[ "$(value proxy souk_users_total)" = "$sent" ] || fail "$sent sent: $(grep ^souk_users proxy.prom)"
[ $((hits * 3)) -gt "$sent" ] || fail "only $hits hits of $sent"
[ "$(value proxy 'souk_cache_evictions_total{reason="version"')" -gt 0 ] || fail "no answer of the old version was met"
echo "hits through a change of the model: $hits of $sent"
load proxy --draw zipf --rate $rate --duration 1s --in-flight 32 --reference m2.ref --min-whole .999 || fail "after the change: $(cat load.err load.json)"

# A roll-back is a change like any other.
reload m1.model
for i in $(seq 100); do
    ask recommend --user u1 --json >back.json
    items <back.json | cmp -s - first.tsv && break
    sleep .05
done
load proxy --draw zipf --rate $rate --duration 1s --in-flight 32 --reference m1.ref --min-whole .999 || fail "after the roll-back: $(cat load.err load.json)"
stop proxy

# All ask the same at once: one computes.
proxy proxy "$shards" --cache 4M
echo u7 >users.txt
load proxy --in-flight 32 --duration 300ms --reference m1.ref --min-whole 1 || fail "all at once: $(cat load.err load.json)"
results proxy
[ "$(cached proxy miss)" = 1 ] || fail "one question was computed $(cached proxy miss) times"

# What lacks a shard is not kept; what was kept is whole.
kill -9 "${pid[shard1]}" && unset 'pid[shard1]'
for i in 1 2; do
    ask recommend --user u8 --json >partial.json
    grep -q '"partial":true' partial.json && [ -z "$(field age_ms partial.json)" ] || fail "kept though partial: $(cat partial.json)"
done
ask recommend --user u7 --json >whole.json
grep -q '"partial":false' whole.json && [ -n "$(field age_ms whole.json)" ] || fail "not kept: $(cat whole.json)"
replica shard1 m1.model 1/2
for i in $(seq 100); do
    ask recommend --user u8 --json >whole.json
    grep -q '"partial":false,"degraded":false' whole.json && break
    sleep .05
done
[ "$i" -lt 100 ] && [ -z "$(field age_ms whole.json)" ] || fail "still partial, or from the cache: $(cat whole.json)"
stop proxy

# An answer is not given after its time, and the room is kept.
proxy proxy "$shards" --cache 1M --cache-ttl $((500 * slow))ms
for i in 1 2; do ask recommend --user u1 --json >young.json; done
for i in $(seq 100); do
    ask recommend --user u1 --json >old.json
    [ -n "$(field age_ms old.json)" ] || break
    [ "$(field age_ms old.json)" -lt $((500 * slow)) ] || fail "too old: $(cat old.json)"
    sleep .02
done
[ -n "$(field age_ms young.json)" ] && [ "$i" -lt 100 ] || fail "it never grows old"
seq -f 'x%.0f' 0 2999 >users.txt # strangers
load proxy --in-flight 16 --duration 1s || fail "strangers: $(cat load.err)"
results proxy
[ "$(value proxy souk_cache_bytes)" -le $((1 << 20)) ] || fail "$(value proxy souk_cache_bytes) bytes"
[ "$(value proxy souk_cache_entries)" -gt 0 ] || fail "nothing is kept"
stop proxy

# Without a cache nothing is kept, nor counted.
proxy proxy "$shards"
for i in 1 2; do ask recommend --user u1 --json >none.json; done
[ -z "$(field age_ms none.json)" ] || fail "kept without a cache: $(cat none.json)"
metrics proxy
[ "$(value proxy souk_cache_requests_total) $(value proxy souk_cache_bytes)" = "0 0" ] || fail "$(grep ^souk_cache proxy.prom)"
stop proxy

# Two stages: an answer that is given again says for which moment it was made.
"$SOUK_BIN/make_model" stages.model 200 300 0 4 1 stages || fail "make_model"
replica stages stages.model 0/1
proxy proxy "ipc://$work/stages" --cache 4M
for name in first again; do ask recommend --user u1 --json >$name.json; done
[ -n "$(field age_ms again.json)" ] && [ "$(field moment_ms first.json)" = "$(field moment_ms again.json)" ] ||
    fail "two stages: $(cat first.json again.json)"
ask recommend --user u1 --moment 2020-01-01 --json >then.json
ask recommend --user u1 --events i1=view --json >event.json
[ -z "$(field age_ms then.json)$(field age_ms event.json)" ] || fail "kept for a moment or an event: $(cat then.json event.json)"
stop proxy

"$SOUK_BIN/souk-proxy" --shards "$shards" --listen "ipc://$work/y" --cache 1k >out.txt 2>&1
[ $? = 2 ] && grep -q -- '--cache' out.txt || fail "--cache 1k: $(cat out.txt)"
finish
