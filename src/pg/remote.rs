//! A session on a PostgreSQL server elsewhere, by libpq's asynchronous calls.
//!
//! The backend waits at its latch, never inside libpq, so that a cancel request, a time-out or the end of
//! the session interrupts at once; no thread is involved. One thing blocks all the same: libpq resolves a
//! host name by the system's resolver. A server with `hostaddr` has none to resolve.
//!
//! Whatever happens, dropping the session closes the connection, and the server there rolls back. A
//! statement that still runs there ends because its client is gone (see the store's settings): libpq
//! before version 17 has no call for a cancel request that does not block.

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{null, null_mut};

use pgrx::{list::List, memcx, pg_sys};

use super::libpq;
use super::relay::{Arrived, Relay};

// ------------------------------------------------------------------------------- credentials

/// Options of a foreign server and of a user mapping that libpq knows and that may decide where and as
/// whom to connect. What is not listed (a service, a password file, replication) is not handed on.
const OPTIONS: &[&str] = &[
    "channel_binding",
    "dbname",
    "gssencmode",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "options",
    "password",
    "port",
    "require_auth",
    "requirepeer",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslmode",
    "sslpassword",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// Where to connect and as whom. Made of catalogs, used once, shown to nobody: it has no Debug.
pub(crate) struct Parameters {
    pairs: Vec<(CString, CString)>,
    /// The log-in must be by the password of the mapping, not by what the server's own account can do.
    password_required: bool,
}

/// Why there are no parameters.
pub(crate) enum Unregistered {
    /// The foreign server is gone.
    Server,
    /// It has no user mapping for flowai_owner.
    Mapping,
    /// The mapping has no password, and no superuser said that it needs none.
    Password,
}

/// The options of a foreign server and of the user mapping that flowai_owner has there. A mapping for
/// PUBLIC does not count: it was made for others.
pub(crate) fn parameters(server: pg_sys::Oid) -> Result<Parameters, Unregistered> {
    // SAFETY: catalog look-ups; what they return is in the current memory context, and copied here.
    unsafe {
        let flags = pg_sys::FSV_MISSING_OK as pg_sys::bits16;
        let server = pg_sys::GetForeignServerExtended(server, flags);
        if server.is_null() {
            return Err(Unregistered::Server);
        }
        let owner = pg_sys::get_role_oid(c"flowai_owner".as_ptr(), true);
        let mapping = pg_sys::SearchSysCache2(
            pg_sys::SysCacheIdentifier::USERMAPPINGUSERSERVER as i32,
            owner.into(),
            (*server).serverid.into(),
        );
        if mapping.is_null() {
            return Err(Unregistered::Mapping);
        }
        pg_sys::ReleaseSysCache(mapping);
        let mapping = pg_sys::GetUserMapping(owner, (*server).serverid);
        let own = options((*mapping).options);
        // Only a superuser can write that into a mapping of postgres_fdw.
        let password_required = !own
            .iter()
            .any(|(name, value)| name == "password_required" && is_false(value.to_bytes()));
        let has_password = own.iter().any(|(name, value)| name == "password" && !value.is_empty());
        if password_required && !has_password {
            return Err(Unregistered::Password);
        }
        let pairs = options((*server).options)
            .into_iter()
            .chain(own)
            .filter(|(name, _)| OPTIONS.contains(&name.as_str()))
            .filter_map(|(name, value)| Some((CString::new(name).ok()?, value)))
            .collect();
        Ok(Parameters { pairs, password_required })
    }
}

/// How an option of a foreign object says no.
fn is_false(value: &[u8]) -> bool {
    [&b"false"[..], b"off", b"no", b"0", b"f", b"n"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word))
}

unsafe fn options(list: *mut pg_sys::List) -> Vec<(String, CString)> {
    // SAFETY: options of foreign objects are lists of DefElem, or NIL.
    memcx::current_context(|cx| unsafe {
        List::<*mut c_void>::downcast_ptr_in_memcx(list, cx)
            .map(|list| {
                list.iter()
                    .map(|element| {
                        let element: *mut pg_sys::DefElem = element.cast();
                        let name = CStr::from_ptr((*element).defname).to_string_lossy();
                        (name.into_owned(), CStr::from_ptr(pg_sys::defGetString(element)).into())
                    })
                    .collect()
            })
            .unwrap_or_default()
    })
}

// ----------------------------------------------------------------------------------- session

