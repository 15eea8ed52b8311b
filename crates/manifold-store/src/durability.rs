//! How hard a commit is pressed onto the disk.

/// The durability of a commit. Both levels survive a crash of the process; they differ in a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Durability {
    /// `synchronous = NORMAL`: a power cut may take back the last commits, never more, never in part.
    /// For claims, heartbeats, progress and logs, and everywhere with `store.durability = relaxed`.
    Relaxed,
    /// `synchronous = FULL`: what returned is on the disk. The default.
    #[default]
    Full,
}
