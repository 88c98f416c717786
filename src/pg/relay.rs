//! A socket pair between libpq and the server that it is connected to.
//!
//! libpq reads a whole message before it hands over anything, and makes its buffer as large as the
//! message: a value of 1 GB costs 1 GB here. It offers no limit. So once it is logged in, its descriptor is
//! made one end of a pair, and we carry bytes between the other end and the server: it never sees more than
//! it may. Whether they are encrypted does not matter.

use std::cell::RefCell;
use std::io::{ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;

/// Bytes that are carried at once.
const PORTION: usize = 64 * 1024;

/// What is between libpq and the server.
pub(super) struct Relay {
    /// Our end of the pair.
    near: UnixStream,
    /// The connection to the server, of whatever family it is.
    server: TcpStream,
    portion: RefCell<Vec<u8>>,
}

/// What came from the server.
pub(super) enum Arrived {
    /// So many bytes: they wait to be given to libpq.
    Bytes(usize),
    /// Nothing yet.
    Nothing,
    /// The end.
    End,
}

impl Relay {
    /// Steps between libpq and its server. From now on libpq's descriptor is an end of the pair.
    ///
    /// # Safety
    /// The descriptor is an open, connected socket of libpq's.
    pub(super) unsafe fn between(socket: RawFd) -> Result<Self> {
        let (near, far) = UnixStream::pair()?;
        near.set_nonblocking(true)?;
        far.set_nonblocking(true)?;
        // SAFETY: see above; the number stays libpq's, what it stands for becomes the pair's.
        unsafe {
            let server = BorrowedFd::borrow_raw(socket).try_clone_to_owned()?;
            if libc::dup2(far.as_raw_fd(), socket) < 0
                || libc::fcntl(socket, libc::F_SETFD, libc::FD_CLOEXEC) < 0
            {
                return Err(std::io::Error::last_os_error());
            }
            Ok(Self { near, server: server.into(), portion: RefCell::new(vec![0; PORTION]) })
        }
    }

    /// The descriptor to wait for.
    pub(super) fn socket(&self) -> RawFd {
        self.server.as_raw_fd()
    }

    /// Carries to the server what libpq wrote. `wait` waits until the server takes more; false: it does not.
    pub(super) fn forward(&self, mut wait: impl FnMut() -> bool) -> Result<()> {
        let mut portion = vec![0; PORTION];
        while let Some(count) = now((&self.near).read(&mut portion))? {
            if count == 0 {
                return Ok(());
            }
            let mut rest = &portion[..count];
            while !rest.is_empty() {
                match now((&self.server).write(rest))? {
                    Some(written) => rest = &rest[written..],
                    None if wait() => {}
                    None => return Err(ErrorKind::WouldBlock.into()),
                }
            }
        }
        Ok(())
    }

    /// Takes a portion from the server.
    pub(super) fn receive(&self) -> Result<Arrived> {
        let mut portion = self.portion.borrow_mut();
        Ok(match now((&self.server).read(&mut portion))? {
            None => Arrived::Nothing,
            Some(0) => Arrived::End,
            Some(count) => Arrived::Bytes(count),
        })
    }

    /// Gives libpq the portion that arrived. `drain` has libpq read what it was given.
    pub(super) fn give(&self, count: usize, mut drain: impl FnMut() -> bool) -> Result<()> {
        let portion = self.portion.borrow();
        let mut rest = &portion[..count];
        while !rest.is_empty() {
            match now((&self.near).write(rest))? {
                Some(written) => rest = &rest[written..],
                None if drain() => {}
                None => return Err(ErrorKind::BrokenPipe.into()),
            }
        }
        Ok(())
    }

    /// Tells libpq that the server has ended the connection.
    pub(super) fn end(&self) -> Result<()> {
        self.near.shutdown(std::net::Shutdown::Write)
    }
}

/// What a socket does now; `None`: nothing, without waiting.
fn now(outcome: Result<usize>) -> Result<Option<usize>> {
    match outcome {
        Ok(count) => Ok(Some(count)),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
