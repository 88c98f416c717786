//! A private timer: `SET statement_timeout` inside a function does not fire. And a watch over the memory of
//! the process, which nothing in the server bounds: a few calls of repeat() have the operating system kill
//! the backend, and with it all sessions.
//!
//! Both end the running statement the way a cancel request does. Whoever armed them asks [`Timer::end`]
//! to tell their end from a real cancel.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering};

use pgrx::pg_sys;

/// The first id that extensions may register, by server version.
#[cfg(any(feature = "pg15", feature = "pg16"))]
const USER_TIMEOUT: i32 = 12;
#[cfg(any(feature = "pg17", feature = "pg18"))]
const USER_TIMEOUT: i32 = 13;

// `utils/timeout.h` is not part of pgrx's bindings. None of these raises an ERROR that would have to be
// kept from unwinding through Rust: what they do not like is FATAL, and ends the process.
unsafe extern "C-unwind" {
    fn RegisterTimeout(id: i32, handler: Option<unsafe extern "C-unwind" fn()>) -> i32;
    fn enable_timeout_after(id: i32, delay_ms: i32);
    fn enable_timeout_every(id: i32, first: pg_sys::TimestampTz, delay_ms: i32);
    fn disable_timeout(id: i32, keep_indicator: bool);
}

/// How often memory is looked at, in milliseconds.
const TICK: i32 = 50;
/// How often a cancel request may be caught before the session ends.
const PATIENCE: u32 = 100;
/// How much a statement may leave with the allocator before it is given back to the system, in kB.
const LEFT: u64 = 32 * 1024;

/// The ids that the server gave us; 0 is a predefined one and means "not registered yet".
static ID: AtomicI32 = AtomicI32::new(0);
static TICK_ID: AtomicI32 = AtomicI32::new(0);
static FIRED: AtomicBool = AtomicBool::new(false);
static FULL: AtomicBool = AtomicBool::new(false);
/// How often code that the statement ran caught the end of its time or memory, and went on.
static CAUGHT: AtomicU32 = AtomicU32::new(0);
/// The memory of the process when the timer was armed, and the most that it may have since, in kB.
static BASE: AtomicU64 = AtomicU64::new(0);
static MOST: AtomicU64 = AtomicU64::new(u64::MAX);
/// Where Linux tells it, in pages. Opened before the handler needs it, and then kept open; None elsewhere.
static PAGES: OnceLock<Option<File>> = OnceLock::new();
static PAGE_KB: AtomicU64 = AtomicU64::new(4);

/// Runs inside a signal handler: sets flags and nothing else. The server has set the latch.
unsafe extern "C-unwind" fn on_time() {
    FIRED.store(true, Ordering::Relaxed);
    // SAFETY: see there.
    unsafe { cancel() };
}

/// Runs inside a signal handler: one system call, no allocation. What is over stays over: it cancels again
/// until the envelope is left, and whatever catches that too often is ended with its session.
unsafe extern "C-unwind" fn on_tick() {
    if own_memory().is_some_and(|now| now > MOST.load(Ordering::Relaxed)) {
        FULL.store(true, Ordering::Relaxed);
    }
    if !FULL.load(Ordering::Relaxed) && !FIRED.load(Ordering::Relaxed) {
        return;
    }
    // SAFETY: volatile flags made for signal handlers.
    unsafe {
        if std::ptr::read_volatile(&raw const pg_sys::QueryCancelPending) == 0
            && CAUGHT.fetch_add(1, Ordering::Relaxed) > PATIENCE
        {
            std::ptr::write_volatile(&raw mut pg_sys::ProcDiePending, 1);
        }
        cancel();
    }
}

unsafe fn cancel() {
    // SAFETY: volatile flags made for signal handlers.
    unsafe {
        std::ptr::write_volatile(&raw mut pg_sys::QueryCancelPending, 1);
        std::ptr::write_volatile(&raw mut pg_sys::InterruptPending, 1);
    }
}

/// Memory that is this process's alone, in kB.
fn own_memory() -> Option<u64> {
    let mut pages = [0; 128];
    let length = PAGES.get()?.as_ref()?.read_at(&mut pages, 0).ok()?;
    // Size, what of it is resident, and what of that comes from files or is shared.
    let mut counts = pages[..length].split(|&b| b == b' ').map(|digits| {
        digits.iter().fold(0_u64, |number, digit| number * 10 + u64::from(digit.wrapping_sub(b'0')))
    });
    let (resident, shared) = (counts.nth(1)?, counts.next()?);
    Some(resident.saturating_sub(shared) * PAGE_KB.load(Ordering::Relaxed))
}

/// What ended a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Time,
    Memory,
}

/// An armed timer; it is disarmed when dropped.
pub(crate) struct Timer(());

impl Timer {
    /// Arms the timer, and bounds what is allocated beyond what the process has by now. There is one for
    /// each backend: timers do not nest.
    pub(crate) fn arm(milliseconds: u64, memory_kb: u64) -> Self {
        PAGES.get_or_init(|| {
            // SAFETY: asks the system for a constant.
            let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
            PAGE_KB.store(u64::try_from(bytes).map_or(4, |bytes| bytes / 1024), Ordering::Relaxed);
            File::open("/proc/self/statm").ok()
        });
        let base = own_memory().unwrap_or(0);
        BASE.store(base, Ordering::Relaxed);
        MOST.store(base.saturating_add(memory_kb), Ordering::Relaxed);
        // SAFETY: registered once in a backend's life; a handler is never taken back.
        unsafe {
            if ID.load(Ordering::Relaxed) == 0 {
                ID.store(RegisterTimeout(USER_TIMEOUT, Some(on_time)), Ordering::Relaxed);
                TICK_ID.store(RegisterTimeout(USER_TIMEOUT, Some(on_tick)), Ordering::Relaxed);
            }
            FIRED.store(false, Ordering::Relaxed);
            FULL.store(false, Ordering::Relaxed);
            CAUGHT.store(0, Ordering::Relaxed);
            let delay = i32::try_from(milliseconds).unwrap_or(i32::MAX).max(1);
            enable_timeout_after(ID.load(Ordering::Relaxed), delay);
            let first = pg_sys::GetCurrentTimestamp() + i64::from(TICK) * 1000;
            enable_timeout_every(TICK_ID.load(Ordering::Relaxed), first, TICK);
        }
        Self(())
    }

    /// Whether the time is over, or the memory.
    pub(crate) fn end(&self) -> Option<End> {
        if FULL.load(Ordering::Relaxed) {
            Some(End::Memory)
        } else {
            FIRED.load(Ordering::Relaxed).then_some(End::Time)
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        // SAFETY: registered by `arm`. If the timer fired after the last check for interrupts, its
        // request must not hit the next statement.
        unsafe {
            disable_timeout(ID.load(Ordering::Relaxed), false);
            disable_timeout(TICK_ID.load(Ordering::Relaxed), false);
            if FIRED.swap(false, Ordering::Relaxed) | FULL.swap(false, Ordering::Relaxed) {
                std::ptr::write_volatile(&raw mut pg_sys::QueryCancelPending, 0);
            }
        }
    }
}

/// Gives memory that is freed by now back to the system, if the last statement left much of it. The
/// allocator may keep it; it would count as the session's own from now on, and each large statement could
/// start from a higher base.
pub(crate) fn give_back() {
    #[cfg(target_env = "gnu")]
    if own_memory().is_some_and(|now| now > BASE.load(Ordering::Relaxed) + LEFT) {
        // SAFETY: gives free pages back; no pointer becomes invalid.
        unsafe { libc::malloc_trim(0) };
    }
}
