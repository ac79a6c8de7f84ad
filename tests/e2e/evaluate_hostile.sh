#!/bin/bash
# What souk-evaluate refuses: its message, its exit code, and no output left behind.
here=$(realpath "$(dirname "$0")")
# shellcheck source=tests/e2e/ingest_lib.sh
. "$here/ingest_lib.sh"

# 60 users, 40 items, one day after another.
awk 'BEGIN {
    print "user,item,time"
    for (t = 0; t < 900; t++)
        printf "u%d,i%d,2024-%02d-%02d 10:%02d:00\n", (t * 7) % 60, int(t * 13 / 7) % 40,
            1 + int(t / 75), 1 + t % 28, t % 60
}' > events.csv
sed '2,20d' events.csv > other.csv

make_dataset() { # OUT CSV OPTIONS...
    local out=$1 csv=$2
    shift 2
    ingest 2 --format csv --user-column user --item-column item --time-column time --out "$out" \
        "$@" "$csv" > log 2> err || fail "ingest $out: $(tail -1 err)"
}

train() { # OUT DATASET OPTIONS...
    local out=$1 dataset=$2
    shift 2
    mpirun -n 2 "$SOUK_BIN/souk-train" popular --dataset "$dataset" --out "$out" "$@" > log 2> err \
        || fail "train $out: $(tail -1 err)"
}

# refuse CODE TEXT OPTIONS...: on $launch
launch=
refuse() {
    local want=$1 text=$2 code=0
    shift 2
    $launch "$SOUK_BIN/souk-evaluate" --json out.json --dump-recommendations out.tsv "$@" \
        > out 2> err || code=$?
    [ $code -eq "$want" ] || fail "$*: exit code $code, not $want: $(head -1 err)"
    grep -qF -- "$text" err || fail "$*: no '$text' in: $(head -1 err)"
    [ -z "$(find . -name '*out.json*' -o -name '*out.tsv*')" ] || fail "$*: left output behind"
}

make_dataset a.ds events.csv --split 2024-10-01
make_dataset b.ds other.csv --split 2024-10-01
make_dataset parts.ds events.csv --split 2024-10-01 --parts 4
make_dataset nosplit.ds events.csv
train a.model a.ds
train b.model b.ds
train all.model a.ds --until 2025-01-01
train nosplit.model nosplit.ds

refuse 2 "dataset" --model a.model
refuse 2 "model" --dataset a.ds
refuse 1 "missing.model" --dataset a.ds --model missing.model
refuse 1 "missing.ds" --dataset missing.ds --model a.model
refuse 3 "was trained on the dataset" --dataset a.ds --model b.model
refuse 3 "was trained on the dataset" --dataset parts.ds --model a.model
refuse 2 "was trained on events until" --dataset a.ds --model all.model
refuse 2 "has no split" --dataset nosplit.ds --model nosplit.model
refuse 2 "--test-until is not after" --dataset a.ds --model a.model --test-until 2024-10-01
refuse 2 "is not a time" --dataset a.ds --model a.model --split yesterday
refuse 1 "no user has a target" --dataset a.ds --model a.model --split 2025-01-01
refuse 2 "--holdout" --dataset a.ds --model a.model --protocol per-user
refuse 2 "--targets FILE" --dataset a.ds --model a.model --protocol file
refuse 2 "belongs to --protocol file" --dataset a.ds --model a.model --targets events.csv
refuse 2 "do not belong to --protocol file" --dataset a.ds --model a.model --protocol file \
    --targets x.csv --split 2024-10-01
refuse 2 "protocol" --dataset a.ds --model a.model --protocol lucky
for k in 0 10001 "" 5,5 five "5,"; do
    refuse 2 "--k" --dataset a.ds --model a.model --k "$k"
done
refuse 1 "nowhere" --dataset a.ds --model a.model --per-user nowhere/users.tsv
refuse 1 "a.ds" --dataset a.ds --model a.model --dump-targets a.ds
launch="mpirun -n 2" # from here on, what one rank may find and the other not

