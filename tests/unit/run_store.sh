#!/bin/bash
# run_store.sh TEST: run_unit.sh with a PostgreSQL server of its own (tests/e2e/postgres_lib.sh), whose
# URL is in SOUK_TEST_POSTGRES. Without the server's programs the tests that need it are skipped.
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/e2e/postgres_lib.sh
. "$here/../e2e/postgres_lib.sh"

if reason=$(postgres_missing); then
    echo "without PostgreSQL: $reason" >&2
else
    trap 'postgres_remove' EXIT
    postgres_make || exit 1
    export SOUK_TEST_POSTGRES=$postgres_url
fi
bash "$here/run_unit.sh" "$@"
