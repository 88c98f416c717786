//! What lists written in plain SQL need and cannot say: the bounds of a page, and what is wrong with a word.

use flowai_core::page;
use pgrx::prelude::*;

use crate::pg::raise::OrRaise;

/// The number of rows that a page may have, or error 22023.
#[pg_extern(immutable, parallel_safe)]
pub(crate) fn page_rows(max_rows: Option<i32>) -> i32 {
    page::rows(max_rows).or_raise()
}

/// True for an argument that is one of these words, else error 22023.
#[pg_extern(immutable, parallel_safe)]
pub(crate) fn argument_word(argument: &str, word: Option<&str>, words: Vec<String>) -> bool {
    page::word(argument, word, &words).or_raise();
    true
}

/// The first text above everything that begins with the prefix.
#[pg_extern(immutable, strict, parallel_safe)]
pub(crate) fn prefix_end(prefix: &str) -> String {
    page::prefix_end(prefix)
}
