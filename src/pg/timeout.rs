//! A private timer: `SET statement_timeout` inside a function does not fire.
//!
//! It ends the running statement the way a cancel request does. Whoever armed it asks [`Timer::fired`]
//! to tell its own end from a real cancel.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

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
    fn disable_timeout(id: i32, keep_indicator: bool);
}

/// The id that the server gave us; 0 is a predefined one and means "not registered yet".
static ID: AtomicI32 = AtomicI32::new(0);
static FIRED: AtomicBool = AtomicBool::new(false);

/// Runs inside a signal handler: sets flags and nothing else. The server has set the latch.
unsafe extern "C-unwind" fn on_time() {
    FIRED.store(true, Ordering::Relaxed);
    // SAFETY: volatile flags made for signal handlers.
    unsafe {
        std::ptr::write_volatile(&raw mut pg_sys::QueryCancelPending, 1);
        std::ptr::write_volatile(&raw mut pg_sys::InterruptPending, 1);
    }
}

/// An armed timer; it is disarmed when dropped.
pub(crate) struct Timer(());

impl Timer {
    /// Arms the timer. There is one for each backend: timers do not nest.
    pub(crate) fn arm(milliseconds: u64) -> Self {
        // SAFETY: registered once in a backend's life; a handler is never taken back.
        unsafe {
            if ID.load(Ordering::Relaxed) == 0 {
                ID.store(RegisterTimeout(USER_TIMEOUT, Some(on_time)), Ordering::Relaxed);
            }
            FIRED.store(false, Ordering::Relaxed);
            let delay = i32::try_from(milliseconds).unwrap_or(i32::MAX).max(1);
            enable_timeout_after(ID.load(Ordering::Relaxed), delay);
        }
        Self(())
    }

    /// Whether the time is over.
    pub(crate) fn fired(&self) -> bool {
        FIRED.load(Ordering::Relaxed)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        // SAFETY: registered by `arm`. If the timer fired after the last check for interrupts, its
        // request must not hit the next statement.
        unsafe {
            disable_timeout(ID.load(Ordering::Relaxed), false);
            if FIRED.swap(false, Ordering::Relaxed) {
                std::ptr::write_volatile(&raw mut pg_sys::QueryCancelPending, 0);
            }
        }
    }
}
