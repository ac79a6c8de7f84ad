#!/bin/bash
# What souk-ingest refuses: each case gets its message and exit code, and leaves nothing behind.
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"

# left_behind FOLDER: names in it that look like an output, whole or partial
left_behind() {
    find "$1" -maxdepth 1 -name '*out.ds*' -printf '%f '
}

# check_refusal COMMAND EXIT-CODE TEXT ARGUMENTS...: --out is out.ds unless the arguments say else
check_refusal() {
    local command=$1 code=$2 text=$3 found
    shift 3
    $command --out out.ds "$@" > stdout 2> stderr
    found=$?
    [ $found = "$code" ] || fail "$*: exit code $found, not $code: $(grep souk-ingest: stderr)"
    grep -qF -- "$text" stderr || fail "$*: no '$text' in: $(grep souk-ingest: stderr)"
    grep -q 'Segmentation\|Sanitizer\|core dumped' stderr && fail "$*: crashed"
    [ -z "$(left_behind .)" ] || fail "$*: left $(left_behind .)"
    rm -rf out.ds .out.ds*
}

# On 2 ranks; and on one without mpirun, which needs a second less to stop.
refuses() {
    check_refusal "ingest 2" "$@"
}
refuses_alone() {
    check_refusal "$SOUK_BIN/souk-ingest" "$@"
}

header=timestamp,visitorid,event,itemid,transactionid
good=1430623510000,1,view,2,
rr() {
    printf '%s\n' "$header" "$@"
}

rr $good > good.csv
: > empty.csv
echo $header > header_only.csv
printf '%s' $header > header_without_newline.csv
printf '\n\n' > blank.csv
sed 's/visitorid/visitor/' good.csv > wrong_header.csv
head -c 300000 /dev/urandom > garbage.csv
{ cat good.csv; head -c 300000 /dev/urandom; } > garbage_behind.csv
rr $good 14x,1,view,2, > bad_time.csv
rr $good 1430623510000,1,wish,2, > unknown_event.csv
rr $good "1430623510000,$(printf '%0129d' 1),view,2," > long_id.csv
rr $good 1430623510000,,view,2, > no_user.csv
rr $good 1430623510000,1,view > short_row.csv
rr $good '"1430623510000,1,view,2,' > open_quote.csv
{ rr $good; printf '1,1,view,"'; head -c 20000000 /dev/zero | tr '\0' x; } > endless_quote.csv
rr $good "1430623510000,1,$(printf 'a\xff'),2," > not_utf8_event.csv
rr $good "1430623510000,$(printf 'a\xff'),view,2," > not_utf8_id.csv
printf 'user,item,timestamp,weight\n1,2,3,nan\n' > nan.csv
printf 'user,item,timestamp,weight\n1,2,3,1e39\n' > too_large.csv
printf 'user\0,item\n1,2\n' > binary_header.csv
{ echo user,item; head -c 400000 /dev/zero | tr '\0' ','; } > too_many_fields.csv
mkdir folder

format=(--format retailrocket)
refuses 1 'missing.csv: No such file' "${format[@]}" missing.csv
refuses_alone 1 'folder/events.csv: No such file' "${format[@]}" folder
refuses 3 'empty.csv: the file is empty' "${format[@]}" empty.csv
refuses_alone 3 'blank.csv: the file is empty' "${format[@]}" blank.csv
refuses 3 'header_only.csv: no rows behind the header' "${format[@]}" header_only.csv
refuses_alone 3 'header_without_newline.csv: no rows' "${format[@]}" header_without_newline.csv
refuses_alone 3 "wrong_header.csv:1: no column 'visitorid'" "${format[@]}" wrong_header.csv
refuses 3 'garbage.csv' "${format[@]}" garbage.csv
refuses 3 'garbage_behind.csv' "${format[@]}" garbage_behind.csv
refuses 3 "bad_time.csv:3: not a time '14x'" "${format[@]}" bad_time.csv
refuses 3 "unknown_event.csv:3: unknown event 'wish'" "${format[@]}" unknown_event.csv
refuses 3 'long_id.csv:3: not a user id' "${format[@]}" long_id.csv
refuses_alone 3 'no_user.csv:3: not a user id' "${format[@]}" no_user.csv
refuses_alone 3 'not_utf8_id.csv:3: not a user id' "${format[@]}" not_utf8_id.csv
refuses_alone 3 'not_utf8_event.csv:3: unknown event' "${format[@]}" not_utf8_event.csv
refuses_alone 3 'short_row.csv:3: wrong number of fields' "${format[@]}" short_row.csv
refuses_alone 3 'open_quote.csv:3: quote that never ends' "${format[@]}" open_quote.csv
refuses 3 'a quote that never ends?' "${format[@]}" endless_quote.csv
refuses_alone 3 "nan.csv:2: not a number 'nan'" --format csv --value-column weight nan.csv
refuses_alone 3 'too_large.csv:2: not a number' --format csv --value-column weight too_large.csv
refuses_alone 3 'binary_header.csv:1: the header is not text' --format csv binary_header.csv
refuses_alone 3 'too_many_fields.csv' --format csv --time-column none too_many_fields.csv

