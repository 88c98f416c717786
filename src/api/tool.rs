//! Tools for agents. `call_tool` pins no search path: names in a query mean what they mean to the caller.

use pgrx::prelude::*;

use crate::pg::answer::Answer;
use crate::pg::jsonb::Jsonb;
use crate::pg::raise::OrRaise;
use crate::store::tool;

/// Runs a tool.
#[pg_extern(volatile, parallel_unsafe)]
fn call_tool(name: Option<&str>, args: default!(Option<Jsonb>, "'{}'")) -> Answer {
    tool::call(name, args).or_raise()
}
