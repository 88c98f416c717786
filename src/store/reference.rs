//! References and their kinds.

use std::cell::RefCell;
use std::rc::Rc;

use flowai_core::digest::{self, Digest};
use flowai_core::reference::{self as core, unknown_kind};
use flowai_core::schema::Schema;
use flowai_core::{Error, Kind, Result, json, name, ttl};
use pgrx::datum::{Interval, TimestampWithTimeZone};

use crate::pg::jsonb::{Jsonb, Stored};
use crate::pg::spi::{self, args};
use crate::pg::{clock, random, tenant};

/// The definition that counts; `$2` is the kind.
const KIND: &str = "
    SELECT revision, schema, ttl, max_bytes FROM flowai.ref_kinds
    WHERE tenant_id = $1 AND kind = $2
    ORDER BY revision DESC LIMIT 1";

const LAST: &str = "
    SELECT revision FROM flowai.ref_kinds WHERE tenant_id = $1 AND kind = $2
    ORDER BY revision DESC LIMIT 1";

/// The same definition once more is no new revision.
/// A ttl as it is written: a month is no 30 days, although they compare as equal.
const KIND_IS: &str = "
    SELECT revision FROM flowai.ref_kinds
    WHERE tenant_id = $1 AND kind = $2 AND revision = $3
      AND schema IS NOT DISTINCT FROM $4 AND ttl::text IS NOT DISTINCT FROM $5::text AND max_bytes = $6";

const DEFINE: &str = "
    INSERT INTO flowai.ref_kinds (tenant_id, kind, revision, schema, ttl, max_bytes)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (tenant_id, kind, revision) DO NOTHING
    RETURNING revision";

const KEY: &str = "SELECT key FROM flowai_internal.tenant_keys WHERE tenant_id = $1";

const MAKE_KEY: &str = "
    INSERT INTO flowai_internal.tenant_keys (tenant_id, key) VALUES ($1, $2)
    ON CONFLICT (tenant_id) DO NOTHING";

/// A reference that lives keeps what it is; only its expiry may move, and only away. No row comes back
/// where there is nothing to change.
const PUT: &str = "
    INSERT INTO flowai.refs AS r
        (tenant_id, kind, id, summary, byte_size, canonical_version, kind_revision, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8 + $9)
    ON CONFLICT (tenant_id, kind, id) DO UPDATE SET
        summary = CASE WHEN r.expires_at <= $8 THEN excluded.summary ELSE r.summary END,
        byte_size = CASE WHEN r.expires_at <= $8 THEN excluded.byte_size ELSE r.byte_size END,
        kind_revision = CASE WHEN r.expires_at <= $8 THEN excluded.kind_revision ELSE r.kind_revision END,
        created_at = CASE WHEN r.expires_at <= $8 THEN excluded.created_at ELSE r.created_at END,
        expires_at = excluded.expires_at
    WHERE r.expires_at <= $8 OR r.expires_at < excluded.expires_at
       OR (r.expires_at IS NOT NULL AND excluded.expires_at IS NULL)
    RETURNING created_at = $8, summary, expires_at";

const HOLD: &str = "
    SELECT FROM flowai.refs WHERE tenant_id = $1 AND kind = $2 AND id = $3 FOR UPDATE";

const LIVE: &str = "
    SELECT false, summary, expires_at FROM flowai.refs
    WHERE tenant_id = $1 AND kind = $2 AND id = $3 AND (expires_at IS NULL OR expires_at > $4)";

/// Runs under the lock of the reference's row, so that the two expiries are one. Equal ids have equal
/// payloads: one that is there stays.
const PUT_PAYLOAD: &str = "
    INSERT INTO flowai.ref_payloads (tenant_id, kind, id, payload, expires_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, kind, id) DO UPDATE SET expires_at = excluded.expires_at";

const RESOLVE: &str = "
    SELECT payload FROM flowai.ref_payloads
    WHERE tenant_id = $1 AND kind = $2 AND id = $3
      AND (expires_at IS NULL OR expires_at > pg_catalog.clock_timestamp())";

/// Who stores a plan with the reference holds a lock that this one waits for. What is seen once it is
/// held is said by the latest snapshot alone: the row has not changed, so nothing here is asked again.
const LOCK: &str = "
    SELECT expires_at IS NULL OR expires_at > $4 FROM flowai.refs
    WHERE tenant_id = $1 AND kind = $2 AND id = $3
    FOR UPDATE";

const DELETE: &str = "DELETE FROM flowai.refs WHERE tenant_id = $1 AND kind = $2 AND id = $3";

