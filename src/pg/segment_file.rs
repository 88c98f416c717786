//! Search segments as files of this node, mapped into memory: for the first search of a backend.
//!
//! A file has its content's digest as its name, so it is never stale, two publishers of one file write
//! the same, and any of them may be deleted at any moment: the rows have it all. Standbys keep their own.
//!
//! **Trust.** The bytes are checked against the digest each time they are mapped, before anything looks
//! at them; a file that fails is deleted. After that they are as safe as any page that the server holds
//! in memory: who can write to the data directory can change both. Nothing is synced, because what a
//! crash of the machine leaves behind fails the same check.
//!
//! **Tenants.** A digest comes from a manifest row that the caller read under row-level security, and no
//! function takes one. It covers row versions, which are random, so no two tenants have a file in common:
//! what a file makes faster is a search of the tenant that owns it.
//!
//! **Names.** Base backups and pg_rewind leave out what is called `pgsql_tmp...`, the former by the name
//! of the directory, the latter only by what follows a slash; so the files are called that too. What the
//! server deletes when it starts is in `base/pgsql_tmp` and in tablespaces, not here.

use std::ffi::{CStr, OsStr};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::ops::Deref;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use flowai_core::search::StableDeref;
use memmap2::{Mmap, MmapOptions};
use pgrx::pg_sys;

use super::{guc, random};

const DIRECTORY: &str = "pgsql_tmp_flowai_runtime";
const PREFIX: &str = "pgsql_tmp_";
/// What is still being written; the process and something random follow.
const UNFINISHED: &str = "pgsql_tmp.";

/// A smaller segment comes from its rows as fast.
const LEAST_BYTES: usize = 64 * 1024;

/// Between two notes that a file is in use.
const TOUCH_AFTER: Duration = Duration::from_secs(60);

/// Nobody writes a file for so long: an unfinished one whose process number lives again is a dead one's.
const ABANDONED_AFTER: Duration = Duration::from_secs(60 * 60);

/// The bytes of a segment's file, unmapped when dropped.
pub(crate) struct Mapped(Mmap);

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

// SAFETY: the pages stay where they are mapped until the map is dropped, wherever the owner is moved to.
unsafe impl StableDeref for Mapped {}

/// The bytes of this digest, if a file has them and they are `intact`.
pub(crate) fn fetch(digest: &[u8], intact: impl FnOnce(&[u8]) -> bool) -> Option<Mapped> {
    if guc::search_disk_cache_bytes() == 0 {
        return None;
    }
    let path = path_of(digest);
    let file = File::open(&path).ok()?;
    let mapped = match map(&file) {
        Ok(mapped) if intact(&mapped) => mapped,
        _ => {
            // For administrators alone: their disk may be failing.
            pgrx::ereport!(
                pgrx::PgLogLevel::LOG_SERVER_ONLY,
                pgrx::PgSqlErrorCode::ERRCODE_DATA_CORRUPTED,
                format!("search segment file \"{}\" was damaged and is deleted", path.display()),
                "Nothing is lost: it is written anew from the table."
            );
            drop(fs::remove_file(&path));
            return None;
        }
    };
    touch(&file);
    Some(mapped)
}

/// Keeps the bytes of this digest, which the caller has checked, unless they are too few or too many.
/// Never fails: what cannot be kept comes from the rows the next time.
pub(crate) fn publish(digest: &[u8], bytes: &[u8]) {
    let most = guc::search_disk_cache_bytes();
    let size = bytes.len() as u64;
    if bytes.len() < LEAST_BYTES || size > most {
        return;
    }
    let path = path_of(digest);
    if let Err(error) = make_room(most - size).and_then(|()| write(&path, bytes)) {
        pgrx::debug1!("a search segment file was not written: {error}");
    }
}

fn map(file: &File) -> io::Result<Mapped> {
    // SAFETY: files are written under another name, and deleted but never changed under this one; the
    // directory is closed to all but the server's own user. All pages are read at once to be checked.
    unsafe { MmapOptions::new().populate().map(file) }.map(Mapped)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let random: [u8; 8] = random::bytes().map_err(|error| io::Error::other(error.message))?;
    let unfinished = Unfinished(directory().join(format!(
        "{UNFINISHED}{}.{:016x}",
        std::process::id(),
        u64::from_ne_bytes(random)
    )));
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished.0)?;
    file.write_all(bytes)?;
    fs::rename(&unfinished.0, path)
}

/// A name that is gone when this is dropped: renamed, or deleted.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

/// Deletes the files that were not used for longest until `most` bytes are left, and what writers that
/// died left behind. Others may do the same at the same time, and may have deleted what is listed here.
fn make_room(most: u64) -> io::Result<()> {
    let directory = directory();
    if let Err(error) = DirBuilder::new().mode(0o700).create(&directory)
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        return Err(error);
    }
    let now = SystemTime::now();
    let mut files = Vec::new();
    for entry in fs::read_dir(&directory)? {
        let entry = entry?;
        let Ok(about) = entry.metadata() else { continue };
        let used = about.modified()?;
        let age = now.duration_since(used).unwrap_or_default();
        if abandoned(&entry.file_name(), age) {
            drop(fs::remove_file(entry.path()));
        } else {
            files.push((used, about.len(), entry.path()));
        }
    }
    let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
    if total > most {
        files.sort_unstable();
    }
    for (_, size, path) in files {
        if total <= most {
            break;
        }
        drop(fs::remove_file(path));
        total -= size;
    }
    Ok(())
}

fn abandoned(name: &OsStr, age: Duration) -> bool {
    let Some(name) = name.to_str().and_then(|name| name.strip_prefix(UNFINISHED)) else {
        return false;
    };
    let process = name.split('.').next().and_then(|process| process.parse().ok());
    // SAFETY: a look at the list of backends.
    let alive = process.is_some_and(|id| unsafe { !pg_sys::BackendPidGetProc(id).is_null() });
    !alive || age > ABANDONED_AFTER
}

/// Notes that a file is in use, seldom enough to cost nothing.
fn touch(file: &File) {
    let now = SystemTime::now();
    let used = file.metadata().and_then(|about| about.modified());
    if used.is_ok_and(|used| now.duration_since(used).is_ok_and(|age| age > TOUCH_AFTER)) {
        drop(file.set_modified(now));
    }
}

fn directory() -> PathBuf {
    // SAFETY: set before any backend starts, and never changed.
    let data = unsafe { CStr::from_ptr(pg_sys::DataDir) };
    Path::new(OsStr::from_bytes(data.to_bytes())).join(DIRECTORY)
}

fn path_of(digest: &[u8]) -> PathBuf {
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    directory().join(format!("{PREFIX}{hex}"))
}
