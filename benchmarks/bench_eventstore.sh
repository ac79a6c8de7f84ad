#!/bin/bash
# bench_eventstore.sh [FOLDER]: bench_eventstore in a new folder below FOLDER (/tmp), with a PostgreSQL
# server of its own there where Debian's package is installed.
: "${SOUK_BIN:=$(cd "$(dirname "$0")/.." && pwd)/build/release/bin}"
# shellcheck source=tests/e2e/postgres_lib.sh
. "$(dirname "$0")/../tests/e2e/postgres_lib.sh"

work=$(mktemp -d "${1:-/tmp}/souk_bench.XXXXXX") || exit 1
trap 'postgres_remove; rm -rf "$work"' EXIT

if reason=$(postgres_missing); then
    echo "without PostgreSQL: $reason" >&2
    "$SOUK_BIN/bench_eventstore" "$work"
else
    postgres_make || exit 1
    "$SOUK_BIN/bench_eventstore" "$work" "$postgres_url&dbname=postgres"
fi