/// Not where a plan that is not finished uses it: what was checked when the plan was stored must hold.
const NEEDED_BY: &str = "
    SELECT u.plan_id::text FROM flowai.plan_refs u
    JOIN flowai.plans p ON p.tenant_id = u.tenant_id AND p.id = u.plan_id
    WHERE u.tenant_id = $1 AND u.kind = $2 AND u.ref_id = $3
      AND p.state NOT IN ('succeeded', 'failed', 'cancelled')
    ORDER BY 1 LIMIT 1";

/// Away only: an expiry that is given may not come sooner than the one that is there.
const EXTEND: &str = "
    UPDATE flowai.refs SET expires_at = CASE WHEN expires_at < $4 + $5 THEN $4 + $5
                                             WHEN $5 IS NULL THEN NULL ELSE expires_at END
    WHERE tenant_id = $1 AND kind = $2 AND id = $3 AND (expires_at IS NULL OR expires_at > $4)
    RETURNING expires_at";

const EXTEND_PAYLOAD: &str = "
    UPDATE flowai.ref_payloads SET expires_at = $4 WHERE tenant_id = $1 AND kind = $2 AND id = $3";

/// The plan that has not ended and uses the reference `x`. A scalar, so that each reference is looked up on its
/// own: what the planner could join instead is all that plans use.
macro_rules! user_of_x {
    () => {
        "(SELECT u.plan_id FROM flowai.plan_refs u
          JOIN flowai.plans p ON p.tenant_id = u.tenant_id AND p.id = u.plan_id
          WHERE u.tenant_id = $1 AND u.kind = x.kind AND u.ref_id = x.id
            AND p.state NOT IN ('succeeded', 'failed', 'cancelled')
          LIMIT 1)"
    };
}

/// Expired references that no such plan uses, those first that expired first; what somebody is just writing, or
/// storing a plan with, is left to the next call.
const LOCK_EXPIRED: &str = concat!(
    "
    SELECT x.kind::text, x.id FROM flowai.refs x
    WHERE x.tenant_id = $1 AND x.expires_at <= $2 AND ",
    user_of_x!(),
    " IS NULL
    ORDER BY x.expires_at LIMIT $3
    FOR UPDATE OF x SKIP LOCKED"
);

/// Once more, for the plans that were stored between the look and the lock.
const UNNEEDED: &str = concat!(
    "
    SELECT x.kind, x.id
    FROM ROWS FROM (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) AS x(kind, id)
    WHERE ",
    user_of_x!(),
    " IS NULL"
);

const DELETE_MANY: &str = "
    DELETE FROM flowai.refs r
    USING ROWS FROM (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) AS x(kind, id)
    WHERE r.tenant_id = $1 AND r.kind = x.kind AND r.id = x.id";

/// What a put decided.
pub(crate) struct Put {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) created: bool,
    pub(crate) summary: Stored,
    pub(crate) expires_at: Option<TimestampWithTimeZone>,
}

struct Definition {
    revision: i64,
    schema: Option<Rc<Schema>>,
    life: Option<Interval>,
    max_bytes: i64,
}

/// Defines a kind, or a new revision of it; returns the revision that counts now.
pub(crate) fn define_kind(
    kind: Option<&str>,
    schema: Option<Jsonb>,
    life: Option<Interval>,
    max_bytes: Option<i64>,
) -> Result<i64> {
    let tenant = tenant::required()?;
    let kind = name::argument("kind", kind)?;
    check_life(life)?;
    let max_bytes = core::max_bytes(max_bytes, schema.is_some())?;
    if let Some(schema) = schema {
        schema.schema()?;
    }
    let last = spi::write_one(LAST, args![&*tenant, kind], |row| row.need(1))?.unwrap_or(0);
    let same = args![&*tenant, kind, last, schema, life, max_bytes];
    if let Some(revision) = spi::write_one(KIND_IS, same, |row| row.need(1))? {
        return Ok(revision);
    }
    let next = args![&*tenant, kind, last + 1, schema, life, max_bytes];
    spi::write_one(DEFINE, next, |row| row.need(1))?.ok_or_else(|| {
        Error::new(
            Kind::Stale,
            "ref_kind_revision",
            format!("kind \"{kind}\" was defined by somebody else at the same time"),
        )
        .detail(format!("Revision {} is there already.", last + 1))
        .hint("Look at it in flowai.ref_kinds and decide anew.")
    })
}

/// Refuses what no payload could be stored with, before somebody goes to the length of computing one.
pub(crate) fn check_put(
    kind: Option<&str>,
    summary: Option<Jsonb>,
    life: Option<Interval>,
) -> Result<()> {
    destination(kind, summary, life).map(drop)
}

