//! What lists written in plain SQL need and cannot say: the bounds of a page, and what is wrong with a word or a value.

use flowai_core::page;
use pgrx::prelude::*;

use crate::pg::jsonb::Jsonb;
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

/// The value if it is an array, else error 22023 that says what is none, and the hint.
#[pg_extern(immutable, strict, parallel_safe)]
pub(crate) fn json_array(what: &str, value: Jsonb, hint: &str) -> Jsonb {
    page::array(value.is_array(), what, hint).or_raise();
    value
}

/// The first text above everything that begins with the prefix.
#[pg_extern(immutable, strict, parallel_safe)]
pub(crate) fn prefix_end(prefix: &str) -> String {
    page::prefix_end(prefix)
}
