//! Key/value entries.
//!
//! What an operation decides and what it writes is one statement, so that its answer is true for the
//! row it wrote. The clock is read once per call and passed in; an entry whose expiry it has passed
//! counts as absent in every statement.

use std::collections::HashMap;

use flowai_core::kv::{self, Expected};
use flowai_core::{Error, Result, name, ttl};
use pgrx::datum::{Interval, TimestampWithTimeZone};

use crate::pg::jsonb::Jsonb;
use crate::pg::spi::{self, args};
use crate::pg::{clock, guc, tenant};

/// `updated_at` is above `created_at` from the second write on, so that the row itself tells whether
/// this write made it. A write that waited for another may come from before the entry that it finds: then
/// the entry is as old as the write, or it could expire before it came to be.
const PUT: &str = "
    INSERT INTO flowai.kv_entries AS e
        (tenant_id, namespace, key, value, expires_at, version, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $6 + $5, $7, $6, $6)
    ON CONFLICT (tenant_id, namespace, key) DO UPDATE SET
        value = excluded.value,
        expires_at = excluded.expires_at,
        version = CASE WHEN e.expires_at <= $6 THEN GREATEST(e.version + 1, $7) ELSE e.version + 1 END,
        created_at = CASE WHEN e.expires_at <= $6 THEN $6 ELSE LEAST(e.created_at, $6) END,
        updated_at = CASE WHEN e.expires_at <= $6 THEN $6
                          ELSE GREATEST($6, LEAST(e.created_at, $6) + '1 microsecond') END
    RETURNING version, created_at = updated_at, expires_at";

/// The second half of `PUT` alone. Tried first: the planner knows its partition, while an INSERT has to
/// find and open it in every execution.
const PUT_OVER: &str = "
    UPDATE flowai.kv_entries AS e SET
        value = $4,
        expires_at = $6 + $5,
        version = CASE WHEN e.expires_at <= $6 THEN GREATEST(e.version + 1, $7) ELSE e.version + 1 END,
        created_at = CASE WHEN e.expires_at <= $6 THEN $6 ELSE LEAST(e.created_at, $6) END,
        updated_at = CASE WHEN e.expires_at <= $6 THEN $6
                          ELSE GREATEST($6, LEAST(e.created_at, $6) + '1 microsecond') END
    WHERE tenant_id = $1 AND namespace = $2 AND key = $3
    RETURNING version, created_at = updated_at, expires_at";

const PUT_IF_ABSENT: &str = "
    INSERT INTO flowai.kv_entries AS e
        (tenant_id, namespace, key, value, expires_at, version, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $6 + $5, $7, $6, $6)
    ON CONFLICT (tenant_id, namespace, key) DO UPDATE SET
        value = excluded.value,
        expires_at = excluded.expires_at,
        version = GREATEST(e.version + 1, $7),
        created_at = $6,
        updated_at = $6
    WHERE e.expires_at <= $6
    RETURNING version, true, expires_at";

const PUT_VERSION: &str = "
    UPDATE flowai.kv_entries AS e SET
        value = $4,
        expires_at = $6 + $5,
        version = e.version + 1,
        created_at = LEAST(e.created_at, $6),
        updated_at = GREATEST($6, LEAST(e.created_at, $6) + '1 microsecond')
    WHERE tenant_id = $1 AND namespace = $2 AND key = $3 AND version = $7
      AND (e.expires_at IS NULL OR e.expires_at > $6)
    RETURNING version, false, expires_at";

/// `PUT` for many keys, locked in their order, so that two batches cannot deadlock.
const PUT_MANY: &str = "
    INSERT INTO flowai.kv_entries AS e
        (tenant_id, namespace, key, value, expires_at, version, created_at, updated_at)
    SELECT $1, $2, i.key, i.value::pg_catalog.jsonb, $6 + $5, $7, $6, $6
    FROM ROWS FROM (pg_catalog.unnest($3::text[]), pg_catalog.unnest($4::text[])) AS i(key, value)
    ORDER BY i.key COLLATE \"C\"
    ON CONFLICT (tenant_id, namespace, key) DO UPDATE SET
        value = excluded.value,
        expires_at = excluded.expires_at,
        version = CASE WHEN e.expires_at <= $6 THEN GREATEST(e.version + 1, $7) ELSE e.version + 1 END,
        created_at = CASE WHEN e.expires_at <= $6 THEN $6 ELSE LEAST(e.created_at, $6) END,
        updated_at = CASE WHEN e.expires_at <= $6 THEN $6
                          ELSE GREATEST($6, LEAST(e.created_at, $6) + '1 microsecond') END
    RETURNING version, created_at = updated_at, expires_at, key";