/// Where a payload goes.
struct Destination<'a> {
    tenant: Rc<str>,
    kind: &'a str,
    definition: Definition,
}

fn destination(
    kind: Option<&str>,
    summary: Option<Jsonb>,
    life: Option<Interval>,
) -> Result<Destination<'_>> {
    let tenant = tenant::required()?;
    let kind = name::argument("kind", kind)?;
    check_life(life)?;
    if let Some(summary) = summary {
        core::summary_size(summary.text().len())?;
    }
    let definition = definition(&tenant, kind)?.ok_or_else(|| unknown_kind(kind))?;
    Ok(Destination { tenant, kind, definition })
}

/// Stores a payload, or finds that it is there.
pub(crate) fn put(
    kind: Option<&str>,
    payload: Option<Jsonb>,
    summary: Option<Jsonb>,
    life: Option<Interval>,
) -> Result<Put> {
    let Destination { tenant, kind, definition } = destination(kind, summary, life)?;
    let payload = payload.ok_or_else(|| Error::missing("payload"))?;
    let text = payload.text();
    core::payload_size(kind, text.len(), definition.max_bytes)?;
    if let Some(schema) = &definition.schema {
        let value = json::read("payload", text)?;
        schema.check(&value, "ref_payload_valid", "the payload")?;
    }
    let summary = match summary {
        Some(given) => given,
        None => Jsonb::of(core::summarize(text)?)?,
    };
    let id = core::id(&digest::keyed(&key(&tenant)?, kind, text)?);
    store(&tenant, kind, id, payload, text.len(), summary, definition, life)
}

#[allow(clippy::too_many_arguments, reason = "the columns of a row")]
fn store(
    tenant: &str,
    kind: &str,
    id: String,
    payload: Jsonb,
    bytes: usize,
    summary: Jsonb,
    definition: Definition,
    life: Option<Interval>,
) -> Result<Put> {
    type Row = (bool, Stored, Option<TimestampWithTimeZone>);
    spi::hold_what_is_seen(HOLD, || args![tenant, kind, id.as_str()])?;
    let read = |row: &spi::Row| -> Result<Row> { Ok((row.need(1)?, row.transfer(2)?, row.get(3))) };
    // Where there was nothing to write, the reference may go before it is read: then it is written.
    for _ in 0..3 {
        let now = clock::now();
        let put = args![
            tenant,
            kind,
            id.as_str(),
            summary,
            bytes as i64,
            digest::VERSION,
            definition.revision,
            now,
            life.or(definition.life)
        ];
        let put = spi::write_one(PUT, put, read)?;
        if let Some((_, _, expires_at)) = &put {
            spi::run(PUT_PAYLOAD, args![tenant, kind, id.as_str(), payload, *expires_at])?;
        }
        let found = match put {
            Some(put) => Some(put),
            None => spi::write_one(LIVE, args![tenant, kind, id.as_str(), now], read)?,
        };
        if let Some((created, summary, expires_at)) = found {
            return Ok(Put { kind: kind.to_owned(), id, created, summary, expires_at });
        }
    }
    Err(Error::new(Kind::Stale, "ref_settled", format!("reference \"{id}\" keeps being deleted"))
        .hint("Try again."))
}

/// The payload of a reference that lives, and is what the id says.
pub(crate) fn resolve(kind: &str, id: &str) -> Result<Stored> {
    let Some(tenant) = tenant::current()? else { return Err(core::not_found(kind, id)) };
    for attempt in 0..2 {
        // A tenant of this name that was dropped and made anew has another key than the one remembered.
        let key = known_key(&tenant, attempt > 0)?;
        let found = spi::read_one(RESOLVE, args![&*tenant, kind, id], |row| {
            let payload = row.need_jsonb(1)?;
            let same = match &key {
                Some(key) => core::id(&digest::keyed(key, kind, payload.text())?) == id,
                None => false,
            };
            Ok((row.transfer(1)?, same))
        })?;
        match found {
            None => return Err(core::not_found(kind, id)),
            Some((payload, true)) => return Ok(payload),
            Some((_, false)) => {}
        }
    }
    Err(core::tampered(kind, id))
}

/// Refuses a payload that was read elsewhere if it is not what the id says.
pub(crate) fn check_intact(kind: &str, id: &str, payload: &str) -> Result<()> {
    let Some(tenant) = tenant::current()? else { return Err(core::not_found(kind, id)) };
    for anew in [false, true] {
        // A tenant of this name that was dropped and made anew has another key than the one remembered.
        if let Some(key) = known_key(&tenant, anew)?
            && core::id(&digest::keyed(&key, kind, payload)?) == id
        {
            return Ok(());
        }
    }
    Err(core::tampered(kind, id))
}

