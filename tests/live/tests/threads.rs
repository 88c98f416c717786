//! A backend of PostgreSQL has one thread, whatever is called in it.

use flowai_live::{backend_pid, connect, threads};

#[test]
fn no_function_starts_a_thread() {
    let mut session = connect("acme_app");
    let pid = backend_pid(&mut session);
    for call in ["SELECT * FROM flowai.whoami()", "SELECT flowai.require_tenant()"] {
        session.query(call, &[]).unwrap_or_else(|error| panic!("{call}: {error:?}"));
        assert_eq!(threads(pid), 1, "{call}");
    }
}