const HOLD: &str = "
    SELECT FROM flowai.kv_entries WHERE tenant_id = $1 AND namespace = $2 AND key = ANY ($3)
    ORDER BY key FOR UPDATE";

/// Rows that nobody sees any more; those that somebody is just writing are left to the next call.
const PURGE: &str = "
    DELETE FROM flowai.kv_entries e
    WHERE e.tenant_id = $1 AND e.ctid = ANY (ARRAY(
        SELECT x.ctid FROM flowai.kv_entries x
        WHERE x.tenant_id = $1 AND x.expires_at <= $2
        ORDER BY x.expires_at LIMIT $3
        FOR UPDATE SKIP LOCKED))";

const LIVE: &str = "
    SELECT version, false, expires_at FROM flowai.kv_entries
    WHERE tenant_id = $1 AND namespace = $2 AND key = $3
      AND (expires_at IS NULL OR expires_at > $4)";

const DELETE: &str = "
    DELETE FROM flowai.kv_entries
    WHERE tenant_id = $1 AND namespace = $2 AND key = $3
    RETURNING expires_at IS NULL OR expires_at > $4";

/// A counter that lives keeps its expiry: with a ttl this is a count within a window of time.
const INCREMENT: &str = "
    INSERT INTO flowai.kv_entries AS e
        (tenant_id, namespace, key, value, expires_at, version, created_at, updated_at)
    VALUES ($1, $2, $3, pg_catalog.to_jsonb($4), $6 + $5, $7, $6, $6)
    ON CONFLICT (tenant_id, namespace, key) DO UPDATE SET
        value = CASE WHEN e.expires_at <= $6 THEN excluded.value
                     ELSE pg_catalog.to_jsonb((e.value::pg_catalog.numeric + $4)::bigint) END,
        expires_at = CASE WHEN e.expires_at <= $6 THEN excluded.expires_at ELSE e.expires_at END,
        version = CASE WHEN e.expires_at <= $6 THEN GREATEST(e.version + 1, $7) ELSE e.version + 1 END,
        created_at = CASE WHEN e.expires_at <= $6 THEN $6 ELSE e.created_at END,
        updated_at = CASE WHEN e.expires_at <= $6 THEN $6
                          ELSE GREATEST($6, e.created_at + '1 microsecond') END
    WHERE e.expires_at <= $6
       OR CASE WHEN pg_catalog.jsonb_typeof(e.value) = 'number'
               THEN e.value::pg_catalog.numeric = pg_catalog.trunc(e.value::pg_catalog.numeric)
                    AND e.value::pg_catalog.numeric + $4
                        BETWEEN -9223372036854775808 AND 9223372036854775807
               ELSE false END
    RETURNING value::bigint, version, expires_at";

/// Bytes that a byte of text may have when it is stored, and more: `[1, 1]` has six and needs 28.
const MOST_BYTES_OF_ONE: usize = 16;

/// What a write decided.
pub(crate) struct Written {
    pub(crate) version: i64,
    pub(crate) created: bool,
    pub(crate) expires_at: Option<TimestampWithTimeZone>,
}

/// What an increment decided.
pub(crate) struct Counted {
    pub(crate) value: i64,
    pub(crate) version: i64,
    pub(crate) expires_at: Option<TimestampWithTimeZone>,
}

/// Writes an entry; with an expectation only where it holds.
pub(crate) fn put(
    namespace: Option<&str>,
    key: Option<&str>,
    value: Option<Jsonb>,
    life: Option<Interval>,
    expected_version: Option<i64>,
) -> Result<Written> {
    let expected = kv::expected(expected_version)?;
    let (key, value) = (kv::key(key)?, value.ok_or_else(|| Error::missing("value"))?);
    let write = |statement| write(statement, namespace, key, value, life, expected);
    let written = match expected {
        Expected::Anything => match write(PUT_OVER)? {
            Some(written) => Some(written),
            None => write(PUT)?,
        },
        Expected::Absent => write(PUT_IF_ABSENT)?,
        Expected::Version(_) => write(PUT_VERSION)?,
    };
    written.ok_or_else(|| kv::stale(key, expected))
}

