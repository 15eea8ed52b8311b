//! The two words of the command: which schema, and what to do.

use std::fmt;

use anyhow::bail;
use clap::ValueEnum;
use manifold_store::Direction;

use crate::schema::Schema;

/// A word of the command line; either kind may stand first or be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Word {
    Core,
    Project,
    Status,
    Up,
    Down,
    Refresh,
    Fresh,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Status,
    Up,
    Down,
    Refresh,
    Fresh,
}

impl Action {
    /// Whether rows are lost that only this database has.
    pub(super) const fn deletes_data(self) -> bool {
        match self {
            Self::Status | Self::Up => false,
            Self::Down | Self::Refresh | Self::Fresh => true,
        }
    }

    /// Which way to migrate, if at all; `steps` is for [`Action::Down`].
    pub(super) const fn direction(self, steps: u32) -> Option<Direction> {
        match self {
            Self::Status => None,
            Self::Up => Some(Direction::Up),
            Self::Down => Some(Direction::Down(steps)),
            Self::Refresh => Some(Direction::Refresh),
            Self::Fresh => Some(Direction::Fresh),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Status => "status",
            Self::Up => "up",
            Self::Down => "down",
            Self::Refresh => "refresh",
            Self::Fresh => "fresh",
        })
    }
}

/// The schema, or none for both, and the action: `status` unless said.
pub(super) fn read(words: &[Word]) -> anyhow::Result<(Option<Schema>, Action)> {
    let (mut schemas, mut actions) = (Vec::new(), Vec::new());
    for word in words {
        match word {
            Word::Core => schemas.push(Schema::Core),
            Word::Project => schemas.push(Schema::Project),
            Word::Status => actions.push(Action::Status),
            Word::Up => actions.push(Action::Up),
            Word::Down => actions.push(Action::Down),
            Word::Refresh => actions.push(Action::Refresh),
            Word::Fresh => actions.push(Action::Fresh),
        }
    }
    match (&*schemas, &*actions) {
        ([], []) => Ok((None, Action::Status)),
        ([], [action]) => Ok((None, *action)),
        ([schema], []) => Ok((Some(*schema), Action::Status)),
        ([schema], [action]) => Ok((Some(*schema), *action)),
        _ => bail!("say one of `core` and `project`, or neither for both, and one action"),
    }
}