refuse 1 "missing.csv" --dataset a.ds --model a.model --protocol file --targets missing.csv
printf 'user,item\nu1,i1\nu1,i1,x\n' > bad.csv
refuse 3 "bad.csv:3: expected 2 columns" --dataset a.ds --model a.model --protocol file --targets bad.csv
printf 'u1,i1\nu2\n' > bad.csv
refuse 3 "bad.csv:2: expected 2 columns" --dataset a.ds --model a.model --protocol file --targets bad.csv
printf 'u1,i1\n,i2\n' > bad.csv
refuse 3 "bad.csv:2: the user is not an id" --dataset a.ds --model a.model --protocol file --targets bad.csv
head -c 4096 "$SOUK_BIN/souk-evaluate" > bad.csv
refuse 3 "bad.csv:1:" --dataset a.ds --model a.model --protocol file --targets bad.csv
printf 'user,item\n' > bad.csv
refuse 1 "no user has a target" --dataset a.ds --model a.model --protocol file --targets bad.csv
: > bad.csv
refuse 1 "no user has a target" --dataset a.ds --model a.model --protocol file --targets bad.csv
(echo user,item && sed '1d;100q' events.csv | cut -d, -f1,2 | sort -u) > touched.csv
refuse 1 "no user has a target" --dataset a.ds --model a.model --protocol file --discovery \
    --targets touched.csv
refuse 3 "not a regular file" --dataset a.ds --model a.model --protocol file --targets .

cp -r a.model cut.model
truncate -s -100 cut.model/part-0001.h5
refuse 3 "part-0001.h5" --dataset a.ds --model cut.model
cp -r a.model flip.model
printf '\xff' | dd of=flip.model/part-0002.h5 bs=1 seek=3000 conv=notrunc status=none
refuse 3 "part-0002.h5" --dataset a.ds --model flip.model

# Unknown users and items are no error: they count beside the headline.
printf 'visitorid,itemid\nu1,i1\nu1,unheard-of\nnobody,i2\nu2,unheard-of\n' > good.csv
mpirun -n 3 "$SOUK_BIN/souk-evaluate" --dataset a.ds --model a.model --protocol file \
    --targets good.csv --include-seen --json good.json --dump-scope all --dump-targets good.tsv \
    > out 2> err || fail "targets with unknown users: $(tail -1 err)"
/usr/bin/python3 - <<'PY' || fail "unknown users and items are not counted as documented"
import json, sys
j = json.load(open("good.json"))
ok = (j["users"], j["targets"]) == (1, 1) and (j["all"]["users"], j["all"]["targets"]) == (3, 4)
ok = ok and j["slices"]["users"]["cold"]["users"] == 1 and j["slices"]["items"]["cold"]["targets"] == 2
ok = ok and j["slices"]["items"]["cold"]["metrics"]["20"]["recall"] == 0
rows = [line.split() for line in open("good.tsv")]
sys.exit(not (ok and sorted(map(tuple, rows)) == [("nobody", "i2"), ("u1", "i1"),
                                                  ("u1", "unheard-of"), ("u2", "unheard-of")]))
PY
if "$SOUK_BIN/souk-evaluate" --dataset a.ds --model a.model > /dev/full 2> err; then
    fail "a full stdout goes unnoticed"
fi

# A disk that fills up: the lists of 60 users need more than 16 KiB.
mkdir small
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=16k none small 2> /dev/null; then
    trap 'umount "$work/small"; rm -rf "$work"' EXIT
    code=0
    mpirun -n 2 "$SOUK_BIN/souk-evaluate" --dataset a.ds --model a.model --k 1,2,3,5,10,20,40 --include-seen \
        --dump-scope all --per-user small/users.tsv > out 2> err || code=$?
    [ $code -eq 1 ] || fail "a full disk: exit code $code"
    grep -q "users.tsv.*No space left" err || fail "a full disk: $(head -1 err)"
    [ -z "$(ls -A small)" ] || fail "a full disk: left $(ls -A small)"
else
    echo "not run: a full disk (needs the right to mount)"
fi
finish
