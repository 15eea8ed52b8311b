//! Random moments that can be had again.

use std::time::{Duration, SystemTime};

/// How many times each test with random moments does its rounds; for long runs.
pub const ROUNDS: &str = "MANIFOLD_ROUNDS";

/// How many kills the test with a journal makes; for long runs.
pub const KILLS: &str = "MANIFOLD_KILLS";

/// The seed of the random moments, as a failed test has told it.
pub const SEED: &str = "MANIFOLD_SEED";

/// Random numbers (xorshift).
#[derive(Debug)]
pub struct Seed(u64);

impl Seed {
    /// From the environment, or from the clock; a test that fails tells it.
    pub fn new() -> Self {
        let clock = || {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            now.unwrap().as_nanos() as u64
        };
        let seed = number(SEED).unwrap_or_else(clock).max(1);
        println!("{SEED}={seed} repeats the moments of this test");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    /// A moment of something that takes so long.
    pub fn moment(&mut self, of: Duration) -> Duration {
        Duration::from_nanos(self.next() % u64::try_from(of.as_nanos()).unwrap().max(1))
    }
}

/// How many times the rounds of a test are to be done.
pub fn rounds() -> u64 {
    number(ROUNDS).unwrap_or(1).max(1)
}

/// How many kills the test with a journal is to make.
pub fn kills() -> u64 {
    number(KILLS).unwrap_or_else(|| 100 * rounds())
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number")),
    )
}
