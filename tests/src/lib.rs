//! Whole-system tests: they are in `tests/`, one folder or file for each thing that has to hold.
