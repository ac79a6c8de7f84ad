# postgres_lib.sh: a PostgreSQL server for a test, in a temporary folder, on a unix socket only. To be
# sourced; the caller traps EXIT and calls postgres_remove.
#
#   postgres_missing    prints why there can be none, and succeeds; fails where there can
#   postgres_make       a new one, started; postgres_url is set (without a database)
#   postgres_start      once more after postgres_kill
#   postgres_kill       kill -9 of all its processes
#   postgres_remove     stop it and remove its folder
# shellcheck shell=bash

postgres_bin=
postgres_dir=
postgres_url=
postgres_as=()

postgres_missing() {
    local bin
    for bin in /usr/lib/postgresql/*/bin; do
        [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ] && postgres_bin=$bin
    done
    if [ -z "$postgres_bin" ]; then
        echo "Debian's package postgresql is not installed"
    elif ! command -v setpriv >/dev/null; then
        echo "the server refuses root, and there is no setpriv"
    elif [ "$(id -u)" = 0 ] && ! id nobody >/dev/null 2>&1; then
        echo "the server refuses root, and there is no user nobody"
    else
        return 1
    fi
}

postgres_make() {
    local log
    reason=$(postgres_missing) && { echo "$reason" >&2; return 1; }
    postgres_missing >/dev/null
    postgres_dir=$(mktemp -d "${TMPDIR:-/tmp}/souk_postgres.XXXXXX") || return 1
    # It ends with this script, even where that is killed.
    postgres_as=(setpriv --pdeathsig QUIT)
    if [ "$(id -u)" = 0 ]; then
        postgres_as+=(--reuid nobody --regid nogroup --clear-groups)
        chown nobody "$postgres_dir"
    fi
    log=$postgres_dir/initdb.log
    # --no-sync: of initdb alone; what it has made need not survive a power cut. The server syncs.
    if ! (cd / && "${postgres_as[@]}" "$postgres_bin/initdb" -D "$postgres_dir/data" --no-sync \
        --auth=trust --username=souk --encoding=UTF8 --locale=C >"$log" 2>&1); then
        cat "$log" >&2
        return 1
    fi
    # shellcheck disable=SC2034
    postgres_url="postgresql:///?host=$postgres_dir&user=souk"
    postgres_start
}

# Ready is who answers; the file of the postmaster says it.
postgres_start() {
    local tries
    rm -f "$postgres_dir/data/postmaster.pid"
    (cd / && exec "${postgres_as[@]}" "$postgres_bin/postgres" -D "$postgres_dir/data" \
        -k "$postgres_dir" -c listen_addresses= -c max_connections=60 \
        -c shared_buffers=32MB -c autovacuum=off) >>"$postgres_dir/server.log" 2>&1 &
    disown
    for ((tries = 0; tries < 600; tries++)); do
        grep -qs ready "$postgres_dir/data/postmaster.pid" && return 0
        sleep .05
    done
    cat "$postgres_dir/server.log" >&2
    return 1
}

postgres_kill() {
    local pid children
    pid=$(head -n 1 "$postgres_dir/data/postmaster.pid" 2>/dev/null) || return 0
    [ -n "$pid" ] || return 0
    children=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null)
    # shellcheck disable=SC2086
    kill -9 "$pid" $children 2>/dev/null
    # Its socket can be taken when it is gone.
    while kill -0 "$pid" 2>/dev/null; do sleep .01; done
}

postgres_remove() {
    [ -n "$postgres_dir" ] || return 0
    postgres_kill
    rm -rf "$postgres_dir"
    postgres_dir=
}
