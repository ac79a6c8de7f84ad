#!/usr/bin/env bash
# Every code of the HTTP API, from a fleet as users run it, each of them a problem with what belongs to
# it: 200 204 304 400 401 403 404 405 411 413 415 422 429 431 501 503 504. The same list over HTTP and
# over nng has the same scores.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/serve_lib.sh"
. "$here/http_lib.sh"
command -v openssl >/dev/null || skip "openssl is not installed"
json=(-H 'Content-Type: application/json')

# problem CODE NAME CURL-ARGUMENT...: its type, its code again, a detail, the request's id
problem() {
    status "$1" "${@:3}"
    is_problem "$1" "$2"
}
is_problem() {
    local code=$1 name=$2
    grep -qi '^content-type: application/problem+json' head.txt || fail "$code: no problem: $(cat head.txt)"
    [ "$(json type) $(json status)" = "urn:souk:problem:$name $code" ] || fail "$name expected: $(cat body.txt)"
    [ -n "$(json detail)" ] || fail "$code $name: no detail"
    [ "$(json request_id)" = "$(sed -n 's/^X-Request-Id: \(.*\)\r/\1/p' head.txt)" ] || fail "$code $name: another id"
}
field() { [ "$(json field)" = "$1" ] || fail "field $1 expected: $(cat body.txt)"; }
header() { grep -qiE "^$1" head.txt || fail "no header $1: $(cat head.txt)"; }
token() { (umask 077 && "$SOUK_BIN/souk-token" add "$1" --tokens tokens "${@:2}" >"$1.token") || fail "souk-token add $1"; }
bearer() { echo "Authorization: Bearer $(cat "$1.token")"; }

"$SOUK_BIN/make_model" good.model 200 300 16 4 1 && "$SOUK_BIN/make_model" stages.model 200 300 0 4 1 stages || fail "make_model"
replica shard0 good.model 0/1
http_proxy proxy "ipc://$work/shard0" --deadline 5s --cors http://shop.example --access-log access.log --http-body 64K

# ---- good ----
status 200 "$SOUK/recommend/u1?n=20"
ask recommend --user u1 -n 20 --json | items >nng.tsv
/usr/bin/python3 - <<'PY' >http.tsv
import json, struct
for r in json.load(open("body.txt"))["recommendations"]:
    print("%s\t%.9g" % (r["item_id"], struct.unpack("f", struct.pack("f", r["score"]))[0]))
PY
cmp -s nng.tsv http.tsv || fail "another list over HTTP: $(diff nng.tsv http.tsv | head -4)"
status 200 -I "$SOUK/recommend/u1"
[ ! -s body.txt ] || grep -q '^HTTP/' body.txt || fail "HEAD has a body"
status 200 --compressed "$SOUK/recommend/u1?n=200"
header 'content-encoding: gzip'
[ "$(json recommendations.199.score)" ] || fail "no list in what was compressed"
status 200 -H 'Transfer-Encoding: chunked' "${json[@]}" -d '{"user_id":"u1"}' "$SOUK/recommendations"
status 200 "$SOUK/similar/i7?n=3"
status 200 "$SOUK/recommend/caf%C3%A9%2F%20%3F"
[ "$(json user_id)" = 'café/ ?' ] || fail "the id was not decoded: $(json user_id)"
status 200 "$SOUK/livez"
status 200 "$SOUK/readyz"
status 200 "$SOUK/health"
[ "$(json status) $(json service)" = "ready souk" ] || fail "health: $(cat body.txt)"
status 200 "$SOUK/docs"
header 'content-security-policy: '
status 304 -H "If-None-Match: $(sed -n 's/^ETag: \(.*\)\r/\1/p' head.txt)" "$SOUK/docs"
status 204 -X OPTIONS -H 'Origin: http://shop.example' -H 'Access-Control-Request-Method: POST' "$SOUK/events"
header 'access-control-allow-origin: http://shop.example'
status 200 -H 'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' "$SOUK/livez"
header 'x-request-id: 4bf92f3577b34da6a3ce929d0e0e4736'

# ---- malformed, or not to be served ----
problem 400 invalid-field "$SOUK/recommend/u1?n=0"
field n
problem 400 invalid-field "${json[@]}" -d '{"user_id":"u1","filters":{"exlude":["i1"]}}' "$SOUK/recommendations"
field filters.exlude
problem 400 invalid-field "${json[@]}" -d '{"user_id":"u1","n_items":100000000000}' "$SOUK/recommendations"
field n_items
problem 400 malformed-request "${json[@]}" -d '{"user_id":' "$SOUK/recommendations"
problem 400 invalid-field "$SOUK/recommend/%00"
problem 400 invalid-field "$SOUK/similar/%ff"
problem 400 malformed-request -H 'Content-Length: 2' -H 'Transfer-Encoding: chunked' "${json[@]}" -d '{}' "$SOUK/events"
header 'connection: close'
problem 404 not-found "$SOUK/similar/nothing"
problem 404 no-such-path "$SOUK/nothing"
problem 404 no-such-path --path-as-is "$SOUK/docs/../../etc/passwd"
problem 405 method-not-allowed "$SOUK/events"
header 'allow: POST'
problem 405 method-not-allowed -X DELETE "$SOUK/health"
header 'allow: GET, HEAD'
problem 411 length-required -X POST "${json[@]}" "$SOUK/events"
problem 413 too-large "${json[@]}" -H 'Expect:' --data-binary @<(head -c 70000 /dev/zero) "$SOUK/events"
problem 413 too-large "${json[@]}" -H 'Expect:' -H 'Transfer-Encoding: chunked' --data-binary @<(head -c 70000 /dev/zero) "$SOUK/events"
problem 415 unsupported-media-type -d 'user_id=u1' "$SOUK/recommendations"
problem 415 unsupported-media-type "${json[@]}" -H 'Content-Encoding: gzip' -d '{}' "$SOUK/events"
problem 422 unservable "${json[@]}" -d '{"user_id":"u1","min_confidence":0.5}' "$SOUK/recommendations"
[[ $(json detail) == *confidence* ]] || fail "422 does not say why: $(cat body.txt)"
problem 422 unservable "$SOUK/recommend/u1?explain=true"
status 431 -H "X: $(head -c 20000 /dev/zero | tr '\0' a)" "$SOUK/livez"
problem 501 not-implemented "${json[@]}" -d '{"user_id":"u1","item_id":"i1","event_type":"view"}' "$SOUK/events"

