#!/bin/bash
# A store of events gives the same dataset as the same events in a file, whatever the ranks; ids and
# marks of erased visitors act across both.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/e2e/ingest_lib.sh
. "$here/ingest_lib.sh"
# shellcheck source=tests/e2e/postgres_lib.sh
. "$here/postgres_lib.sh"
trap 'kill $(jobs -p) 2>/dev/null; postgres_remove; rm -rf "$work"' EXIT

# A day of a shop: visitors, ids with all that an id may have, prices, and the resends of clients that
# did not see their acknowledgement. `day.csv` has each event once, as it was first sent.
cat >make.py <<'PY'
import random
random.seed(5)
START = 1700000000000
HEAD = 'user,item,type,ms,value,event_id\n'
NAMES = ['é', '日本', "o'neil", ' blank ', '-', '007', 'x' * 128]
events = []
for n in range(4000):
    user = random.choice(NAMES) if random.random() < .02 else 'v%d' % int(random.paretovariate(.6) % 300)
    kind = random.choice(['view'] * 8 + ['addtocart', 'transaction'])
    events.append('%s,i%d,%s,%d,%s,e-%d' % (user, random.randrange(120), kind, START + random.randrange(86400) * 1000,
                                            '%.2f' % random.uniform(1, 99) if kind == 'transaction' else '0', n))
def write(name, rows):
    with open(name, 'w') as f:
        f.write(HEAD + ''.join(r + '\n' for r in rows))
write('day.csv', events)
resent = events + random.sample(events, 600)
write('sent.csv', events[:100] + sorted(resent[100:], key=lambda r: random.random()) + events[:50])
half = events[:2000]
write('half.csv', half)
# The same ids, but other words: what is stored counts.
write('other.csv', ['ghost,nothing,view,%d,0,%s' % (START, r.split(',')[5]) for r in half])
# v1 was erased at noon, v2 at the end of the day; v3 has no event at all.
NOON, END = START + 43200000, START + 86400000
marks = {'v1': NOON, 'v2': END, 'v3000': END}
write('left.csv', [r for r in events if int(r.split(',')[3]) > marks.get(r.split(',')[0], 0)])
with open('marks', 'w') as f:
    f.write(''.join('%s %d\n' % m for m in marks.items()))
# Sent again with another time by clients that stamp anew: no store is there to say which is right.
write('stamped.csv', events + [','.join(r.split(',')[:3] + [str(END), '0', r.split(',')[5]]) for r in half])
PY
/usr/bin/python3 make.py
# send URL FILE: as the shop does, through a proxy, until all is acknowledged
send() {
    local replica proxy
    "$SOUK_BIN/make_model" tiny.model 20 30 8 2 1 || fail make_model
    "$SOUK_BIN/souk-replica" --model tiny.model --listen "ipc://$work/replica" 2>replica.log &
    replica=$!
    "$SOUK_BIN/souk-proxy" --shards "ipc://$work/replica" --listen "ipc://$work/proxy" --events "$1" 2>proxy.log &
    proxy=$!
    "$SOUK_BIN/souk" event --proxy "ipc://$work/proxy" --file "$2" --batch 100 --in-flight 8 --quiet >sent.txt 2>&1 ||
        fail "souk event: $(tail -1 sent.txt), $(tail -1 proxy.log)"
    kill "$proxy" "$replica"
    wait "$proxy" "$replica" || fail "the fleet: $(tail -1 proxy.log) $(tail -1 replica.log)"
}
# fill URL FILE, fill URL USER MS: without a proxy; or erase
fill() { "$SOUK_BIN/fill_store" "$@" || fail "fill_store $*"; }

options=(--format csv --time-column ms --event-column type --value-column value --event-id-column event_id)
cut=(--split 0.7 --parts 7)
# run NAME RANKS ARGUMENTS...: leaves NAME.ds and NAME.err
run() {
    local name=$1 ranks=$2
    shift 2
    set -- "${cut[@]}" --out "$name.ds" "$@"
    if [ "$ranks" = 1 ]; then
        "$SOUK_BIN/souk-ingest" "$@" 2>"$name.err"
    else
        ingest "$ranks" "$@" 2>"$name.err"
    fi || fail "$name: $(tail -1 "$name.err")"
}
# same_parts A B: the same events; how many rows were read for them may differ
same_parts() {
    local part
    for part in "$1".ds/part-*; do
        cmp -s "$part" "$2.ds/${part##*/}" || fail "$1: $part is not that of $2"
    done
}
# dropped NAME ROWS REASON
dropped() {
    grep -q "^events: $2 rows dropped: $3\$" "$1.err" || fail "$1: not $2 rows dropped: $3, but: $(grep dropped "$1.err")"
}

