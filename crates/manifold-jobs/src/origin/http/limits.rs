//! How long pulling waits, and how much it takes.

use std::time::Duration;

use super::config::HttpConfig;
use crate::Backoff;
use crate::download::DownloadLimits;

/// How many bytes are taken, unless more are allowed.
const MOST_BYTES: u64 = 10 << 30;

/// How long pulling waits, and how much it takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct HttpLimits {
    /// For one answer.
    pub(super) download: DownloadLimits,
    /// The most bytes of all answers together, also unpacked.
    pub(super) bytes: u64,
    /// How often one answer is asked for, before the whole attempt fails.
    pub(super) tries: u32,
    /// How long is waited before it is asked for again, where the other side does not say.
    pub(super) backoff: Backoff,
    /// Who asks to wait for longer is asked again by a later attempt.
    pub(super) longest_wait: Duration,
}

impl HttpLimits {
    pub(super) fn of(config: &HttpConfig) -> Self {
        let mut download = DownloadLimits::default();
        if let Some(seconds) = config.timeout_seconds {
            download.silence = Duration::from_secs(seconds);
        }
        Self {
            download,
            bytes: config.max_bytes.unwrap_or(MOST_BYTES),
            tries: 6,
            backoff: Backoff {
                first: Duration::from_secs(2),
                most: Duration::from_secs(30),
            },
            longest_wait: Duration::from_secs(60),
        }
    }
}
