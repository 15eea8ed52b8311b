//! How long a download waits, and how much it takes.

use std::time::Duration;

/// How long a download waits, and how much it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DownloadLimits {
    /// How long making the connection may take.
    pub connect: Duration,
    /// How long the other side may be silent.
    pub silence: Duration,
    /// How many redirects are followed.
    pub redirects: usize,
    /// How often a connection that dropped is taken up again without a byte in between.
    pub resumptions: u32,
    /// The pause before it is taken up, which doubles each time.
    pub pause: Duration,
    /// The most bytes that are taken; `None`: what the disk has room for.
    pub bytes: Option<u64>,
}

impl DownloadLimits {
    /// In so many times [`silence`](Self::silence) at least [`LEAST`](Self::LEAST) bytes must come.
    pub(super) const WINDOW: u32 = 5;

    /// See [`WINDOW`](Self::WINDOW).
    pub(super) const LEAST: u64 = 1_024;

    /// So many bytes of the disk are left to others.
    pub(super) const LEFT_FREE: u64 = 256 << 20;
}

impl Default for DownloadLimits {
    /// 30 seconds to connect, 2 minutes of silence, 10 redirects, 5 resumptions, first after a second.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            silence: Duration::from_secs(120),
            redirects: 10,
            resumptions: 5,
            pause: Duration::from_secs(1),
            bytes: None,
        }
    }
}