run day 1 "${options[@]}" day.csv
run left 2 "${options[@]}" left.csv

# The store and the file, on 1, 2 and 3 ranks.
check_store() {
    local name=$1 url=$2 how=$3 ranks
    $how "$url" sent.csv
    for ranks in 1 2 3; do
        run "$name.$ranks" $ranks "${options[@]}" --events-from "$url"
        diff -r "$name.$ranks.ds" day.ds || fail "$name on $ranks ranks: not the dataset of the file"
    done
}
# Erased: all that is stored; what comes later of the same visitors counts from the mark on.
check_erased() {
    local name=$1 url=$2 ranks=$3 user ms
    while read -r user ms; do fill "$url" "$user" "$ms"; done <marks
    fill "$url" sent.csv
    run "$name.left" "$ranks" "${options[@]}" --events-from "$url"
    diff -r "$name.left.ds" left.ds || fail "$name: not what the erased left"
}

store=sqlite:$work/events.db
check_store sqlite "$store" send
run plain 1 --events-from "$store"
diff -r plain.ds day.ds || fail "without options: not the dataset of the file"
"$SOUK_BIN/souk-events" export --store "$store" --out export.csv 2>err || fail "souk-events export: $(tail -1 err)"
run export 2 --format csv --event-column event --value-column value --time-unit ms --event-id-column event_id export.csv
diff -r export.ds day.ds || fail "the export is not the dataset of the file"
# Half of it stands in a file, too; and so it does in other words: what is stored counts.
run half 3 "${options[@]}" --events-from "$store" half.csv
same_parts half day
dropped half 2000 'same event id'
run other 2 "${options[@]}" --events-from "$store" other.csv
same_parts other day
# In the file beside the store the erased are erased, too.
check_erased sqlite "$store" 3
for ranks in 1 3; do
    run all.$ranks $ranks "${options[@]}" --events-from "$store" day.csv
    same_parts all.$ranks left
    dropped all.$ranks '[1-9][0-9]*' 'visitor erased'
done
cmp all.1.ds/dataset.h5 all.3.ds/dataset.h5 || fail "the manifest depends on the ranks"

if reason=$(postgres_missing); then
    echo "without PostgreSQL: $reason"
elif postgres_make; then
    check_store postgres "$postgres_url&dbname=postgres" fill
    check_erased postgres "$postgres_url&dbname=postgres" 2
else
    fail "no PostgreSQL server"
fi

# Files alone: events of the same id are one, the same one on any number of ranks.
run sent 3 "${options[@]}" sent.csv
same_parts sent day
for ranks in 1 3; do run stamped.$ranks $ranks "${options[@]}" stamped.csv; done
diff -r stamped.1.ds stamped.3.ds || fail "stamped.csv: the choice depends on the ranks"
dropped stamped.3 2000 'same event id'

# What is wrong.
# refused CODE TEXT ARGUMENTS...
refused() {
    local code=$1 text=$2 got=0
    shift 2
    "$SOUK_BIN/souk-ingest" --out no.ds "$@" >out.txt 2>&1 || got=$?
    [ $got = "$code" ] || fail "$*: exit code $got, not $code: $(tail -1 out.txt)"
    grep -q -- "$text" out.txt || fail "$*: no '$text' in $(tail -3 out.txt)"
    [ ! -e no.ds ] || fail "$*: wrote something"
}
refused 2 'a file of events, or --events-from' --split 0.5
refused 2 'what the files are' day.csv
refused 2 'takes --event-column' --format csv --events-from "$store" day.csv
refused 2 'sqlite:' --events-from "$work/events.db"
refused 1 'nowhere.db' --events-from "sqlite:$work/nowhere.db"
refused 3 'unknown event' --events-from "$store" --event-weights view=1,transaction=2
refused 3 'day.csv' --events-from "sqlite:$work/day.csv"
refused 3 "no column 'uid'" "${options[@]}" --event-id-column uid --events-from "$store" day.csv
finish
