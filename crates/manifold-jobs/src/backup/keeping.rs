//! Which backups of a project stay when the rest is deleted.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Extent;
use crate::{KeepReason, Retention};

/// A backup, as far as it matters for whether it stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// When it was begun.
    pub made_at: DateTime<Utc>,
    /// How much it is worth.
    pub standing: Standing,
    /// How much it holds.
    pub extent: Extent,
}

/// How much a backup is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It was read back, all of it, and was right.
    Verified,
    /// It is complete, and nobody read it back.
    Unverified,
    /// It is listed as complete, but no manifest is where it should be: the disk may be away.
    Missing,
    /// It is being made.
    Running,
    /// It was never completed.
    Failed,
}

/// What becomes of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The policy keeps it, for these reasons.
    Kept(Vec<KeepReason>),
    /// It stays, because nobody knows yet whether it is any good; it keeps no other from staying.
    Unverified,
    /// Its line in the hub stays: it is not where it should be.
    Missing,
    /// It is no backup, or not yet.
    Unfinished,
    /// It is deleted.
    Deleted,
}

/// What becomes of each of the backups of one project, given newest first.
///
/// Only verified backups count: a policy that keeps three keeps three that were read back, and the newest of those stays whatever
/// the policy says. Those that hold the same sources are weighed by themselves, so that none takes the place of one that holds another
/// source, or all.
///
/// `None` when the backup that was begun last has failed: then nothing is deleted, since what is there may be all there will be.
#[must_use]
pub fn decide(policy: &Retention, newest_first: &[Candidate]) -> Option<Vec<Fate>> {
    let last = newest_first
        .iter()
        .find(|backup| backup.standing != Standing::Running);
    if last.is_some_and(|backup| backup.standing == Standing::Failed) {
        return None;
    }
    let mut fates: Vec<Fate> = newest_first.iter().map(Fate::without_policy).collect();
    let extents: BTreeSet<&Extent> = newest_first.iter().map(|backup| &backup.extent).collect();
    for extent in extents {
        let counts =
            |backup: &Candidate| backup.standing == Standing::Verified && backup.extent == *extent;
        let places: Vec<usize> = (0..newest_first.len())
            .filter(|&place| counts(&newest_first[place]))
            .collect();
        let times: Vec<_> = places
            .iter()
            .map(|&place| newest_first[place].made_at)
            .collect();
        for (place, reasons) in places.into_iter().zip(policy.decide(&times)) {
            if !reasons.is_empty() {
                fates[place] = Fate::Kept(reasons);
            }
        }
    }
    Some(fates)
}

impl Fate {
    /// What becomes of a backup that no policy keeps.
    fn without_policy(backup: &Candidate) -> Self {
        match backup.standing {
            Standing::Verified => Self::Deleted,
            Standing::Unverified => Self::Unverified,
            Standing::Missing => Self::Missing,
            Standing::Running | Standing::Failed => Self::Unfinished,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
        let standing = prop_oneof![
            4 => Just(Standing::Verified),
            2 => Just(Standing::Unverified),
            1 => Just(Standing::Missing),
            1 => Just(Standing::Running),
            1 => Just(Standing::Failed),
        ];
        // Clocks may be set back: times need not fall.
        let tables =
            |names: &[&str]| Extent::Tables(names.iter().map(|&name| name.to_owned()).collect());
        let extent = prop_oneof![
            8 => Just(Extent::Whole),
            1 => Just(tables(&[])),
            1 => Just(tables(&["d1"])),
            1 => Just(tables(&["d1", "d2"])),
        ];
        let backup = (0_i64..400, standing, extent);
        prop::collection::vec(backup, 0..30).prop_map(|backups| {
            let newest = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
            let candidate = |(hours, standing, extent)| Candidate {
                made_at: newest - TimeDelta::hours(hours),
                standing,
                extent,
            };
            backups.into_iter().map(candidate).collect()
        })
    }

    fn policies() -> impl Strategy<Value = Retention> {
        (0_u32..4, 0_u32..4, 0_u32..4).prop_map(|(last, daily, weekly)| Retention {
            last,
            daily,
            weekly,
            ..Retention::default()
        })
    }

    proptest! {
        #[test]
        fn only_verified_backups_go_and_the_newest_of_them_never(policy in policies(), all in candidates()) {
            let Some(fates) = decide(&policy, &all) else { return Ok(()) };
            prop_assert_eq!(fates.len(), all.len());
            for (backup, fate) in all.iter().zip(&fates) {
                if *fate == Fate::Deleted {
                    prop_assert_eq!(backup.standing, Standing::Verified);
                }
            }
            for extent in all.iter().map(|backup| &backup.extent) {
                let good = |backup: &Candidate| backup.standing == Standing::Verified && backup.extent == *extent;
                if let Some(newest) = all.iter().position(good) {
                    prop_assert!(matches!(fates[newest], Fate::Kept(_)));
                }
            }
        }

        /// What was not read back, or is not there, takes nobody's place.
        #[test]
        fn others_do_not_count(policy in policies(), all in candidates()) {
            let Some(fates) = decide(&policy, &all) else { return Ok(()) };
            let good: Vec<_> = all.iter().filter(|backup| backup.standing == Standing::Verified).cloned().collect();
            let alone = decide(&policy, &good).unwrap();
            let among: Vec<_> = all.iter().zip(fates).filter(|(backup, _)| backup.standing == Standing::Verified).map(|(_, fate)| fate).collect();
            prop_assert_eq!(among, alone);
        }

        #[test]
        fn nothing_goes_after_a_run_that_failed(policy in policies(), all in candidates()) {
            let ended = all.iter().find(|backup| backup.standing != Standing::Running);
            let failed = ended.is_some_and(|backup| backup.standing == Standing::Failed);
            prop_assert_eq!(decide(&policy, &all).is_none(), failed);
        }

        #[test]
        fn what_is_kept_once_is_kept_again(policy in policies(), all in candidates()) {
            let Some(fates) = decide(&policy, &all) else { return Ok(()) };
            let left: Vec<_> = all.iter().zip(&fates).filter(|(_, fate)| **fate != Fate::Deleted).map(|(backup, _)| backup.clone()).collect();
            let again = decide(&policy, &left).unwrap();
            prop_assert!(!again.contains(&Fate::Deleted));
        }
    }
}