/// Why work on the session ended. None of it says where the server is or who logs in.
pub(crate) enum Trouble {
    /// There is no connection: the server's SQLSTATE, if it said one.
    Unreachable(Option<String>),
    /// The server let us in without the mapping's password.
    NoPassword,
    /// The connection broke.
    Lost,
    /// The server's answer has more bytes than it may have.
    Flood,
    /// This backend has no file descriptor left.
    NoDescriptor,
    /// There is no libpq on this node.
    NoLibrary,
    /// The server refused the statement.
    Said(Said),
}

/// An error of the server there.
pub(crate) struct Said {
    pub(crate) sqlstate: String,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// 1-based offset of a character in the statement that was sent.
    pub(crate) position: Option<usize>,
}

/// Descriptors that a session has open: libpq's, and two of the relay.
const DESCRIPTORS: usize = 3;

/// An open connection; closed when it is dropped.
pub(crate) struct Session {
    connection: *mut libpq::Connection,
    relay: Option<Relay>,
    /// Bytes that may still arrive.
    budget: Cell<usize>,
    _descriptors: Descriptors,
}

/// Descriptors that the server counts as ours.
struct Descriptors(usize);

impl Descriptors {
    fn reserve() -> Option<Self> {
        let mut reserved = Self(0);
        while reserved.0 < DESCRIPTORS {
            // SAFETY: given back when dropped.
            if !unsafe { pg_sys::AcquireExternalFD() } {
                return None;
            }
            reserved.0 += 1;
        }
        Some(reserved)
    }
}

impl Drop for Descriptors {
    fn drop(&mut self) {
        for _ in 0..self.0 {
            // SAFETY: reserved before.
            unsafe { pg_sys::ReleaseExternalFD() };
        }
    }
}

impl Session {
    /// Connects and logs in. `budget`: most bytes that the server may send from then on.
    pub(crate) fn open(parameters: &Parameters, budget: usize) -> Result<Self, Trouble> {
        if !libpq::load() {
            return Err(Trouble::NoLibrary);
        }
        let own =
            [(c"client_encoding", c"UTF8"), (c"fallback_application_name", c"flowai_runtime")];
        let gss = parameters.pairs.iter().any(|(name, _)| name.as_c_str() == c"gssencmode");
        // Without being asked to, libpq would look for a ticket of the server's account.
        let gss = if gss { None } else { Some((c"gssencmode", c"disable")) };
        let all = own.iter().copied().chain(gss).chain(
            parameters.pairs.iter().map(|(name, value)| (name.as_c_str(), value.as_c_str())),
        );
        let (mut names, mut values): (Vec<_>, Vec<_>) =
            all.map(|(name, value)| (name.as_ptr(), value.as_ptr())).unzip();
        names.push(null());
        values.push(null());
        let descriptors = Descriptors::reserve().ok_or(Trouble::NoDescriptor)?;
        // SAFETY: arrays of strings that end with NULL and live across the call; libpq copies them.
        let connection = unsafe { libpq::PQconnectStartParams(names.as_ptr(), values.as_ptr(), 0) };
        let mut session =
            Self { connection, relay: None, budget: Cell::new(budget), _descriptors: descriptors };
        session.establish()?;
        // SAFETY: the connection is open.
        unsafe {
            if parameters.password_required
                && libpq::PQconnectionUsedPassword(session.connection) == 0
            {
                return Err(Trouble::NoPassword);
            }
            if libpq::PQsetnonblocking(session.connection, 1) != 0 {
                return Err(Trouble::Lost);
            }
            let relay = Relay::between(libpq::PQsocket(session.connection));
            session.relay = Some(relay.map_err(|_| Trouble::NoDescriptor)?);
        }
        Ok(session)
    }

    fn establish(&self) -> Result<(), Trouble> {
        // SAFETY: a connection that was started, or NULL, which all of these take.
        unsafe {
            libpq::PQsetErrorVerbosity(self.connection, libpq::ERRORS_SQLSTATE);
            libpq::PQsetNoticeReceiver(self.connection, Some(ignore), null_mut());
            if libpq::PQstatus(self.connection) == libpq::CONNECTION_BAD {
                return Err(Trouble::Unreachable(None));
            }
            // libpq asks to begin as if the last answer had been "wait for writing".
            let mut wanted = pg_sys::WL_SOCKET_WRITEABLE;
            loop {
                self.wait(wanted);
                wanted = match libpq::PQconnectPoll(self.connection) {
                    libpq::POLLING_OK => return Ok(()),
                    libpq::POLLING_FAILED => return Err(Trouble::Unreachable(self.sqlstate())),
                    libpq::POLLING_READING => pg_sys::WL_SOCKET_READABLE,
                    _ => pg_sys::WL_SOCKET_WRITEABLE,
                };
            }
        }
    }

