#!/bin/bash
# run_unit.sh TEST [ARGUMENT...]: run one Criterion program, and fail also where Criterion does not:
# when nothing was tested, and when a sanitizer reported something in a child that then passed.
set -u
output=$(mktemp)
trap 'rm -f "$output"' EXIT

"$@" >"$output" 2>&1
code=$?
cat "$output"

fail() {
    echo "run_unit.sh: $1: $2" >&2
    exit 1
}

[ "$code" -eq 0 ] || fail "$1" "exit code $code"
grep -q 'Tested: [1-9]' "$output" || fail "$1" "no test ran"
if grep -qE 'ERROR: [A-Za-z]+Sanitizer|WARNING: [A-Za-z]+Sanitizer|runtime error:' "$output"; then
    fail "$1" "a sanitizer reported an error"
fi
