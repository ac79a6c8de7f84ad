#!/usr/bin/env bash
# bench_events.sh [EVENTS]: how many events a second a proxy acknowledges durably (default 100000 of them),
# one to a request, 256 under way, over nng and over HTTP, into SQLite and, where it is installed,
# PostgreSQL. Beside it: what one fsync takes on this disk, alone, and how large the groups were.
# Exit code 1: rows are missing, or there are too many.
set -euo pipefail
events=${1:-100000}
here=$(cd "$(dirname "$0")" && pwd)
export SOUK_BIN=${SOUK_BIN:-$here/../build/release/bin}
SOUK_BIN=$(cd "$SOUK_BIN" && pwd)
. "$here/../tests/e2e/serve_lib.sh"
# shellcheck source=tests/e2e/postgres_lib.sh
. "$here/../tests/e2e/postgres_lib.sh"
trap 'postgres_remove; stop_all' EXIT

"$SOUK_BIN/make_model" m.model 1000 5000 16 4 1
replica r0 m.model 0/1
awk -v n="$events" 'BEGIN {
    print "user,item,type,ms,value,event_id"
    for (k = 0; k < n; k++)
        printf "u%d,i%d,view,%.0f,%d,event-%d\n", k % 1000, k * 7 % 5000, 1790000000000 + k, k % 5, k }' >events.csv
/usr/bin/python3 - <<'PY'
import os, time
fd = os.open("fsync.bin", os.O_CREAT | os.O_WRONLY)
took = []
for k in range(400):
    os.pwrite(fd, os.urandom(4096), 4096 * k)
    t = time.perf_counter()
    os.fdatasync(fd)
    took.append(time.perf_counter() - t)
took.sort()
print("4 KiB and fdatasync: %.3f ms at best, %.3f ms median, %.3f ms 95th percentile" % tuple(1e3 * took[int(q * 399)] for q in (0, .5, .95)))
PY

# over_http HOST:PORT: all events, 256 connections; prints the seconds it took
over_http() {
    /usr/bin/python3 - "$1" events.csv <<'PY'
import csv, json, selectors, socket, sys, time
host, port = sys.argv[1].rsplit(":", 1)
bodies = [json.dumps({"user_id": r["user"], "item_id": r["item"], "event_type": r["type"], "timestamp": int(r["ms"]),
                      "revenue": float(r["value"]), "event_id": r["event_id"]}).encode() for r in csv.DictReader(open(sys.argv[2]))]
requests = [b"POST /events HTTP/1.1\r\nHost: souk\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(b), b) for b in bodies]
s = selectors.DefaultSelector()
todo, done, good = iter(requests), 0, 0
start = time.perf_counter()
for _ in range(min(256, len(requests))):
    c = socket.create_connection((host, int(port)))
    c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    c.sendall(next(todo))
    s.register(c, selectors.EVENT_READ, bytearray())
while done < len(requests):
    for key, _ in s.select():
        got = key.fileobj.recv(65536)
        if not got:
            sys.exit("a connection was closed")
        key.data.extend(got)
        head = key.data.find(b"\r\n\r\n")
        if head < 0:
            continue
        length = int(key.data[:head].lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(key.data) < head + 4 + length:
            continue
        good += key.data.startswith(b"HTTP/1.1 200")
        del key.data[:head + 4 + length]
        done += 1
        following = next(todo, None)
        if following:
            key.fileobj.sendall(following)
print("%.6f" % (time.perf_counter() - start), good)
PY
}

groups() { curl -s "http://$(monitor_of proxy)/metrics" | awk '/^souk_event_group_size_(sum|count)/ { v[$1] = $2 } END { printf "%.1f", v["souk_event_group_size_sum"] / v["souk_event_group_size_count"] }'; }
report() { # STORE FACE SECONDS ROWS
    [ "$4" = "$events" ] || fail "$1 over $2: $4 rows, not $events"
    awk -v s="$1" -v f="$2" -v t="$3" -v n="$events" -v g="$(groups)" 'BEGIN {
        printf "%-10s %-5s %8.0f events/s in groups of %s\n", s, f, n / t, g }'
    printf '{"bench":"events","store":"%s","face":"%s","events":%d,"seconds":%s,"group":%s,"commit":"%s"}\n' "$1" "$2" "$events" "$3" "$(groups)" \
        "$(git -C "$here" rev-parse --short HEAD 2>/dev/null || echo unknown)" >>results.jsonl
}

# measure STORE URL COUNT: COUNT prints the rows; the second face finds an empty store again
measure() {
    local face seconds
    for face in nng http; do
        $4
        proxy proxy "ipc://$work/r0" --events "$2" --http 127.0.0.1:0 --http-connections 1000
        if [ $face = nng ]; then
            seconds=$("$SOUK_BIN/souk" event --proxy "ipc://$work/proxy" --file events.csv --in-flight 256 --quiet --json | sed 's/.*"seconds":\([0-9.]*\).*/\1/')
        else
            read -r seconds good <<<"$(over_http "$(sed -n 's/.* http .*listen=\([^ ]*\).*/\1/p' proxy.log)")"
            [ "$good" = "$events" ] || fail "$good of $events requests were answered 200"
        fi
        report "$1" $face "$seconds" "$($3)"
        stop proxy
    done
}

count_sqlite() { /usr/bin/python3 -c 'import sqlite3; print(sqlite3.connect("events.db").execute("select count(*) from event").fetchone()[0])'; }
empty_sqlite() { rm -f events.db*; }
count_postgres() { "$postgres_bin/psql" "$shared" -Atc 'select count(*) from souk.event'; }
empty_postgres() { "$postgres_bin/psql" "$shared" -qc 'drop schema if exists souk cascade' 2>/dev/null; }
measure SQLite "sqlite:$work/events.db" count_sqlite empty_sqlite
if reason=$(postgres_missing); then
    echo "without PostgreSQL: $reason"
else
    postgres_make || exit 1
    shared=${postgres_url/\?/postgres?}
    measure PostgreSQL "$shared" count_postgres empty_postgres
fi
cat results.jsonl
stop r0
finish
