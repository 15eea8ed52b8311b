//! The last queries that took long.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::Serialize;

/// How many are kept.
const KEPT: usize = 50;

/// Characters of a statement that are kept.
const LONGEST_SQL: usize = 2_000;

/// A query that took longer than the setting `store.slow_query_ms` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SlowQuery {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// The project, or `None` for the hub.
    pub project_id: Option<String>,
    /// How long it ran, without the time in which its rows waited to be taken, in ms.
    pub duration_ms: u64,
    /// How long its rows waited to be taken, in ms; 0 but for streams.
    pub caller_ms: u64,
    /// Its text, with the places of its parameters instead of their values; cut at 2,000 characters.
    pub sql: String,
}

/// The last ones, oldest first.
#[derive(Debug, Default)]
pub(super) struct SlowQueries {
    last: Mutex<VecDeque<SlowQuery>>,
}

impl SlowQueries {
    pub(super) fn add(&self, mut slow: SlowQuery) {
        if let Some((end, _)) = slow.sql.char_indices().nth(LONGEST_SQL) {
            slow.sql.truncate(end);
        }
        let SlowQuery {
            duration_ms,
            caller_ms,
            sql,
            ..
        } = &slow;
        let project = slow.project_id.as_deref().unwrap_or("core");
        tracing::warn!(
            project.id = project,
            duration_ms,
            caller_ms,
            sql,
            "slow query"
        );
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == KEPT {
            last.pop_front();
        }
        last.push_back(slow);
    }

    pub(super) fn list(&self) -> Vec<SlowQuery> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_fifty_are_kept_and_cut() {
        let queries = SlowQueries::default();
        for number in 0..60 {
            queries.add(SlowQuery {
                at: crate::Timestamp::now(),
                project_id: None,
                duration_ms: number,
                caller_ms: 0,
                sql: "é".repeat(3_000),
            });
        }
        let kept = queries.list();
        assert_eq!((kept.len(), kept[0].duration_ms), (50, 10));
        assert_eq!(kept[49].sql.chars().count(), 2_000);
    }
}
