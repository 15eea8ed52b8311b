#![doc = include_str!("../README.md")]

mod attempt;
mod backoff;
pub mod backup;
mod context;
mod cursor_step;
mod error;
pub mod export;
mod foreground;
pub mod import;
mod input;
mod job;
pub mod jobs;
mod kind;
mod observer;
mod progress;
mod recorder;
mod registry;
mod rescue;
mod step;
mod stop;
pub mod testing;
mod undecodable;
mod worker;

pub use backoff::Backoff;
pub use context::{JobContext, Reporter};
pub use cursor_step::CursorStep;
pub use error::JobError;
pub use foreground::{Finished, run_foreground};
pub use input::InputFingerprint;
pub use job::{CleanUpReason, CrashPolicy, Job};
pub use kind::new_job;
pub use observer::Observer;
pub use progress::Progress;
pub use registry::Registry;
pub use rescue::rescue_dead;
pub use worker::{Served, Worker, WorkerOptions};
