//! Pulling from a real server, which behaves badly.

mod auth;
mod config;
mod cursor;
mod hostile;
mod pages;
mod retries;
mod scene;
mod single;