/// Deletes a reference with its payload. False: there was none, or it had expired.
pub(crate) fn delete(kind: Option<&str>, id: Option<&str>) -> Result<bool> {
    let tenant = tenant::required()?;
    let kind = name::argument("kind", kind)?;
    let id = id.ok_or_else(|| Error::missing("id"))?;
    let row = || args![&*tenant, kind, id];
    let lives = spi::write_one(LOCK, row().and(clock::now()), |row| row.need(1))?;
    if lives != Some(true) {
        return Ok(false);
    }
    let plan =
        spi::in_latest_snapshot(|| spi::read_one(NEEDED_BY, row(), |row| row.need::<String>(1)))?;
    if let Some(plan) = plan {
        return Err(core::needed(id, &plan));
    }
    spi::run(DELETE, row())?;
    Ok(true)
}

/// Lets a reference live longer, for ever without a ttl; returns when it expires.
pub(crate) fn extend(
    kind: Option<&str>,
    id: Option<&str>,
    life: Option<Interval>,
) -> Result<Option<TimestampWithTimeZone>> {
    let tenant = tenant::required()?;
    let kind = name::argument("kind", kind)?;
    let id = id.ok_or_else(|| Error::missing("id"))?;
    check_life(life)?;
    let extended = spi::write_one(EXTEND, args![&*tenant, kind, id, clock::now(), life], |row| {
        Ok(row.get::<TimestampWithTimeZone>(1))
    })?;
    let Some(expires_at) = extended else { return Err(core::not_found(kind, id)) };
    spi::run(EXTEND_PAYLOAD, args![&*tenant, kind, id, expires_at])?;
    Ok(expires_at)
}

/// Removes references that have expired, with their payloads.
pub(crate) fn purge(max_rows: Option<i32>) -> Result<i64> {
    let tenant = tenant::required()?;
    let most = max_rows.ok_or_else(|| Error::missing("max_rows"))?;
    name::within("max_rows", most, 1, 100_000)?;
    let handle = |row: &spi::Row| Ok((row.need::<String>(1)?, row.need::<String>(2)?));
    let expired = spi::write(LOCK_EXPIRED, args![&*tenant, clock::now(), i64::from(most)], handle)?;
    if expired.is_empty() {
        return Ok(0);
    }
    let (kinds, ids): (Vec<_>, Vec<_>) = expired.into_iter().unzip();
    let unneeded =
        spi::in_latest_snapshot(|| spi::read(UNNEEDED, args![&*tenant, kinds, ids], handle))?;
    let (kinds, ids): (Vec<_>, Vec<_>) = unneeded.into_iter().unzip();
    Ok(spi::run(DELETE_MANY, args![&*tenant, kinds, ids])? as i64)
}

fn definition(tenant: &str, kind: &str) -> Result<Option<Definition>> {
    spi::write_one(KIND, args![tenant, kind], |row| {
        Ok(Definition {
            revision: row.need(1)?,
            schema: row.jsonb(2)?.map(|schema| schema.schema()).transpose()?,
            life: row.get(3),
            max_bytes: row.need(4)?,
        })
    })
}

/// The tenant's key, made when it is first needed.
fn key(tenant: &str) -> Result<Digest> {
    let read = || spi::write_one(KEY, args![tenant], |row| row.need::<Vec<u8>>(1));
    let mut key = read()?;
    if key.is_none() {
        spi::run(MAKE_KEY, args![tenant, random::bytes::<32>()?.to_vec()])?;
        key = read()?;
    }
    key.and_then(|key| key.try_into().ok()).ok_or_else(|| Error::internal("a tenant without key"))
}

thread_local! {
    /// The key of the tenant that was asked for last.
    static KNOWN_KEY: RefCell<Option<(Rc<str>, Digest)>> = const { RefCell::new(None) };
}

/// The tenant's key without making one, remembered from the last time unless it is to be read anew.
fn known_key(tenant: &Rc<str>, anew: bool) -> Result<Option<Digest>> {
    let known = KNOWN_KEY
        .with_borrow(|known| known.as_ref().filter(|(of, _)| of == tenant).map(|(_, key)| *key));
    if known.is_some() && !anew {
        return Ok(known);
    }
    let key = spi::read_one(KEY, args![&**tenant], |row| row.need::<Vec<u8>>(1))?
        .and_then(|key| Digest::try_from(key).ok());
    KNOWN_KEY.set(key.map(|key| (tenant.clone(), key)));
    Ok(key)
}

fn check_life(life: Option<Interval>) -> Result<()> {
    life.map_or(Ok(()), |i| ttl::check("ttl", i.months(), i.days(), i.micros()))
}
