//! Files that live in memory only.
//!
//! Tantivy asks for a directory; a segment is one byte string. Reading hands out slices of that byte
//! string without a copy. Nothing here locks, waits, watches or knows the operating system: the
//! directory belongs to one call, and the default lock of Tantivy would sleep.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use tantivy::Directory;
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, DirectoryLock, FileHandle, Lock, OwnedBytes, TerminatingWrite, WatchCallback,
    WatchHandle, WritePtr,
};

use super::Interrupt;

/// A set of named byte strings.
#[derive(Clone)]
pub(super) struct Memory {
    files: Arc<Mutex<HashMap<PathBuf, OwnedBytes>>>,
    interrupt: Interrupt,
}

impl Memory {
    /// An empty directory whose writers fail once `interrupt` says so: it is the only way to stop
    /// Tantivy in the middle of writing or merging a segment.
    pub(super) fn new(interrupt: Interrupt) -> Self {
        Self { files: Arc::default(), interrupt }
    }

    pub(super) fn insert(&self, path: impl Into<PathBuf>, bytes: OwnedBytes) {
        self.lock().insert(path.into(), bytes);
    }

    pub(super) fn get(&self, path: &Path) -> Option<OwnedBytes> {
        self.lock().get(path).cloned()
    }

    /// A panic while the map was held left it whole, for every change is a single call.
    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, OwnedBytes>> {
        self.files.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memory")
    }
}

struct Writer {
    path: PathBuf,
    bytes: Vec<u8>,
    directory: Memory,
}

impl Write for Writer {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if (self.directory.interrupt)() {
            return Err(io::Error::other("interrupted"));
        }
        self.bytes.extend_from_slice(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TerminatingWrite for Writer {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        let bytes = OwnedBytes::new(std::mem::take(&mut self.bytes));
        self.directory.insert(self.path.clone(), bytes);
        Ok(())
    }
}

impl Directory for Memory {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        match self.get(path) {
            Some(bytes) => Ok(Arc::new(bytes)),
            None => Err(OpenReadError::FileDoesNotExist(path.to_owned())),
        }
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        match self.lock().remove(path) {
            Some(_) => Ok(()),
            None => Err(DeleteError::FileDoesNotExist(path.to_owned())),
        }
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        Ok(self.lock().contains_key(path))
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        if self.lock().contains_key(path) {
            return Err(OpenWriteError::FileAlreadyExists(path.to_owned()));
        }
        let writer = Writer { path: path.to_owned(), bytes: Vec::new(), directory: self.clone() };
        Ok(BufWriter::new(Box::new(writer)))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        match self.get(path) {
            Some(bytes) => Ok(bytes.as_slice().to_vec()),
            None => Err(OpenReadError::FileDoesNotExist(path.to_owned())),
        }
    }

    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        self.insert(path, OwnedBytes::new(data.to_vec()));
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    fn acquire_lock(&self, _: &Lock) -> Result<DirectoryLock, LockError> {
        Ok(DirectoryLock::from(Box::new(())))
    }

    fn watch(&self, _: WatchCallback) -> tantivy::Result<WatchHandle> {
        Ok(WatchHandle::empty())
    }
}
