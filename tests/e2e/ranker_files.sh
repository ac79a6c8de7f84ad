#!/usr/bin/env bash
# souk-train ranker from files: libsvm with sizes beside it, libsvm with query ids, and csv hold the
# same rows and give the same trees, on any number of ranks; what is malformed is refused.
# shellcheck source=tests/e2e/ingest_lib.sh
. "$(dirname "$0")/ingest_lib.sh"

/usr/bin/python3 - <<'PY'
import random
random.seed(3)
names = ["price", "age", "brand", "stock"]

def write(stem, queries):
    sizes, qid, plain, table = [], [], [], ["query,price,label,age,brand,stock,note"]
    for q in range(queries):
        n = random.choice([1, 2, 3, 30, 90])
        sizes.append(n)
        for _ in range(n):
            x = [round(random.gauss(0, 1), 3), random.randrange(20), random.randrange(7), round(random.expovariate(1), 2)]
            label = min(4, max(0, int(x[0] + (x[2] % 3) + random.gauss(0, .7))))
            pairs = " ".join(f"{f}:{v}" for f, v in enumerate(x) if v != 0)
            plain.append(f"{label} {pairs}")
            qid.append(f"{label} qid:{q} {pairs} # a comment")
            table.append(f'"q{q}\n ""{q}""",{x[0]},{label},{x[1]},{x[2]},{x[3]},"text, of a note"')
    open(stem + ".txt", "w").write("\n".join(plain) + "\n")
    open(stem + ".txt.query", "w").write("\n".join(map(str, sizes)) + "\n")
    open(stem + "-qid.txt", "w").write("\r\n".join(qid))
    open(stem + ".csv", "w").write("\n".join(table) + "\n")

write("train", 90)
write("valid", 30)
PY

# train NAME RANKS TRAIN VALID ARGUMENTS...: NAME.model
train() {
    mpirun -n "$2" "$SOUK_BIN/souk-train" ranker --train "$3" --valid "$4" --trees 6 --leaves 8 --out "$1.model" \
        "${@:5}" >"$1.txt" 2>err.txt || fail "$1: $(tail -2 err.txt)"
}

trees() {
    sed -n '/^Tree=0/,/^end of trees/p' "$1.model"
}

for ranks in 1 2 5; do
    train sizes$ranks $ranks train.txt valid.txt --categorical 2
    train qid$ranks $ranks train-qid.txt valid-qid.txt --categorical 2
    train csv$ranks $ranks train.csv valid.csv --categorical brand --ignore note
    for kind in sizes qid csv; do
        diff -q <(trees sizes1) <(trees $kind$ranks) >/dev/null || fail "$kind: other trees on $ranks ranks"
        [ "$(grep -o 'ndcg.*;' sizes1.txt)" = "$(grep -o 'ndcg.*;' $kind$ranks.txt)" ] ||
            fail "$kind: $(cat $kind$ranks.txt)"
    done
done
grep -q '^feature_names=price age brand stock$' csv1.model || fail "$(grep feature_names csv1.model)"
trees csv1 | grep -q '^num_cat=[1-9]' || fail "no tree splits by a category"

# A valid set that stops training keeps the trees up to its best.
train stopped 2 train.txt valid.txt --trees 60 --stop-after 3 --learning-rate .5
[ "$(grep -c '^Tree=' stopped.model)" -lt 60 ] || fail "--stop-after never stopped"
train float 2 train.txt valid.txt --histogram float

# expect CODE TEXT ARGUMENTS...: on two ranks where $launch says so, which takes longer
launch=()
expect() {
    local got=0
    "${launch[@]}" "$SOUK_BIN/souk-train" ranker --out no.model --trees 2 "${@:3}" >out.txt 2>&1 || got=$?
    [ $got = "$1" ] || fail "${*:3}: exit code $got, not $1: $(tail -2 out.txt)"
    grep -q -e "$2" out.txt || fail "${*:3}: no '$2' in: $(tail -2 out.txt)"
    [ ! -e no.model ] || fail "${*:3}: a model was written"
}

# hostile TEXT SIZES CONTENT: libsvm rows that are refused for this reason
hostile() {
    printf '%b' "$3" >bad.txt
    printf '%b' "$2" >bad.txt.query
    expect 3 "$1" --train bad.txt
}
hostile 'has no row' '1\n' ''
hostile 'has no row' '1\n' '# nothing\n\n'
hostile 'bad.txt:2: a value is not a number' '2\n' '1 0:1\n0 0:1x\n'
hostile 'bad.txt:2: a value is not a number' '2\n' '1 0:1\n0 0:\n'
launch=(mpirun -n 2)
hostile 'bad.txt:1: the label is not a number' '2\n' 'one 0:1\n0 0:1\n'
launch=()
hostile 'bad.txt:1: indices do not ascend' '2\n' '1 1:1 1:2\n0 0:1\n'
hostile 'bad.txt:1: not .index:value' '2\n' '1 0:1 7 1:2\n0 0:1\n'
hostile 'bad.txt:1: not a row' '2\n' '1 0:1 1\n0 0:1\n'
hostile 'indices are below' '2\n' '1 0:1 99999:1\n0 0:1\n'
hostile 'feature 1 is infinite' '2\n' '1 0:1 1:inf\n0 0:1\n'
hostile 'the label' '2\n' 'nan 0:1\n0 0:1\n'
hostile '2.5' '2\n' '2.5 0:1\n0 0:1\n'
hostile 'add up to 3, but bad.txt has 2 rows' '1\n2\n' '1 0:1\n0 0:1\n'
hostile 'bad.txt.query:2: not the size' '1\n0\n1\n' '1 0:1\n0 0:1\n'
hostile 'bad.txt.query:1: not the size' 'x\n' '1 0:1\n0 0:1\n'
rm bad.txt.query
expect 3 'no .qid:' --train bad.txt
/usr/bin/python3 -c 'import random; random.seed(1); open("bad.txt", "wb").write(random.randbytes(100000))'
expect 3 'bad.txt:' --train bad.txt

# table TEXT CONTENT: a csv that is refused
table() {
    printf '%b' "$2" >bad.csv
    expect "$3" "$1" --train bad.csv
}
launch=(mpirun -n 2)
table 'has no header' '' 3
launch=()
table 'one of each' 'label,x\n1,2\n' 2
table 'no column is a feature' 'label,query\n1,2\n' 3
table "bad.csv:3: not a number: '2a'" 'label,query,x\n1,1,2\n0,1,2a\n' 3
table 'bad.csv:2: not as many fields' 'label,query,x\n1,1\n' 3
table 'bad.csv:2: not a number' 'label,query,x\n,1,3\n' 3
table 'does not end' 'label,query,x\n1,"1,3\n' 3
table 'no row' 'label,query,x\n' 3
expect 2 'no such feature' --train train.csv --ignore note --categorical colour
expect 3 'not a category' --train train.csv --ignore note --categorical price
expect 3 "needed" --train train.csv --ignore note,stock --valid bad.csv
expect 1 'missing.txt' --train missing.txt
expect 2 'lambdarank' --train train.txt --objective best
expect 2 'leaves' --train train.txt --leaves 1
expect 2 'stop-after' --train train.txt --stop-after 3
expect 2 'train' --valid train.txt
finish