/// Writes many entries in one statement; what was decided for each, in the order given.
pub(crate) fn put_many(
    namespace: Option<&str>,
    entries: Option<Jsonb>,
    life: Option<Interval>,
) -> Result<Vec<(String, Written)>> {
    let tenant = tenant::required()?;
    let namespace = name::argument("namespace", namespace)?;
    check_life(life)?;
    let entries = kv::batch(entries.ok_or_else(|| Error::missing("entries"))?.text())?;
    let most = guc::kv_max_value_bytes();
    for (key, value) in &entries {
        // As `kv_put` measures it: what is stored, which is at most so many times its text.
        if value.len() > most / MOST_BYTES_OF_ONE {
            kv::value_size(key, Jsonb::parse(value.clone())?.size(), most)?;
        }
    }
    let (keys, values): (Vec<String>, Vec<String>) = entries.into_iter().unzip();
    spi::hold_what_is_seen(HOLD, || args![&*tenant, namespace, keys.clone()])?;
    let now = clock::now();
    let put = args![&*tenant, namespace, keys.clone(), values, life, now, clock::micros(&now)];
    let mut decided: HashMap<String, Written> =
        spi::write(PUT_MANY, put, |row| Ok((row.need(4)?, written(row)?)))?.into_iter().collect();
    let of_key = |key: String| {
        let written =
            decided.remove(&key).ok_or_else(|| Error::internal("a key was not written"))?;
        Ok((key, written))
    };
    keys.into_iter().map(of_key).collect()
}

/// Removes rows of entries that have expired.
pub(crate) fn purge(max_rows: Option<i32>) -> Result<i64> {
    let tenant = tenant::required()?;
    let most = max_rows.ok_or_else(|| Error::missing("max_rows"))?;
    name::within("max_rows", most, 1, 100_000)?;
    Ok(spi::run(PURGE, args![&*tenant, clock::now(), i64::from(most)])? as i64)
}

/// Writes an entry where none lives; tells what is there otherwise.
pub(crate) fn put_if_absent(
    namespace: Option<&str>,
    key: Option<&str>,
    value: Option<Jsonb>,
    life: Option<Interval>,
) -> Result<Written> {
    let (key, value) = (kv::key(key)?, value.ok_or_else(|| Error::missing("value"))?);
    // Between the two statements the other entry may go: then it is our turn.
    for _ in 0..3 {
        if let Some(written) = write(PUT_IF_ABSENT, namespace, key, value, life, Expected::Absent)?
        {
            return Ok(written);
        }
        let live = args![&*tenant::required()?, namespace, key, clock::now()];
        if let Some(found) = spi::write_one(LIVE, live, written)? {
            return Ok(found);
        }
    }
    Err(kv::stale(key, Expected::Absent))
}

/// Deletes an entry. False: there was none, or it had expired.
pub(crate) fn delete(namespace: Option<&str>, key: Option<&str>) -> Result<bool> {
    let tenant = tenant::required()?;
    let namespace = name::argument("namespace", namespace)?;
    let live = args![&*tenant, namespace, kv::key(key)?, clock::now()];
    Ok(spi::write_one(DELETE, live, |row| row.need(1))?.unwrap_or(false))
}

/// Adds to a counter, which starts at 0.
pub(crate) fn increment(
    namespace: Option<&str>,
    key: Option<&str>,
    by: Option<i64>,
    life: Option<Interval>,
) -> Result<Counted> {
    let tenant = tenant::required()?;
    let namespace = name::argument("namespace", namespace)?;
    let key = kv::key(key)?;
    let by = by.ok_or_else(|| Error::missing("by"))?;
    check_life(life)?;
    spi::hold_what_is_seen(HOLD, || args![&*tenant, namespace, vec![key]])?;
    let now = clock::now();
    let first_version = clock::micros(&now);
    spi::write_one(
        INCREMENT,
        args![&*tenant, namespace, key, by, life, now, first_version],
        |row| Ok(Counted { value: row.need(1)?, version: row.need(2)?, expires_at: row.get(3) }),
    )?
    .ok_or_else(|| kv::no_counter(key))
}

fn write(
    statement: &'static str,
    namespace: Option<&str>,
    key: &str,
    value: Jsonb,
    life: Option<Interval>,
    expected: Expected,
) -> Result<Option<Written>> {
    let tenant = tenant::required()?;
    let namespace = name::argument("namespace", namespace)?;
    kv::value_size(key, value.size(), guc::kv_max_value_bytes())?;
    check_life(life)?;
    if expected == Expected::Absent {
        spi::hold_what_is_seen(HOLD, || args![&*tenant, namespace, vec![key]])?;
    }
    let now = clock::now();
    let version = match expected {
        Expected::Version(version) => version,
        Expected::Absent | Expected::Anything => clock::micros(&now),
    };
    spi::write_one(statement, args![&*tenant, namespace, key, value, life, now, version], written)
}

fn written(row: &spi::Row) -> Result<Written> {
    Ok(Written { version: row.need(1)?, created: row.need(2)?, expires_at: row.get(3) })
}

fn check_life(life: Option<Interval>) -> Result<()> {
    life.map_or(Ok(()), |i| ttl::check("ttl", i.months(), i.days(), i.micros()))
}