# ---- no time, nobody there ----
problem 504 deadline "$SOUK/recommend/u1?deadline_ms=0"
kill -STOP "${pid[shard0]}"
problem 504 deadline "$SOUK/recommend/u1?deadline_ms=200"
kill -CONT "${pid[shard0]}"
stop shard0
problem 503 unavailable "$SOUK/recommend/u1"
header 'retry-after: [1-9]'
status 200 "$SOUK/livez"
curl -s "http://$(monitor_of proxy)/metrics" >metrics.txt
for code in 200 400 503 504; do
    grep -q "^souk_http_requests_total{route=\"/recommend/{user_id}\",code=\"$code\"} [1-9]" metrics.txt || fail "$code is not counted"
done
grep -q '^souk_http_requests_total{route="none",code="404"} 2$' metrics.txt || fail "404s are not counted"
grep -q ' POST /recommendations 422 ' access.log || fail "422 is not in the access log"
! grep -qE '/(u1|i7|caf)' access.log || fail "ids are in the access log"
mv access.log moved.log
kill -HUP "${pid[proxy]}"
for _ in $(seq 100); do
    [ ! -e access.log ] || break
    sleep .05
done
status 200 "$SOUK/livez"
grep -q ' GET /livez 200 ' access.log || fail "the access log was not opened again"
stop proxy
http_proxy proxy "ipc://$work/shard0" # nobody has been there
problem 503 unavailable "$SOUK/readyz"
header 'retry-after: [1-9]'
stop proxy

# ---- tokens and rates ----
replica shard0 good.model 0/1
token reader --scopes read
token hasty --scopes read --rate 1:2
http_proxy proxy "ipc://$work/shard0" --deadline 5s --tokens "$work/tokens"
problem 401 unauthorized "$SOUK/recommend/u1"
header 'www-authenticate: bearer'
problem 401 unauthorized -H 'Authorization: Bearer wrong' "$SOUK/recommend/u1"
problem 401 unauthorized -H 'Authorization: Basic dTpw' "$SOUK/recommend/u1"
status 200 -H "$(bearer reader)" "$SOUK/recommend/u1"
problem 403 forbidden -H "$(bearer reader)" "${json[@]}" -d '{"user_id":"u1","item_id":"i1","event_type":"view"}' "$SOUK/events"
status 200 -H "$(bearer hasty)" "$SOUK/recommend/u1"
status 200 -H "$(bearer hasty)" "$SOUK/recommend/u1"
problem 429 rate-limited -H "$(bearer hasty)" "$SOUK/recommend/u1"
header 'retry-after: [1-9]'
status 200 "$SOUK/health"
! grep -q '"shards"' body.txt || fail "health tells all without a token: $(cat body.txt)"
stop proxy

# ---- HTTPS, and who is not let listen ----
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1 -keyout http.key -out http.crt 2>err.txt || fail "openssl: $(tail -1 err.txt)"
http_proxy proxy "ipc://$work/shard0" --deadline 5s --http-tls-cert http.crt --http-tls-key http.key --http-body 64K
SOUK=https://${SOUK#http://}
status 200 --cacert http.crt "$SOUK/recommend/u1"
problem 413 too-large --cacert http.crt "${json[@]}" -H 'Expect:' -H 'Transfer-Encoding: chunked' --data-binary @<(head -c 200000 /dev/zero) "$SOUK/events"
code=0
curl -s --tls-max 1.2 --cacert http.crt "$SOUK/livez" >body.txt || code=$?
[ $code = 35 ] || fail "TLS 1.2: curl's exit code $code"
stop proxy
for options in "--http 0.0.0.0:0" "--http 127.0.0.1:0 --http-tls-cert http.crt" "--http nowhere"; do
    code=0
    # shellcheck disable=SC2086
    timeout 20 "$SOUK_BIN/souk-proxy" --shards "ipc://$work/shard0" --listen "ipc://$work/other" $options 2>err.txt || code=$?
    [ $code = 2 ] || fail "$options: exit code $code: $(tail -1 err.txt)"
done
stop_fleet
finish