    /// The SQLSTATE that the server refused the connection with: all that its message is, see
    /// [`libpq::ERRORS_SQLSTATE`].
    fn sqlstate(&self) -> Option<String> {
        // SAFETY: a string of the connection, copied before the next call.
        let message = unsafe { CStr::from_ptr(libpq::PQerrorMessage(self.connection)) };
        let message = message.to_string_lossy();
        let (_, code) = message.trim_end().rsplit_once(' ')?;
        let is_code = code.len() == 5
            && code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
        is_code.then(|| code.to_owned())
    }

    /// Waits for the socket. A cancel request, a time-out or the end of this session unwinds from here.
    fn wait(&self, events: u32) {
        let events = events | pg_sys::WL_LATCH_SET | pg_sys::WL_EXIT_ON_PM_DEATH;
        loop {
            pgrx::check_for_interrupts!();
            // SAFETY: a backend's own latch, and the socket as it is now: libpq may change it between
            // two calls, when it tries another address.
            let happened = unsafe {
                let socket = match &self.relay {
                    Some(relay) => relay.socket(),
                    None => libpq::PQsocket(self.connection),
                };
                if socket < 0 {
                    return;
                }
                let happened = pg_sys::WaitLatchOrSocket(
                    pg_sys::MyLatch,
                    events as c_int,
                    socket,
                    -1,
                    pg_sys::PG_WAIT_EXTENSION,
                ) as u32;
                if happened & pg_sys::WL_LATCH_SET != 0 {
                    pg_sys::ResetLatch(pg_sys::MyLatch);
                }
                happened
            };
            if happened & (pg_sys::WL_SOCKET_READABLE | pg_sys::WL_SOCKET_WRITEABLE) != 0 {
                return;
            }
        }
    }

    fn relay(&self) -> Result<&Relay, Trouble> {
        self.relay.as_ref().ok_or(Trouble::Lost)
    }

    /// Sends what libpq has written, and waits until the server has taken it.
    fn send(&self) -> Result<(), Trouble> {
        let wait = || {
            self.wait(pg_sys::WL_SOCKET_WRITEABLE);
            true
        };
        self.relay()?.forward(wait).map_err(|_| Trouble::Lost)
    }

    /// Waits for something to arrive, and has libpq read it.
    fn receive(&self) -> Result<(), Trouble> {
        if self.unread() == 0 {
            self.wait(pg_sys::WL_SOCKET_READABLE);
            let relay = self.relay()?;
            let outcome = match relay.receive().map_err(|_| Trouble::Lost)? {
                Arrived::Nothing => return Ok(()),
                Arrived::End => relay.end(),
                Arrived::Bytes(count) => {
                    let left = self.budget.get().checked_sub(count).ok_or(Trouble::Flood)?;
                    self.budget.set(left);
                    relay.give(count, || self.consume().is_ok())
                }
            };
            outcome.map_err(|_| Trouble::Lost)?;
        }
        self.consume()?;
        // What is encrypted has answers of its own.
        self.send()
    }

    /// Bytes that libpq was given and has not read.
    fn unread(&self) -> c_int {
        let mut unread = 0;
        // SAFETY: an open connection; the number lives across the call.
        unsafe {
            libc::ioctl(libpq::PQsocket(self.connection), libc::FIONREAD, &raw mut unread);
        }
        unread
    }

    fn consume(&self) -> Result<(), Trouble> {
        // SAFETY: an open connection.
        match unsafe { libpq::PQconsumeInput(self.connection) } {
            0 => Err(Trouble::Lost),
            _ => Ok(()),
        }
    }

