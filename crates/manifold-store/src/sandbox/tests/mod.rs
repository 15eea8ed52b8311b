//! The sandbox against real project files.

mod attacks;
mod bombs;
mod project;
mod reading;
mod refusals;
mod snapshots;
