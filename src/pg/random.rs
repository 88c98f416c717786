//! Randomness from the server's strong source.

use flowai_core::{Error, Result};
use pgrx::pg_sys;

/// Random bytes that nobody can guess.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    // SAFETY: the buffer has the length that is passed.
    if unsafe { pg_sys::pg_strong_random(bytes.as_mut_ptr().cast(), N) } {
        Ok(bytes)
    } else {
        Err(Error::internal("the server has no strong randomness to give"))
    }
}
