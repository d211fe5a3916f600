use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Where time comes from, so that what waits can be tested without waiting.
pub trait Clock: Send + Sync {
    /// The time of day. It may be set, also backwards.
    fn wall(&self) -> SystemTime;

    /// Time since the clock was made. It never steps; on most systems it stands still while the machine
    /// sleeps.
    fn elapsed(&self) -> Duration;
}

/// The machine's clock.
#[derive(Debug)]
pub struct RealClock {
    start: Instant,
}

impl RealClock {
    /// A clock that starts now.
    pub fn new() -> RealClock {
        RealClock { start: Instant::now() }
    }
}

impl Default for RealClock {
    fn default() -> Self {
        RealClock::new()
    }
}

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that others are given")]
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A clock that moves only when it is told to.
#[derive(Debug)]
pub struct FakeClock {
    now: Mutex<(SystemTime, Duration)>,
}

impl FakeClock {
    /// A clock that stands at `wall`.
    pub fn new(wall: SystemTime) -> FakeClock {
        FakeClock { now: Mutex::new((wall, Duration::ZERO)) }
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.0 += by;
        now.1 += by;
    }

    /// Sets the time of day; no time passes.
    pub fn set_wall(&self, wall: SystemTime) {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).0 = wall;
    }
}

impl Clock for FakeClock {
    fn wall(&self) -> SystemTime {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn elapsed(&self) -> Duration {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}