    /// Runs one statement by the extended protocol, which takes no second one, and hands its rows over
    /// one by one. `row` sees a reply without rows last, which has the columns all the same. False: it
    /// wants no more, and the session is of no further use.
    pub(crate) fn run(
        &self,
        sql: &CStr,
        arguments: &[&CStr],
        mut row: impl FnMut(&Reply) -> bool,
    ) -> Result<(), Trouble> {
        let values: Vec<*const c_char> = arguments.iter().map(|value| value.as_ptr()).collect();
        // SAFETY: an open connection without a statement under way; libpq copies text and values.
        unsafe {
            let sent = libpq::PQsendQueryParams(
                self.connection,
                sql.as_ptr(),
                values.len() as c_int,
                null(),
                values.as_ptr(),
                null(),
                null(),
                0,
            );
            if sent == 0 || libpq::PQsetSingleRowMode(self.connection) == 0 {
                return Err(Trouble::Lost);
            }
            loop {
                match libpq::PQflush(self.connection) {
                    0 => break,
                    1 => {}
                    _ => return Err(Trouble::Lost),
                }
                self.send()?;
            }
        }
        self.send()?;
        let mut failure = None;
        loop {
            let reply = match self.reply() {
                Ok(Some(reply)) => reply,
                Ok(None) => return failure.map_or(Ok(()), Err),
                // A server that ends the session says why before it closes the connection.
                Err(trouble) => return Err(failure.unwrap_or(trouble)),
            };
            match reply.status() {
                libpq::COMMAND_OK | libpq::TUPLES_OK | libpq::SINGLE_TUPLE => {
                    if failure.is_none() && !row(&reply) {
                        return Ok(());
                    }
                }
                _ => match reply.said() {
                    Some(said) => failure = Some(Trouble::Said(said)),
                    None => return Err(failure.unwrap_or(Trouble::Lost)),
                },
            }
        }
    }

    fn reply(&self) -> Result<Option<Reply>, Trouble> {
        // SAFETY: an open connection; a reply belongs to whoever got it.
        unsafe {
            while libpq::PQisBusy(self.connection) != 0 {
                self.receive()?;
            }
            let reply = libpq::PQgetResult(self.connection);
            Ok((!reply.is_null()).then_some(Reply(reply)))
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: opened once, closed once; takes NULL.
        unsafe { libpq::PQfinish(self.connection) };
        // What libpq says in parting. Nobody waits for it: that the connection closes says the same.
        if let Some(relay) = &self.relay {
            let _ = relay.forward(|| false);
        }
    }
}

/// Notices of another server are not for this server's log.
unsafe extern "C" fn ignore(_argument: *mut c_void, _notice: *const libpq::Reply) {}

/// One row, or the end, of what a statement gave.
pub(crate) struct Reply(*mut libpq::Reply);

impl Reply {
    fn status(&self) -> c_int {
        // SAFETY: a reply that is not cleared yet.
        unsafe { libpq::PQresultStatus(self.0) }
    }

    /// Whether it has a row; the last reply of a statement has none.
    pub(crate) fn has_row(&self) -> bool {
        // SAFETY: as above.
        unsafe { libpq::PQntuples(self.0) > 0 }
    }

    /// The columns: name, and number of the type there.
    pub(crate) fn columns(&self) -> Vec<(String, u32)> {
        // SAFETY: as above; names are copied.
        unsafe {
            (0..libpq::PQnfields(self.0))
                .map(|field| {
                    let name = CStr::from_ptr(libpq::PQfname(self.0, field)).to_string_lossy();
                    (name.into_owned(), libpq::PQftype(self.0, field))
                })
                .collect()
        }
    }

    /// The value of a column as the text that was sent, or `None` for NULL.
    pub(crate) fn value(&self, column: usize) -> Option<&[u8]> {
        // SAFETY: as above; libpq looks whether row and column are there, and answers NULL for others.
        unsafe {
            let column = column as c_int;
            if !self.has_row() || libpq::PQgetisnull(self.0, 0, column) != 0 {
                return None;
            }
            let length = usize::try_from(libpq::PQgetlength(self.0, 0, column)).unwrap_or(0);
            let value: *const u8 = libpq::PQgetvalue(self.0, 0, column).cast();
            Some(std::slice::from_raw_parts(value, length))
        }
    }

    fn field(&self, field: c_int) -> Option<String> {
        // SAFETY: as above; the text is copied.
        unsafe {
            let text = libpq::PQresultErrorField(self.0, field);
            (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned())
        }
    }

    /// The server's error. `None`: libpq's own, and so one of the connection.
    fn said(&self) -> Option<Said> {
        Some(Said {
            sqlstate: self.field(libpq::DIAG_SQLSTATE)?,
            message: self.field(libpq::DIAG_MESSAGE)?,
            hint: self.field(libpq::DIAG_HINT),
            position: self.field(libpq::DIAG_POSITION).and_then(|position| position.parse().ok()),
        })
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        // SAFETY: owned, cleared once.
        unsafe { libpq::PQclear(self.0) };
    }
}
