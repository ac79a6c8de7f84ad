#!/bin/bash
# The dataset does not depend on the number of ranks, to the byte, on inputs that are hard to cut; and
# the profile equals what Python's csv module finds in the same file.
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"

cat > make.py <<'PY'
import random
random.seed(11)
HARD = ['two\nlines', 'crlf\r\ninside', 'a,b', 'say ""hi""', ' blank ', 'é', '日本', "o'neil", '-', '007']

def write(name, rows, newline='\n', bom=False, last=True, header='user,item,timestamp,event,price,basket,note'):
    text = newline.join([header] + rows) + (newline if last else '')
    with open(name, 'wb') as f:
        f.write((b'\xef\xbb\xbf' if bom else b'') + text.encode())

def row(users, items, hard, times=50):
    def field(x):
        return '"%s"' % x if hard and random.random() < .7 or any(c in x for c in ',"\n\r') else x
    note = random.choice(HARD) if hard else ''
    return ','.join([field(str(random.randrange(users))), field(random.choice(HARD[2:]) if hard and
        random.random() < .1 else str(random.randrange(items))), str(1600000000 + random.randrange(times) * 700),
        random.choice(['view'] * 5 + ['addtocart', 'transaction']), random.choice(['', '1', '2.50', '1e1']),
        random.choice(['', '7', '007', 'x-%d' % random.randrange(9)]), field(note)])

write('hard.csv', [row(40, 60, True) for _ in range(800)], newline='\r\n', bom=True, last=False)
write('plain.csv', [row(300, 100, False, 5000) for _ in range(3000)])
write('tiny.csv', [row(2, 2, False) for _ in range(2)], last=False)
write('one.csv', [row(1, 30, False) for _ in range(500)])             # one rank owns every event
write('long.csv', [row(9, 9, False)[:-1] + ',"' + 'x,\n' * 400000 + '"'] + [row(9, 9, False) for _ in range(20)])
gaps = []
for _ in range(50):
    gaps += [row(9, 9, False)] + [''] * random.randrange(6)
write('gaps.csv', [''] * 40 + gaps + [''] * 40)
bad = [row(30, 30, True) for _ in range(1000)]
for i in (3, 500, 501, 996):                                          # rows that are refused
    bad[i] = bad[i].replace(',16', ',x16', 1)
write('bad.csv', bad)

# What is known beside the events: some ids have no event, some values span lines.
with open('users.csv', 'w') as f:
    f.write('id,age,town\n' + ''.join('%d,%s,"%s"\n' % (i, i % 90 or '', random.choice(HARD[:3])) for i in range(350)))
with open('items.csv', 'w') as f:
    f.write('id,path,price\n' + ''.join('%d,"a, ""b""/%d",%d.5' % (i, i % 7, i) + '\r\n' for i in range(90, 140)) + '200,,')
for part in (1, 2):
    with open('properties%d.csv' % part, 'w') as f:
        f.write('note,timestamp,itemid,property,value\n')
        for _ in range(2000):
            item, week = random.randrange(130), random.randrange(5)
            f.write(',%d,%d,%s,%s\n' % (1600000000000 + week * 604800000, item, *random.choice(
                [('categoryid', (item + week) % 11), ('available', random.randrange(2)), ('790', '"n%d.000 12,7"' % random.randrange(3))])))
with open('tree.csv', 'w') as f:
    f.write('categoryid,parentid\n0,\n1,0\n2,1\n3,1\n4,0\n9,\n5,4\n77,0')
PY

# An independent reading: records by Python's csv module, the rest in a few lines.
cat > expect.py <<'PY'
import csv, json, sys
csv.field_size_limit(1 << 24)
events, read, bad = set(), 0, 0
with open(sys.argv[1], encoding='utf-8-sig', newline='') as f:
    for n, r in enumerate(r for r in csv.reader(f) if r):
        if n == 0:
            continue
        read += 1
        try:
            event = (r[0], r[1], int(r[2]), r[3], float(r[4] or 0), r[5])
        except ValueError:
            bad += 1
            continue
        events.add(event)
users = {}
for e in events:
    users.setdefault(e[0], []).append(e[2])
sessions = sum(1 + sum(b - a > 1800 for a, b in zip(sorted(t), sorted(t)[1:])) for t in users.values())
expected = {'events': len(events), 'users': len(users), 'items': len({e[1] for e in events}),
            'pairs': len({e[:2] for e in events}), 'sessions': sessions, 'read': read, 'bad': bad,
            'duplicates': read - bad - len(events), 'ordered': sum(e[5] != '' for e in events)}

cut = sorted(e[2] for e in events)[int(.7 * len(events))]               # --split 0.7
train = [e for e in events if e[2] < cut]
test = {e[:2] for e in events if e[2] >= cut and e[3] == 'transaction'}
train_users, train_items, train_pairs = {e[0] for e in train}, {e[1] for e in train}, {e[:2] for e in train}
warm = {e for e in test if e[0] in train_users and e[1] in train_items}
new = {e for e in test if e[0] not in train_users}
expected.update({
    'train.events': len(train), 'train.users': len(train_users), 'train.items': len(train_items),
    'train.pairs': len(train_pairs), 'test.events': len(events) - len(train), 'test.targets': len(warm),
    'test.target_users': len({e[0] for e in warm}), 'test.discovery_targets': len(warm - train_pairs),
    'test.discovery_users': len({e[0] for e in warm - train_pairs}), 'test.new_user_targets': len(new),
    'test.new_users': len({e[0] for e in new}), 'test.new_item_targets': len(test - warm - new)})

