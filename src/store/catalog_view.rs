//! INSERT, UPDATE and DELETE on the view `flowai.catalog`.
//!
//! The row trigger checks each row and keeps what the statement wants of it; when the statement has no
//! more rows, all of it is written in a few statements, like one `catalog_put`. Until then nothing is
//! changed, for whoever looks from within the statement.
//!
//! What RETURNING shows is decided with the row, before it is written: the version and the times follow
//! from the row that the statement read, from what it wants of it, and from one time for the whole
//! statement. It comes true, because the write locks each entry and refuses one whose version is not
//! the one that the statement has read.

use std::cell::RefCell;
use std::collections::HashSet;

use flowai_core::catalog::{Columns, Entry};
use flowai_core::name::shorten;
use flowai_core::{Error, Result};
use pgrx::datum::TimestampWithTimeZone;
use serde_json::Value;

use super::catalog::{self, Outcome, Scope, Seen};
use crate::pg::clock;
use crate::pg::jsonb::{Jsonb, Lent};
use crate::pg::spi::Owned;
use crate::pg::statement;
use crate::pg::trigger::{Changes, Event, Firing, Given, Tuple};

/// Columns of the view.
mod column {
    pub(super) const ID: usize = 1;
    pub(super) const ITEM_TYPE: usize = 2;
    pub(super) const NAME: usize = 3;
    pub(super) const QUALIFIED_NAME: usize = 4;
    pub(super) const CONTENT: usize = 5;
    pub(super) const TAGS: usize = 6;
    pub(super) const RELATED: usize = 7;
    pub(super) const METADATA: usize = 8;
    pub(super) const VERSION: usize = 9;
    pub(super) const CREATED_AT: usize = 10;
    pub(super) const UPDATED_AT: usize = 11;
}

/// A statement that wants more than this writes in batches: memory has an end.
const BATCH_ROWS: usize = 250_000;
const BATCH_BYTES: usize = 64 * 1024 * 1024;

/// What a statement wants, until it is written.
struct Wanted {
    scope: Scope,
    /// The statement's time: what it writes was written then.
    at: TimestampWithTimeZone,
    /// Rows that came so far, to say which one is malformed.
    inserts: usize,
    /// Ids of rows that the statement has updated or deleted already.
    touched: HashSet<String>,
    batch: Batch,
}

#[derive(Default)]
struct Batch {
    /// Entries that are updated or deleted.
    seen: Vec<Seen>,
    delete: Vec<String>,
    update: Vec<Entry>,
    insert: Vec<Entry>,
    /// Ids of `insert`.
    new: HashSet<String>,
    bytes: usize,
}

/// Takes one row of a statement; gives the row that it will be, or none where the statement has
/// updated or deleted that row already: as with a table, the first change stands.
pub(crate) fn take_row<'a>(firing: &Firing<'a>) -> Result<Option<Given<'a>>> {
    let wanted = statement::work(firing.statement(), Wanted::new)?;
    let given = match firing.event()? {
        Event::Insert(row) => wanted.borrow_mut().insert(firing, &row).map(Some),
        Event::Update(old, new) => wanted.borrow_mut().update(firing, &old, &new),
        Event::Delete(row) => wanted.borrow_mut().delete(firing, &row),
        Event::End => Err(Error::internal("the row trigger is fired for a statement")),
    }?;
    let full = wanted.borrow().batch.is_full();
    if full {
        write(&wanted)?;
    }
    Ok(given)
}

/// Writes what the statement wants. The first of its triggers does so for all its parts: one statement
/// may insert, update and delete (WITH), and then deletes first.
pub(crate) fn end(firing: &Firing) -> Result<()> {
    match statement::take::<RefCell<Wanted>>(firing.statement())? {
        Some(wanted) => write(&wanted),
        None => Ok(()),
    }
}

fn write(wanted: &RefCell<Wanted>) -> Result<()> {
    let (scope, at, batch) = {
        let mut wanted = wanted.borrow_mut();
        let batch = std::mem::take(&mut wanted.batch);
        (wanted.scope.clone(), wanted.at, batch)
    };
    catalog::lock_seen(&scope, &batch.seen)?;
    catalog::delete_in(&scope, batch.delete)?;
    let updated = catalog::put_parsed(&scope, &batch.update, at)?;
    if updated.iter().any(|w| w.outcome != Outcome::Updated) {
        return Err(Error::internal("an entry that was locked is not what was read of it"));
    }
    catalog::insert_new(&scope, &batch.insert, at)
}

impl Wanted {
    fn new() -> Result<RefCell<Self>> {
        Ok(RefCell::new(Self {
            scope: Scope::current()?,
            at: clock::now(),
            inserts: 0,
            touched: HashSet::new(),
            batch: Batch::default(),
        }))
    }

    fn insert<'a>(&mut self, firing: &Firing<'a>, row: &Tuple<'a>) -> Result<Given<'a>> {
        self.inserts += 1;
        let (entry, bytes) = read(row).map_err(|error| Error {
            message: format!("entry {}: {}", self.inserts, error.message),
            ..error
        })?;
        let given = give(firing, row, &entry, 1, self.at, self.at)?;
        self.batch.add_new(entry, bytes)?;
        Ok(given)
    }

