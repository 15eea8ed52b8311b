#![doc = include_str!("../README.md")]

pub mod backup;
mod cancellation;
mod context;
mod copying;
mod error;
pub mod export;
mod foreground;
pub mod import;
mod job;
pub mod jobs;
mod observer;
mod progress;
mod recorder;
mod rescue;

pub use context::{JobContext, Reporter};
pub use error::JobError;
pub use foreground::{Finished, run_foreground};
pub use job::Job;
pub use observer::Observer;
pub use progress::Progress;
pub use rescue::rescue_dead;
