//! How far a job is.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};

use crate::Estimate;

/// How far a job is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// What is being done, such as `reading`; empty before anything is.
    pub step: Cow<'static, str>,
    /// How much of the step is done, in `unit`s.
    pub done: u64,
    /// How much the step is, in `unit`s, where that is known.
    pub total: Option<u64>,
    /// What is counted, such as `bytes`.
    pub unit: &'static str,
    /// Rows handled so far, in a job that handles rows.
    pub rows: Option<u64>,
    /// Who must finish first: process id and command, where known.
    pub waiting_for: Option<String>,
}

impl Progress {
    /// A step of which nothing is counted yet.
    #[must_use]
    pub fn step(step: impl Into<Cow<'static, str>>) -> Self {
        Self {
            step: step.into(),
            ..Self::default()
        }
    }

    /// Something else must end first: the process that `holder` names, where that is known.
    #[must_use]
    pub fn waiting(holder: Option<&str>) -> Self {
        Self {
            waiting_for: holder.map(str::to_owned),
            ..Self::step("waiting")
        }
    }

    /// How much of the step is done, from 0 to 1, where that is known.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        let total = self.total.filter(|total| *total > 0)?;
        // Exact up to 2^53, which no file reaches.
        Some((self.done as f64 / total as f64).min(1.0))
    }

    /// As the hub keeps it.
    pub(crate) fn stored(
        &self,
        estimate: &Estimate,
        now: DateTime<Utc>,
    ) -> manifold_store::JobProgress {
        let counted = !self.unit.is_empty();
        let waits = self.waiting_for.as_ref();
        let step = waits.map_or_else(|| self.step.to_string(), |who| format!("waiting for {who}"));
        let left = estimate
            .left
            .and_then(|left| TimeDelta::from_std(left).ok());
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        manifold_store::JobProgress {
            step: (!step.is_empty()).then_some(step),
            items_done: counted.then(|| number(self.done)),
            items_total: self.total.map(number),
            unit: counted.then(|| self.unit.to_owned()),
            progress: estimate.share,
            rate: estimate.rate,
            eta_at: left.and_then(|left| now.checked_add_signed(left)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_needs_a_total() {
        let progress = |done, total| Progress {
            done,
            total,
            unit: "bytes",
            ..Progress::step("reading")
        };
        assert_eq!(progress(5, None).share(), None);
        assert_eq!(progress(0, Some(0)).share(), None);
        assert_eq!(progress(5, Some(20)).share(), Some(0.25));
        assert_eq!(progress(30, Some(20)).share(), Some(1.0));
    }

    #[test]
    fn what_is_not_counted_is_not_stored() {
        let now = DateTime::UNIX_EPOCH;
        let nothing = Estimate::default();
        let stored = Progress::waiting(Some("process 7")).stored(&nothing, now);
        assert_eq!(stored.step.as_deref(), Some("waiting for process 7"));
        assert_eq!((stored.items_done, stored.unit), (None, None));
        assert_eq!(
            Progress::default().stored(&nothing, now),
            manifold_store::JobProgress::default()
        );
    }
}