p = json.load(open(sys.argv[2]))
found = {k: p[k] for k in ('events', 'users', 'items', 'pairs', 'sessions')}
found.update({k: p['rows'][k] for k in ('read', 'bad', 'duplicates')}, ordered=p['events_with_order'])
found.update({s + '.' + k: v for s in ('train', 'test') for k, v in p['split'][s].items()})
if found != expected:
    sys.exit('profile %s\nexpected %s' % (found, expected))
PY
/usr/bin/python3 make.py

columns=(--event-column event --value-column price --order-column basket)
for name in hard plain tiny one long gaps bad; do
    for parts in 1 16; do
        for ranks in 1 2 3 5; do
            out=$name.$parts.$ranks
            ingest "$ranks" --format csv "${columns[@]}" --parts "$parts" --split 0.7 --max-bad 5 \
                --profile-json "$out.json" --out "$out.ds" "$name.csv" 2> "$out.err" \
                || fail "$name.csv in $parts parts on $ranks ranks: $(tail -1 "$out.err")"
            grep '^events:' "$out.err" > "$out.rows"
            [ "$ranks" = 1 ] && continue
            cmp "$out.json" "$name.$parts.1.json" || fail "$out: another profile than on 1 rank"
            cmp "$out.rows" "$name.$parts.1.rows" || fail "$out: other rows rejected than on 1 rank"
            diff -r "$out.ds" "$name.$parts.1.ds" > /dev/null || fail "$out: other files than on 1 rank"
        done
    done
    /usr/bin/python3 expect.py "$name.csv" "$name.16.3.json" || fail "$name: not what the file holds"
    cmp "$name.1.1.json" "$name.16.1.json" || fail "$name: the profile depends on the parts"
done

# Lines of rejected rows are those of the file, wherever quoted newlines and cuts lie.
lines=$(grep -n ',x16' bad.csv | cut -d: -f1 | sed 's/^/bad.csv:/' | paste -sd, | sed 's/,/, /g')
grep -q "not a time; first $lines\$" bad.16.5.rows \
    || fail "rejected lines: $(cat bad.16.5.rows), not $lines"

# Properties, attribute tables and a category tree beside the events
for ranks in 1 2 3 5; do
    ingest "$ranks" --format csv "${columns[@]}" --properties properties1.csv,properties2.csv \
        --items items.csv --users users.csv --category-tree tree.csv --parts 7 \
        --profile-json know.$ranks.json --out know.$ranks.ds plain.csv 2> err || fail "side tables on $ranks ranks: $(tail -1 err)"
    diff -r know.$ranks.ds know.1.ds > /dev/null || fail "side tables: other files on $ranks ranks than on 1"
done
/usr/bin/python3 - <<'PY' || fail "side tables: the profile is wrong"
import csv, json, sys
p = json.load(open('know.3.json'))
items = {r[1] for r in csv.reader(open('plain.csv'))} - {'item'} | {r[0] for r in csv.reader(open('items.csv'))} - {'id'}
users = {r[0] for r in csv.reader(open('plain.csv'))} - {'user'} | {r[0] for r in csv.reader(open('users.csv'))} - {'id'}
rows = [r for n in '12' for r in csv.reader(open('properties%s.csv' % n))][1:]
items |= {r[2] for r in rows if r[2] != 'itemid'}
tree = {r[0] for r in csv.reader(open('tree.csv'))}
latest = {r[2]: r[4] for r in sorted(rows, key=lambda r: r[1]) if r[3] == 'categoryid'}
expected = {'count': 8, 'roots': 2, 'max_depth': 3, 'used': len(set(latest.values()) & tree),
            'items_with_category': sum(v in tree for v in latest.values())}
found = {k: p['categories'][k] for k in expected}
if (p['known_users'], p['known_items'], found) != (len(users), len(items), expected):
    sys.exit('%s %s %s, not %s %s %s' % (p['known_users'], p['known_items'], found, len(users), len(items), expected))
PY

# Several files are one log, in any order; the same file twice is all duplicates.
ingest 3 --format csv "${columns[@]}" --out ab.ds plain.csv one.csv 2> err || fail "two files: $(tail -1 err)"
ingest 2 --format csv "${columns[@]}" --out ba.ds one.csv plain.csv 2> err || fail "two files: $(tail -1 err)"
for part in ab.ds/part-*; do
    cmp "$part" "ba.ds/${part#ab.ds/}" || fail "the order of the files shows in $part"
done
ingest 2 --format csv "${columns[@]}" --out aa.ds plain.csv plain.csv --profile-json aa.json 2> err \
    || fail "the same file twice: $(tail -1 err)"
ingest 2 --format csv "${columns[@]}" --out a.ds plain.csv 2> err || fail "plain.csv: $(tail -1 err)"
for part in a.ds/part-*; do
    cmp "$part" "aa.ds/${part#a.ds/}" || fail "duplicates show in $part"
done
finish
