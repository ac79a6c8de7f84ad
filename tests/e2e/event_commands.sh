#!/bin/bash
# souk-events against both back-ends. Events are put into the store by other programs (sqlite3, psql),
# and what is exported is read by others (python's csv, souk-ingest).
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/e2e/ingest_lib.sh
. "$here/ingest_lib.sh"
# shellcheck source=tests/e2e/postgres_lib.sh
. "$here/postgres_lib.sh"
trap 'postgres_remove; rm -rf "$work"' EXIT

events() {
    "$SOUK_BIN/souk-events" "$@"
}

# expect CODE ARGUMENTS...: leaves out and err
expect() {
    local expected=$1 code
    shift
    events "$@" >out 2>err
    code=$?
    [ $code = "$expected" ] || fail "souk-events $*: exit code $code, not $expected: $(cat err)"
}

says() {
    grep -qF -- "$2" "$1" || fail "$1 does not say '$2': $(cat "$1")"
}

cat >rows.sql <<'SQL'
INSERT INTO EVENT (event_id, user_id, item_id, type, ms, stored_ms, value, request_id, model, arm) VALUES
('e1', 'ann', 'a,b', 'view', 1000, 5000, 0, '', '', ''),
('e2', 'ann', 'say "x"', 'addtocart', 2000, 5000, 0.1, 'r1', '8899aabbccddeeff', 'control'),
('e3', 'bob', ' käse', 'transaction', 86400000, 5001, 1e30, '', '', ''),
('e4', 'old"', '''', 'view', 4102444800123, 5002, -2.5, '', '', ''),
('e5', 'bob', 'c', 'view', 3000, 5003, 0, '', '', '');
SQL
cat >expected.csv <<'CSV'
user,item,event,timestamp,value,event_id,request_id,model,arm,stored,seq
ann,"a,b",view,1000,0,e1,,,,5000,1
ann,"say ""x""",addtocart,2000,0.1,e2,r1,8899aabbccddeeff,control,5000,2
bob, käse,transaction,86400000,1e+30,e3,,,,5001,3
"old""",',view,4102444800123,-2.5,e4,,,,5002,4
bob,c,view,3000,0,e5,,,,5003,5
CSV

# check_store URL: `put FILE` runs SQL
check_store() {
    local url=$1
    expect 1 stats --store "$url"
    says err "$2"
    expect 0 migrate --store "$url"
    expect 0 stats --store "$url"
    says out "events   0"
    put rows.sql
    expect 0 export --store "$url"
    cmp out expected.csv || fail "export of $url"
    expect 0 export --store "$url" --out all.csv --quiet
    cmp all.csv expected.csv || fail "export of $url to a file"
    [ "$(stat -c %a all.csv)" = 600 ] || fail "everybody may read what was exported"
    expect 0 export --store "$url" --after 2 --since 1970-01-02 --until 2100-01-01T00:00:00.124
    [ "$(cut -d, -f6 out | tr '\n' ' ')" = "event_id e3 e4 " ] || fail "a window: $(cat out)"
    expect 0 export --store "$url" --since 2000 --until 3000
    [ "$(wc -l <out)" = 2 ] || fail "a window in milliseconds: $(cat out)"
    expect 2 export --store "$url" --since yesterday
    says err yesterday
    expect 1 export --store "$url" --out no/such/folder.csv
    events export --store "$url" >/dev/full 2>err && fail "did not see that the disk is full"

    expect 0 stats --store "$url"
    says out "users    3"
    says out "last     2100-01-01T00:00:00.123Z"
    expect 0 stats --store "$url" --json
    python3 - out <<'PY' || fail "stats --json: $(cat out)"
import json, sys
d = json.load(open(sys.argv[1]))
want = dict(events=5, users=3, items=5, erased_users=0, first_ms=1000, last_ms=4102444800123)
assert {k: d[k] for k in want} == want and d["bytes"] > 0, d
PY
    expect 0 prune --store "$url" --older-than 100d
    says out "4 events deleted"
    expect 0 prune --store "$url" --older-than 100d
    says out "0 events deleted"
    expect 2 prune --store "$url"
    put rows.sql 2>/dev/null || true # e4 is there: all of it is refused
    sed "s/('e4'.*/('e6', 'eve', 'i', 'view', 1, 1, 0, '', '', ''),/" rows.sql >more.sql
    put more.sql
    expect 2 erase --store "$url"
    expect 2 erase --store "$url" ann ''
    expect 0 stats --store "$url"
    says out "events   6" # nothing was erased
    printf 'eve\r\n\nold"\n' >users.txt
    expect 0 erase --store "$url" ann nobody --from users.txt
    says out "4 of 4 users erased, 4 events deleted"
    expect 0 export --store "$url"
    [ "$(cut -d, -f1,6 out | tr '\n' ' ')" = "user,event_id bob,e3 bob,e5 " ] || fail "$(cat out)"
    expect 0 erase --store "$url" --from - <users.txt
    says out "2 of 2 users erased, 0 events deleted"
    expect 0 stats --store "$url"
    says out "erased   4 users"
}

put() {
    sed 's/INTO EVENT/INTO event/' "$1" | sqlite3 -bail events.db
}
check_store "sqlite:events.db" "No such file"
expect 2 stats --store "mysql://root:secret@host/x"
grep -q secret err && fail "repeats a password"
sqlite3 theirs.db 'CREATE TABLE a (b)'
expect 3 export --store sqlite:theirs.db
expect 3 migrate --store sqlite:theirs.db
sqlite3 events.db 'PRAGMA user_version = 1'
expect 3 stats --store sqlite:events.db
says err "souk-events migrate"

if [ -x "$SOUK_BIN/souk-ingest" ]; then
    ingest 1 --format csv --event-column event --value-column value --time-unit ms --out from.ds \
        --profile-json profile.json expected.csv >out 2>&1 ||
        fail "souk-ingest does not read it: $(cat out)"
    python3 - profile.json <<'PY' || fail "profile: $(cat profile.json)"
import json, sys
d = json.load(open(sys.argv[1]))
assert d["rows"]["kept"] == d["events"] == 5 and d["users"] == 3 and d["items"] == 5, d
PY
fi

if reason=$(postgres_missing); then
    echo "without PostgreSQL: $reason"
else
    postgres_make || fail "the server does not start"
    store="$postgres_url&dbname=postgres"
    put() {
        sed 's/INTO EVENT/INTO souk.event/' "$1" | psql -X -q -v ON_ERROR_STOP=1 "$store"
    }
    check_store "$store" "no store of events is there"
    expect 1 stats --store "postgresql://127.0.0.1:1/x"
    says err "cannot connect"
fi
finish