    fn update<'a>(
        &mut self,
        firing: &Firing<'a>,
        old: &Tuple<'a>,
        new: &Tuple<'a>,
    ) -> Result<Option<Given<'a>>> {
        let Some(seen) = self.touch(old)? else { return Ok(None) };
        let named = |error: Error| Error {
            message: format!("entry \"{}\": {}", shorten(&seen.id), error.message),
            ..error
        };
        let (was, _) = read(old).map_err(named)?;
        let (entry, bytes) = read(new).map_err(named)?;
        let updated_at = need(old, column::UPDATED_AT)?;
        let given = if entry.id != seen.id {
            let given = give(firing, new, &entry, 1, self.at, self.at)?;
            self.batch.delete.push(seen.id.clone());
            self.batch.add_new(entry, bytes)?;
            given
        } else if entry.content_hash() == was.content_hash() {
            give(firing, new, &entry, seen.version, seen.created_at, updated_at)?
        } else {
            let later = if updated_at > self.at { updated_at } else { self.at };
            let given = give(firing, new, &entry, seen.version + 1, seen.created_at, later)?;
            self.batch.update.push(entry);
            self.batch.bytes += bytes;
            given
        };
        self.batch.seen.push(seen);
        Ok(Some(given))
    }

    fn delete<'a>(&mut self, firing: &Firing<'a>, row: &Tuple<'a>) -> Result<Option<Given<'a>>> {
        let Some(seen) = self.touch(row)? else { return Ok(None) };
        self.batch.delete.push(seen.id.clone());
        self.batch.seen.push(seen);
        Ok(Some(firing.give(row)))
    }

    /// What the statement has read of a row, or `None` if the row was here before.
    fn touch(&mut self, row: &Tuple) -> Result<Option<Seen>> {
        let id: String = need(row, column::ID)?;
        if !self.touched.insert(id.clone()) {
            return Ok(None);
        }
        self.batch.bytes += id.len();
        Ok(Some(Seen {
            id,
            version: need(row, column::VERSION)?,
            created_at: need(row, column::CREATED_AT)?,
        }))
    }
}

impl Batch {
    fn add_new(&mut self, entry: Entry, bytes: usize) -> Result<()> {
        if !self.new.insert(entry.id.clone()) {
            return Err(catalog::already_exists(&entry.id));
        }
        self.insert.push(entry);
        self.bytes += bytes;
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.bytes >= BATCH_BYTES || self.seen.len() + self.insert.len() >= BATCH_ROWS
    }
}

/// A row's entry, and about how many bytes it is.
fn read(row: &Tuple) -> Result<(Entry, usize)> {
    let related = row.jsonb(column::RELATED)?;
    let metadata = row.jsonb(column::METADATA)?;
    let columns = Columns {
        id: row.get(column::ID)?,
        item_type: row.get(column::ITEM_TYPE)?,
        name: row.get(column::NAME)?,
        qualified_name: row.get(column::QUALIFIED_NAME)?,
        content: row.get(column::CONTENT)?,
        tags: row.list(column::TAGS)?,
        related: related.as_ref().map(Lent::text),
        metadata: metadata.as_ref().map(Lent::text),
    };
    let json = columns.related.map_or(0, str::len) + columns.metadata.map_or(0, str::len);
    let entry = Entry::try_from(columns)?;
    let texts = [&entry.id, &entry.name, &entry.qualified_name, &entry.content];
    let bytes = json + texts.iter().map(|text| text.len()).sum::<usize>();
    Ok((entry, bytes))
}

fn need<T: Owned + pgrx::IntoDatum>(row: &Tuple, column: usize) -> Result<T> {
    row.get(column)?.ok_or_else(|| Error::internal("a row of the catalog lacks a value"))
}

/// The row as it will be read back.
fn give<'a>(
    firing: &Firing<'a>,
    row: &Tuple<'a>,
    entry: &Entry,
    version: i64,
    created_at: TimestampWithTimeZone,
    updated_at: TimestampWithTimeZone,
) -> Result<Given<'a>> {
    let mut changes = Changes::default();
    changes.set(row, column::VERSION, version)?;
    changes.set(row, column::CREATED_AT, created_at)?;
    changes.set(row, column::UPDATED_AT, updated_at)?;
    if row.is_null(column::QUALIFIED_NAME) {
        changes.set(row, column::QUALIFIED_NAME, "")?;
    }
    if row.is_null(column::CONTENT) {
        changes.set(row, column::CONTENT, "")?;
    }
    let as_given = row.list(column::TAGS)?.is_some_and(|tags| {
        tags.len() == entry.tags.len()
            && tags.iter().zip(&entry.tags).all(|(given, tag)| given.as_str() == Some(tag))
    });
    if !as_given {
        changes.set(row, column::TAGS, entry.tags.clone())?;
    }
    if !entry.related.is_empty() || row.is_null(column::RELATED) {
        changes.set(row, column::RELATED, Jsonb::of(entry.related_value())?)?;
    }
    if row.is_null(column::METADATA) {
        changes.set(row, column::METADATA, Jsonb::of(Value::Object(Default::default()))?)?;
    }
    Ok(firing.give_with(row, changes))
}