# Just under and just over --max-bad: 1 bad row of 100, of 99.
{ rr; for i in $(seq 99); do echo "14306235$((10000 + i)),1,view,2,"; done; echo x,1,view,2,; } > one.csv
ingest 2 "${format[@]}" --out kept.ds one.csv 2> stderr || fail "1 % of bad rows: $(tail -1 stderr)"
grep -q 'events: 1 rows rejected: not a time; first one.csv:101' stderr || fail "the bad row is not told"
sed -i 2d one.csv
refuses 3 "one.csv:100: not a time 'x'; 1 of 99 rows are bad" "${format[@]}" one.csv
rr x,1,view,2, > only_bad.csv
refuses 3 'no event is left' "${format[@]}" --max-bad 100 only_bad.csv

# Usage
refuses_alone 2 '--split' "${format[@]}" --split 1.5 good.csv
refuses_alone 2 '--split' "${format[@]}" --split soon good.csv
refuses_alone 2 '--event-weights' "${format[@]}" --event-weights wish=1 good.csv
refuses_alone 2 '--target-events' "${format[@]}" --target-events wish good.csv
refuses_alone 2 '--max-bad' "${format[@]}" --max-bad 101 good.csv
refuses_alone 2 '--user-column' "${format[@]}" --user-column x good.csv
refuses_alone 2 '--separator' "${format[@]}" --separator ab good.csv
refuses_alone 2 'parts' "${format[@]}" --parts 0 good.csv
refuses_alone 2 'format' --format xml good.csv

# Output that cannot be, or is somebody else's
echo keep > file
refuses 1 'file/out.ds' "${format[@]}" --out file/out.ds good.csv
refuses_alone 1 'nowhere/out.ds' "${format[@]}" --out nowhere/out.ds good.csv
refuses_alone 1 'file' "${format[@]}" --out file good.csv
mkdir theirs && echo keep > theirs/thesis.txt
refuses_alone 1 'theirs' "${format[@]}" --out theirs good.csv
[ "$(cat file theirs/thesis.txt)" = "$(printf 'keep\nkeep')" ] || fail "somebody else's files are gone"
if [ "$(id -u)" != 0 ]; then
    mkdir locked && chmod 555 locked
    refuses_alone 1 'locked' "${format[@]}" --out locked/out.ds good.csv
fi

# A good dataset survives a later run that fails.
ingest 2 "${format[@]}" --out kept.ds good.csv 2> stderr || fail "good.csv: $(tail -1 stderr)"
before=$(cat kept.ds/* | cksum)
refuses 3 'bad_time.csv:3' "${format[@]}" --out kept.ds bad_time.csv
[ "$(cat kept.ds/* | cksum)" = "$before" ] || fail "a failed run touched the old dataset"

# A disk that fills up
awk 'BEGIN { print "user,item,timestamp"
             for (i = 0; i < 1500000; i++) print i % 9973 "," i * 7 % 50021 "," 1600000000 + i }' > large.csv
mkdir disk
if mount -t tmpfs -o size=2m tmpfs disk 2> /dev/null; then
    refuses 1 'disk/' --format csv --out disk/out.ds large.csv
    [ -z "$(left_behind disk)" ] || fail "a full disk: left $(left_behind disk)"
    umount disk
else
    echo "left out: a full disk (mount is not permitted here)"
fi

# A rank that is killed in the middle, the first or another
for victim in 1 2; do
    mpirun -n 3 "$SOUK_BIN/souk-ingest" --format csv --out out.ds large.csv > stdout 2> stderr &
    run=$!
    until [ -e .out.ds.partial ] || ! kill -0 $run 2> /dev/null; do sleep .005; done
    kill -9 "$(pgrep -P $run | sed -n ${victim}p)"
    wait $run
    code=$?
    [ $code != 0 ] || fail "rank $victim of 3 was killed, and the exit code is 0"
    grep -q 'signal 9\|Killed' stderr || fail "rank $victim of 3 was killed, and nobody says so"
    [ -z "$(left_behind .)" ] || fail "a killed rank: left $(left_behind .)"
    rm -rf out.ds .out.ds*
done
finish
