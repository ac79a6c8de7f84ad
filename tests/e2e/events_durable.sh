#!/usr/bin/env bash
# events_durable.sh [--events N] [--kills K]: events at full speed, sent again until acknowledged, while
# the proxy, and where PostgreSQL is installed its server, too, are killed with -9 at K random moments:
# exactly N rows are there in the end. Then a disk that is full: events are refused and recommended
# is on; when there is room again all of them come in, and none that was acknowledged is missing.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/serve_lib.sh"
# shellcheck source=tests/e2e/postgres_lib.sh
. "$here/postgres_lib.sh"
events=30000 kills=3
while [ $# -gt 0 ]; do
    case $1 in
    --events | --kills) printf -v "${1#--}" %s "$2"; shift 2 ;;
    *) sed -n '2,5s/^# \?//p' "$0"; exit 2 ;;
    esac
done
mounted=
clean_up() {
    local name
    for name in "${!pid[@]}"; do kill -9 "${pid[$name]}" 2>/dev/null; done
    wait
    [ -z "$mounted" ] || umount "$mounted"
    postgres_remove
    stop_all
}
trap clean_up EXIT

"$SOUK_BIN/make_model" m.model 200 1000 16 4 1 || fail "make_model"
replica r0 m.model 0/1
awk -v n="$events" 'BEGIN {
    print "user,item,type,ms,value,event_id"
    for (k = 0; k < n; k++)
        printf "u%d,i%d,view,%.0f,%d,event-%d\n", k % 200, k * 7 % 1000, 1790000000000 + k, k % 5, k }' >events.csv

# send NAME PROXIES FILE: in the background; its line of JSON in NAME.json
send() {
    "$SOUK_BIN/souk" event --proxy "$2" --file "$3" --in-flight 256 --timeout 1s --patience 60s --quiet --json >"$1.json" 2>"$1.err" &
    pid[$1]=$!
}

# sent NAME STORED: it has ended well, and all of it was stored, by its own count or as duplicates
sent() {
    wait "${pid[$1]}" || fail "$1: $(cat "$1.err")"
    unset "pid[$1]"
    cat "$1.json"
}

count_sqlite() { /usr/bin/python3 -c 'import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute("select count(*), count(distinct event_id) from event").fetchone())' "$1"; }
count_postgres() { "$postgres_bin/psql" "${postgres_url/\?/postgres?}" -Atc 'select count(*), count(distinct event_id) from souk.event' | tr '|' ' '; }

# pause: 50 to 250 ms
pause() { sleep "$(awk -v r=$RANDOM 'BEGIN { printf "%.3f", .05 + r % 200 / 1000 }')"; }

# kill_proxy NAME STORE: and start it again at the same place
kill_proxy() {
    kill -9 "${pid[$1]}"
    wait "${pid[$1]}" 2>/dev/null
    proxy "$1" "ipc://$work/r0" --events "$2" >/dev/null
}

# under_fire NAME VICTIM...: until it has sent all, or K kills
under_fire() {
    local name=$1 done=0 victim
    while [ $done -lt "$kills" ] && kill -0 "${pid[$name]}" 2>/dev/null; do
        pause
        for victim in "${@:2}"; do
            [ $done -lt "$kills" ] || break
            $victim
            done=$((done + 1))
        done
    done
    [ $done -ge "$kills" ] || fail "$name: sent all before it was killed more than $done times: give it more --events"
}

# ---- SQLite, and the proxy killed ----
store=sqlite:$work/events.db
proxy proxy "ipc://$work/r0" --events "$store"
send sqlite "ipc://$work/proxy" events.csv
kill_own() { kill_proxy proxy "$store"; }
under_fire sqlite kill_own
sent sqlite
[ "$(count_sqlite events.db)" = "$events $events" ] || fail "SQLite has $(count_sqlite events.db) rows and ids, not $events"
ask event --user u1 --item i1 --type view --event-id event-1 --json | grep -q '"duplicate":1' || fail "event-1 is not a duplicate"
if "$SOUK_BIN/souk-proxy" --shards "ipc://$work/r0" --listen "ipc://$work/second" --events "$store" 2>second.err; then
    fail "two proxies on one SQLite file"
fi
grep -q 'events.db' second.err || fail "a second proxy says: $(cat second.err)"
stop proxy

# ---- PostgreSQL, two proxies, and both it and they killed ----
if reason=$(postgres_missing); then
    echo "without PostgreSQL: $reason"
else
    postgres_make || fail "PostgreSQL does not start"
    shared=${postgres_url/\?/postgres?}
    proxy p0 "ipc://$work/r0" --events "$shared"
    proxy p1 "ipc://$work/r0" --events "$shared" --http 127.0.0.1:0
    send postgres "ipc://$work/p0,ipc://$work/p1" events.csv
    kill_server() { postgres_kill; pause; postgres_start; }
    kill_p0() { kill_proxy p0 "$shared"; }
    under_fire postgres kill_server kill_p0
    sent postgres
    [ "$(count_postgres)" = "$events $events" ] || fail "PostgreSQL has $(count_postgres) rows and ids, not $events"
    postgres_kill
    for user in u1 u2 somebody-new; do
        "$SOUK_BIN/souk" recommend --proxy "ipc://$work/p1" --user $user --json >out.json || fail "no answer without the store"
        grep -q '"recommendations":\[{.*"degraded":true' out.json || fail "without the store: $(cat out.json)"
    done
    "$SOUK_BIN/souk" event --proxy "ipc://$work/p1" --user u1 --item i1 --type view --patience 0s >out.txt 2>err.txt &&
        fail "an event without the store"
    address=$(sed -n 's/.* http .*listen=\([^ ]*\).*/\1/p' p1.log)
    curl -si "http://$address/events" --json '{"user_id": "u1", "item_id": "i1", "event_type": "view"}' >out.txt
    grep -q '^HTTP/1.1 503' out.txt && grep -qi '^retry-after: [1-9]' out.txt || fail "HTTP without the store: $(cat out.txt)"
    postgres_start || fail "PostgreSQL does not start again"
    "$SOUK_BIN/souk" event --proxy "ipc://$work/p1" --user u2 --item i1 --type view --quiet >out.txt || fail "no event after the store is back"
    "$SOUK_BIN/souk" recommend --proxy "ipc://$work/p1" --user u2 --json >out.json
    grep -q '"degraded":false' out.json || fail "still degraded: $(cat out.json)"
    stop p0
    stop p1
fi

# ---- a full disk ----
mkdir full
if mount -t tmpfs -o size=1m souk-full full 2>/dev/null; then
    mounted=$work/full
    proxy proxy "ipc://$work/r0" --events "sqlite:$work/full/events.db"
    send full "ipc://$work/proxy" events.csv
    for _ in $(seq 200); do
        curl -s "http://$(monitor_of proxy)/metrics" | grep -q '^souk_event_store_up 0' && break
        sleep .05
    done
    curl -s "http://$(monitor_of proxy)/metrics" | grep -q '^souk_event_store_up 0' || fail "1 MB was enough for $events events"
    ask recommend --user u1 --json | grep -q '"recommendations":\[{' || fail "no recommendations while the disk is full"
    mount -o remount,size=64m "$mounted" || fail "remount"
    sent full
    [ "$(count_sqlite full/events.db)" = "$events $events" ] || fail "after the full disk: $(count_sqlite full/events.db)"
    stop proxy
else
    echo "without a full disk: a tmpfs cannot be mounted here"
fi
stop r0
finish
