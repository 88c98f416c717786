//! A relation of ours as the catalogs know it at this moment.

use std::ffi::CString;

use pgrx::pg_sys;

/// A table that is there.
#[derive(Clone, Copy)]
pub(crate) struct Relation(pg_sys::Oid);

impl Relation {
    /// The relation of this name, from the system caches: cheap enough to ask before each write, and
    /// right after whatever others did.
    pub(crate) fn named(schema: &str, name: &str) -> Option<Self> {
        let (schema, name) = (CString::new(schema).ok()?, CString::new(name).ok()?);
        // SAFETY: look-ups by names that live across the calls.
        let oid = unsafe {
            let schema = pg_sys::get_namespace_oid(schema.as_ptr(), true);
            pg_sys::get_relname_relid(name.as_ptr(), schema)
        };
        (oid != pg_sys::InvalidOid).then_some(Self(oid))
    }

    /// Whether it is a partition of another.
    pub(crate) fn is_partition(self) -> bool {
        // SAFETY: a look-up in a system cache.
        unsafe { pg_sys::get_rel_relispartition(self.0) }
    }

    /// Whether this session has it open, in a statement that runs or in a cursor. Then the server refuses
    /// to change it.
    pub(crate) fn in_use(self) -> bool {
        // SAFETY: the reference is given back; one is our own.
        unsafe {
            let relation = pg_sys::RelationIdGetRelation(self.0);
            if relation.is_null() {
                return false;
            }
            let references = (*relation).rd_refcnt;
            pg_sys::RelationClose(relation);
            references > 1
        }
    }

    /// Waits until every transaction that has written to one of these and not yet ended has ended. It
    /// locks nothing, so that who begins to write meanwhile is not kept waiting, and not waited for.
    pub(crate) fn wait_for_writers(relations: &[pg_sys::Oid]) {
        for relation in relations {
            let tag = pg_sys::LOCKTAG {
                // SAFETY: a plain read of a backend variable.
                locktag_field1: unsafe { pg_sys::MyDatabaseId }.into(),
                locktag_field2: (*relation).into(),
                locktag_field3: 0,
                locktag_field4: 0,
                locktag_type: pg_sys::LockTagType::LOCKTAG_RELATION as u8,
                locktag_lockmethodid: pg_sys::DEFAULT_LOCKMETHOD as u8,
            };
            // SAFETY: looks at the table of locks, and waits for the ends of transactions, where cancel
            // requests and the search for deadlocks are the server's own.
            unsafe { pg_sys::WaitForLockers(tag, pg_sys::ShareLock as i32, false) };
        }
    }

    /// Takes the lock under which partitions are attached until the transaction ends, if nobody else has
    /// it.
    pub(crate) fn try_lock(self) -> bool {
        // SAFETY: does not wait.
        unsafe {
            pg_sys::ConditionalLockRelationOid(self.0, pg_sys::ShareUpdateExclusiveLock as i32)
        }
    }
}
