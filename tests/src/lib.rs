//! Whole-system tests: they are in `tests/`, one folder or file for each thing that has to hold.

/// The examples of the README run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
