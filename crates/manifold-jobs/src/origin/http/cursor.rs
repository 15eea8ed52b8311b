//! The column that tells what is new.

use serde_json::Value as Json;

use super::lag::Lag;
use super::parameter::Parameter;
use super::position::Position;
use crate::JobError;
use crate::origin::section::Section;

/// The column that tells what is new, and how that is asked for.
#[derive(Debug, Clone)]
pub(super) struct CursorColumn {
    pub(super) column: String,
    pub(super) parameter: Parameter,
    /// So much before the highest value that was seen is asked for again.
    pub(super) lag: Option<Lag>,
    /// What is asked for first.
    pub(super) start: Option<String>,
}

impl CursorColumn {
    pub(super) fn of(cursor: &Section<'_>) -> Result<Self, JobError> {
        cursor.only(&["column", "parameter", "in", "lag", "start"])?;
        let start = match cursor.value("start") {
            Some(Json::Number(number)) => Some(number.to_string()),
            _ => cursor.text("start")?.map(str::to_owned),
        };
        let position = start.as_deref().map(Position::of);
        if let Some(None) = position {
            return Err(cursor.wrong(
                "start",
                "is a number, or a time such as 2024-01-31T00:00:00Z",
            ));
        }
        let lag = match cursor.value("lag") {
            None => None,
            Some(lag) => Some(Lag::of(lag).ok_or_else(|| {
                cursor.wrong("lag", "is a number for columns of numbers, or for times so many seconds, minutes, hours or days: \"90s\", \"15m\", \"1h\", \"2d\"")
            })?),
        };
        if let (Some(lag), Some(Some(start))) = (&lag, &position)
            && start.minus(lag).is_none()
        {
            return Err(cursor.wrong("lag", "is of another kind than `start`"));
        }
        Ok(Self {
            column: cursor.needed("column")?.to_owned(),
            parameter: Parameter::needed(cursor, "parameter")?,
            lag,
            start,
        })
    }

    /// What is asked for, where `highest` was seen before; `None` when it cannot be made less by the lag.
    pub(super) fn asked(&self, highest: Option<&str>) -> Option<Option<String>> {
        let (Some(highest), lag) = (highest, &self.lag) else {
            return Some(self.start.clone());
        };
        match lag {
            None => Some(Some(highest.to_owned())),
            Some(lag) => Position::of(highest)?.minus(lag).map(Some),
        }
    }
}
