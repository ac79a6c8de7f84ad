#!/bin/bash
# postgres_kills.sh [KILLS]: PostgreSQL is killed (-9, all of its processes) at random moments while two
# writers append; each sends a group again until it is acknowledged. Afterwards every event that was
# acknowledged is there, once, and nothing else is. A server that would lose events is refused.
: "${SOUK_BIN:?set it to the folder of the built programs}"
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/e2e/postgres_lib.sh
. "$here/postgres_lib.sh"
kills=${1:-3}

work=$(mktemp -d)
trap 'touch "$work/stop"; postgres_remove; rm -rf "$work"' EXIT

fail() {
    echo "FAIL: $*"
    cat "$work"/*.err
    exit 1
}

ask() {
    psql -X -A -t "$url" -c "$1"
}

if reason=$(postgres_missing); then
    echo "skipped: $reason"
    exit 77
fi
postgres_make || fail "the server does not start"
url="$postgres_url&dbname=postgres"

ask "ALTER SYSTEM SET fsync = off" >/dev/null && ask "SELECT pg_reload_conf()" >/dev/null
for ((tries = 0; tries < 100; tries++)); do
    [ "$(ask 'SHOW fsync')" = off ] && break
    sleep .05
done
"$SOUK_BIN/souk-events" migrate --store "$url" 2>"$work/off.err"
code=$?
[ $code = 2 ] || fail "took a server without fsync: exit code $code"
grep -q 'fsync is off' "$work/off.err" || fail "does not say why"
ask "ALTER SYSTEM RESET fsync" >/dev/null
postgres_kill
postgres_start || fail "the server does not start again"
[ "$(ask 'SHOW fsync')" = on ] || fail "fsync is not on"

pids=()
for writer in a b; do
    "$SOUK_BIN/append_events" "$url" $writer "$work/stop" \
        >"$work/$writer.out" 2>"$work/$writer.err" &
    pids+=($!)
done
# As many kills in the middle of a commit as chance gives: moments are drawn, not rounded to pauses.
RANDOM=20261126
for ((i = 0; i < kills; i++)); do
    sleep "$(printf '%d.%03d' 0 $((100 + RANDOM % 500)))"
    postgres_kill
    postgres_start || fail "the server does not start after kill $i"
done
sleep .3
touch "$work/stop"
for pid in "${pids[@]}"; do
    wait "$pid" || fail "a writer gave up"
done

read -r a again_a twice_a <"$work/a.out"
read -r b again_b twice_b <"$work/b.out"
rows=$(ask "SELECT count(*) FROM souk.event")
whole=$(ask "SELECT count(*) FROM (SELECT 1 FROM souk.event GROUP BY split_part(event_id, '-', 1)
    HAVING max(split_part(event_id, '-', 2)::bigint) = count(*) - 1) x")
echo "$kills kills: $((a + b)) acknowledged, $rows rows; groups sent again: $((again_a + again_b))," \
    "events that were there already: $((twice_a + twice_b))"
[ "$rows" = $((a + b)) ] || fail "$rows rows, not $((a + b))"
[ "$whole" = 2 ] || fail "events are missing in between"
[ $((again_a + again_b)) -ge "$kills" ] || fail "no kill hit a writer"
stats=$("$SOUK_BIN/souk-events" stats --json --store "$url")
[[ $stats == *"\"events\":$rows,\"users\":100,"* ]] || fail "stats: $stats"
echo ok
