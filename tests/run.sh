#!/usr/bin/env bash
# Installs the dev build and runs the rungs of tests asked for, from cheap to dear, each on a throw-away
# cluster of its own. Usage: tests/run.sh [unit|golden|isolation|live|attacks|readme ...]
#
# A rung fails if a test fails, if it ran no test, and if a test has no expected output or the other
# way round. What tests printed is kept in target/tests/RUNG/.
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/../scripts/common.sh"

all=(unit golden isolation live attacks readme)
rungs=("$@")
[ $# -gt 0 ] || rungs=("${all[@]}")

cluster=test-$$
database=regression
table=()
total_passed=0 total_failed=0

trap 'scripts/cluster remove "$cluster"' EXIT
trap 'exit 130' INT TERM

# --------------------------------------------------------------------------------- counting

good() { passed=$((passed + 1)); }
bad() {
    failed=$((failed + 1))
    printf 'not ok - %s\n' "$*"
}

# Runs a command, shows and keeps what it prints in $log; its exit code becomes $status.
logged() {
    status=0
    "$@" 2>&1 | tee "$log" || status=$?
}

# ---------------------------------------------------------------------------------- servers

start_cluster() {
    scripts/cluster remove "$cluster"
    PGHOST=$(scripts/cluster start "$cluster" "$@")
    export PGHOST PGUSER=postgres
    unset PGDATABASE PGPORT PGOPTIONS PGSERVICE
}

sql() { pg psql -X -q -v ON_ERROR_STOP=1 "$@"; }

# The server with the extension, the tenants and the roles that all tests build on.
start_prepared_cluster() {
    start_cluster "$@"
    sql -d postgres -c 'CREATE DATABASE prepared'
    sql -d prepared -f tests/pg_regress/sql/setup.sql >"$output/setup.log" 2>&1 || {
        cat "$output/setup.log"
        die "tests/pg_regress/sql/setup.sql failed"
    }
}

# So that no test leans on what another one left behind.
fresh_database() {
    sql -d postgres -c 'SET client_min_messages = warning' -c "DROP DATABASE IF EXISTS $database WITH (FORCE)" \
        -c "CREATE DATABASE $database TEMPLATE prepared"
}

# ------------------------------------------------------------------------------------ rungs

# One test of PostgreSQL's own runner, against an existing database.
compare() {
    local runner=$1 directory=$2 name=$3 in_database=$4
    local results=$output/$name
    mkdir -p "$results"
    if "$runner" --bindir="$("$PG_CONFIG" --bindir)" --inputdir="$directory" --outputdir="$results" \
        --host="$PGHOST" --user="$PGUSER" --dbname="$in_database" --use-existing "$name" >"$results/log" 2>&1; then
        good
        echo "ok - $name"
    elif [ ! -e "$directory/expected/$name.out" ]; then
        bad "$name has no $directory/expected/$name.out; it printed ${results#"$ROOT"/}/results/$name.out"
    elif [ -s "$results/regression.diffs" ]; then
        bad "$name"
        cat "$results/regression.diffs" >>"$output/regression.diffs"
    else
        bad "$name"
        cat "$results/log"
    fi
}

# Expected output of a test that is not there. name_1.out is another right answer for name.
orphans() {
    local directory=$1 sources=$2 extension=$3 file name
    for file in "$directory"/expected/*.out; do
        name=$(basename "$file" .out)
        [ -e "$directory/$sources/$name.$extension" ] || [ -e "$directory/$sources/${name%_[0-9]}.$extension" ] ||
            bad "$file has no $sources/$name.$extension"
    done
}

show_differences() {
    if [ -s "$output/regression.diffs" ]; then
        head -200 "$output/regression.diffs"
        say "all differences: $output/regression.diffs"
    fi
}

# Every test of a directory, each in a fresh copy of the prepared database.
compare_all() {
    local runner=$1 directory=$2 sources=$3 extension=$4 file name
    orphans "$directory" "$sources" "$extension"
    for file in "$directory/$sources"/*."$extension"; do
        name=$(basename "$file" ".$extension")
        [ "$name" != setup ] || continue
        fresh_database
        compare "$runner" "$directory" "$name" "$database"
    done
    show_differences
}

pgxs_test() { echo "$(dirname "$("$PG_CONFIG" --pgxs)")/../test/$1"; }

# Adds up the result lines of cargo test.
cargo_tests() {
    logged cargo test --locked "${flags[@]}" "$@"
    local line
    while read -r line; do
        passed=$((passed + $(sed -E 's/.* ([0-9]+) passed.*/\1/' <<<"$line")))
        failed=$((failed + $(sed -E 's/.* ([0-9]+) failed.*/\1/' <<<"$line")))
    done < <(grep '^test result: ' "$log" || true)
    if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
        bad "cargo test $*"
    fi
}

# The extension has no tests of this kind; naming it makes cargo reuse what was built for it.
rung_unit() { cargo_tests --package flowai_core --package flowai_runtime --no-fail-fast; }

rung_golden() {
    local runner
    runner=$(pgxs_test regress)/pg_regress
    start_cluster
    # The set-up is the first test: the others run in copies of what it made.
    sql -d postgres -c 'CREATE DATABASE prepared'
    compare "$runner" tests/pg_regress setup prepared
    compare_all "$runner" tests/pg_regress sql sql

    scripts/schema >"$output/schema.sql"
    if diff -u tests/schema/head.sql "$output/schema.sql" >"$output/schema.diff" 2>&1; then
        good
        echo "ok - schema"
    else
        bad "schema: tests/schema/head.sql is not what is installed. If that is meant: make schema"
        head -200 "$output/schema.diff"
    fi
}

rung_isolation() {
    start_prepared_cluster
    compare_all "$(pgxs_test isolation)/pg_isolation_regress" tests/isolation specs spec
}

rung_live() {
    # Two base backups begin at once, each with a checkpoint that removes what the other is about to read.
    start_prepared_cluster wal_keep_size=1GB
    fresh_database
    # Debian has pgbouncer where only root looks.
    PATH=$("$PG_CONFIG" --bindir):$PATH:/usr/sbin FLOWAI_TEST_SOCKET_DIR=$PGHOST cargo_tests --package flowai_live --no-fail-fast
}

rung_attacks() {
    local script
    script=$("$PG_CONFIG" --sharedir)/extension/flowai_runtime--$(sed -nE 's/^version = "(.+)"/\1/p' Cargo.toml | head -1).sql
    if PYTHONPATH=target/tools/pgspot python3 -B tests/install_script.py "$script" >"$output/install_script" 2>&1; then
        good
        echo "ok - install_script"
    else
        bad "install_script: what pgspot found"
        cat "$output/install_script"
    fi
    start_prepared_cluster
    compare_all "$(pgxs_test regress)/pg_regress" tests/attacks sql sql
}

rung_readme() {
    start_cluster
    sql -d postgres -c "CREATE DATABASE $database"
    logged python3 tests/readme.py README.md -- "$("$PG_CONFIG" --bindir)/psql" -X -q -d "$database"
    passed=$(grep -c '^ok - ' "$log" || true)
    failed=$(grep -c '^not ok - ' "$log" || true)
    if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
        bad "README.md"
    fi
}

# -------------------------------------------------------------------------------------- run

for rung in "${rungs[@]}"; do
    [[ " ${all[*]} " == *" $rung "* ]] || die "no rung is called $rung; there are: ${all[*]}"
done

scripts/prepare "${rungs[@]}"
[ "${rungs[*]}" = unit ] || scripts/build dev
read -ra flags <<<"$(rust_flags)"
shopt -s nullglob

for rung in "${rungs[@]}"; do
    say "rung $rung"
    started=$SECONDS passed=0 failed=0
    output=$ROOT/target/tests/$rung log=$output/log
    rm -rf "$output"
    mkdir -p "$output"
    "rung_$rung"
    ran=$((passed + failed))
    [ "$ran" -gt 0 ] || bad "rung $rung ran no test"
    table+=("$(printf '%-10s %6d %7d %7d %8d' "$rung" "$ran" "$passed" "$failed" $((SECONDS - started)))")
    total_passed=$((total_passed + passed)) total_failed=$((total_failed + failed))
done

printf '\n%-10s %6s %7s %7s %8s\n' rung tests passed failed seconds
printf '%s\n' "${table[@]}"
printf '\n%d passed, %d failed\n' "$total_passed" "$total_failed"
[ "$total_failed" -eq 0 ]
