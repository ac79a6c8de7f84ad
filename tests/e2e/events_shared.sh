#!/usr/bin/env bash
# Two proxies with caches of answers, on one PostgreSQL: what a visitor does through one counts at once
# there, and within a second through the other; so does erasure by souk-events, also of a visitor
# whom the model knows. With SQLite the same of the one proxy that there can be.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/serve_lib.sh"
# shellcheck source=tests/e2e/postgres_lib.sh
. "$here/postgres_lib.sh"
trap 'postgres_remove; stop_all' EXIT
"$SOUK_BIN/make_model" m.model 200 400 16 4 1 || fail "make_model"
replica r0 m.model 0/2
replica r1 m.model 1/2

at() { "$SOUK_BIN/souk" "$2" --proxy "ipc://$work/$1" "${@:3}"; }
list() { at "$1" recommend --user "$2" --json; }
first_of() { list "$1" "$2" | items | sed -n '1s/\t.*//p'; }

# within_a_second PROXY USER FILTER: until a line of the JSON list says so
within_a_second() {
    local start=${EPOCHREALTIME/[.,]/}
    until list "$1" "$2" | grep -q -- "$3"; do
        if [ $((${EPOCHREALTIME/[.,]/} - start)) -gt $((1000000 * ${SOUK_SLOWDOWN:-1})) ]; then
            fail "$1, $2: no $3 within a second"
            return
        fi
    done
    echo "$1, $2: $3 after $(((${EPOCHREALTIME/[.,]/} - start) / 1000)) ms"
}

# check NEAR FAR STORE: events come in at NEAR
check() {
    local near=$1 far=$2 bought
    list "$near" new | grep -q '"user_type":"cold"' || fail "somebody new is not cold"
    list "$far" new | grep -q '"user_type":"cold"' || fail "somebody new is not cold at $far"
    at "$near" event --user new --item i7 --type view >out.txt || fail "event"
    list "$near" new | grep -q '"user_type":"warm"' || fail "an event does not count at once"
    within_a_second "$far" new '"user_type":"warm"'
    bought=$(first_of "$near" new)
    at "$near" event --user new --item "$bought" --type transaction --value 5 >out.txt || fail "event"
    list "$near" new | grep -q "\"item_id\":\"$bought\"" && fail "what was bought comes back"

    list "$near" u5 | grep -q '"user_type":"warm"' || fail "u5 is not warm"
    list "$far" u5 | grep -q '"user_type":"warm"' || fail "u5 is not warm at $far"
    "$SOUK_BIN/souk-events" erase --store "$3" new u5 >out.txt 2>err.txt || fail "erase: $(cat err.txt)"
    for proxy in "$near" "$far"; do
        within_a_second "$proxy" new '"user_type":"cold"'
        within_a_second "$proxy" u5 '"user_type":"cold"'
    done
    at "$near" event --user u5 --item i9 --type view >out.txt || fail "event"
    within_a_second "$far" u5 '"user_type":"warm"'
    [ "$("$SOUK_BIN/souk-events" stats --store "$3" --json | sed 's/.*"events": *\([0-9]*\).*/\1/')" = 1 ] || fail "more than one event is left"
}

proxy p "ipc://$work/r0 ipc://$work/r1" --events "sqlite:$work/events.db" --cache 16M
check p p "sqlite:$work/events.db"
stop p
if reason=$(postgres_missing); then
    echo "without PostgreSQL: $reason"
else
    postgres_make || fail "PostgreSQL does not start"
    shared=${postgres_url/\?/postgres?}
    proxy p0 "ipc://$work/r0 ipc://$work/r1" --events "$shared" --cache 16M
    proxy p1 "ipc://$work/r0 ipc://$work/r1" --events "$shared" --cache 16M
    check p0 p1 "$shared"
    # Who was erased stays so while the store is away, once a proxy has read the marks.
    "$SOUK_BIN/souk-events" erase --store "$shared" u6 >out.txt || fail "erase"
    for _ in $(seq 200); do
        curl -s "http://$(monitor_of p1)/metrics" | grep -q '^souk_erased_visitors 3$' && break
        sleep .05
    done
    postgres_kill
    list p1 u6 | grep -q '"user_type":"cold".*"degraded":true' || fail "an erased visitor comes back: $(list p1 u6)"
    list p1 u7 | grep -q '"user_type":"warm".*"degraded":true' || fail "who was not erased: $(list p1 u7)"
    stop p0
    stop p1
fi
stop r0
stop r1
finish
