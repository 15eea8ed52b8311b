//! How what a table holds has changed from one snapshot to another.

mod change;

pub use change::{Change, Drift};

use crate::column_profile::{ColumnProfile, ShownValue, TopValue};
use crate::column_type::ColumnType;
use std::collections::HashSet;

/// A change is noise unless it is so many standard errors large.
const ERRORS: f64 = 3.0;
/// Least change of the part of rows that is NULL.
const LEAST_NULLS: f64 = 0.01;
/// The same, where none was NULL before, or none is now.
const LEAST_NEW_NULLS: f64 = 0.001;
/// Least change of the part of the cells that hold a value.
const LEAST_SHARE: f64 = 0.1;
/// The same, for a value that was not there before, or is not there now.
const LEAST_NEW_SHARE: f64 = 0.01;
/// Least relative change of how many values or rows there are.
const LEAST_GROWTH: f64 = 0.2;
/// How far beyond the former range values must be at least, as a part of its width.
const LEAST_EXCESS: f64 = 0.1;
/// Least change of a mean, as a part of the width of the range.
const LEAST_SHIFT: f64 = 0.25;
/// Of fewer cells the range says nothing of those that come.
const LEAST_CELLS: u64 = 100;
/// Values of one column that are named; each is counted in `top` already.
const MOST_VALUES: usize = 5;

/// A column with what it holds.
#[derive(Clone, Copy, Debug)]
pub struct ProfiledColumn<'a> {
    /// What tells it from other columns, also when it is renamed.
    pub phys: i64,
    /// Its name.
    pub name: &'a str,
    /// What its cells are.
    pub column_type: ColumnType,
    /// The format of the type.
    pub format: Option<&'a str>,
    /// What it holds.
    pub profile: &'a ColumnProfile,
}

/// How the columns `from` have become the columns `to`, beyond noise, the weightiest change first; nothing when nothing
/// has drifted.
///
/// A change counts when it is large enough to matter and at least three standard errors large, as if both snapshots were
/// random samples of the same rows. `docs/DRIFT.md` has the rule in words.
#[must_use]
pub fn drift(from: &[ProfiledColumn<'_>], to: &[ProfiledColumn<'_>]) -> Vec<Drift> {
    let mut found = Vec::new();
    let rows = |columns: &[ProfiledColumn<'_>]| columns.first().map(|column| column.profile.rows);
    if let (Some(before), Some(now)) = (rows(from), rows(to)) {
        let weight = growth_weight(before, now);
        let change = weight.map(|weight| {
            (
                Change::Rows {
                    from: before,
                    to: now,
                },
                weight,
            )
        });
        found.extend(change.map(|(change, weight)| Drift {
            column: None,
            change,
            weight,
        }));
    }
    let missing = |column: &&ProfiledColumn<'_>, there: &[ProfiledColumn<'_>]| {
        there.iter().all(|other| other.phys != column.phys)
    };
    let mut add = |column: &ProfiledColumn<'_>, change, weight: f64| {
        let column = Some(column.name.to_owned());
        found.push(Drift {
            column,
            change,
            weight: weight.clamp(0.0, 1.0),
        });
    };
    for column in from.iter().filter(|column| missing(column, to)) {
        add(column, Change::Removed, 1.0);
    }
    for column in to.iter().filter(|column| missing(column, from)) {
        add(column, Change::Appeared, 0.4);
    }
    for now in to {
        if let Some(before) = from.iter().find(|before| before.phys == now.phys) {
            compare(before, now, &mut |change, weight| add(now, change, weight));
        }
    }
    found.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    found
}

/// What is found is told to `add`, with its weight.
fn compare(a: &ProfiledColumn<'_>, b: &ProfiledColumn<'_>, add: &mut dyn FnMut(Change, f64)) {
    if a.name != b.name {
        let from = a.name.to_owned();
        add(Change::Renamed { from }, 0.6);
    }
    if (a.column_type, a.format) != (b.column_type, b.format) {
        let described = |column: &ProfiledColumn<'_>| match column.format {
            Some(format) => format!("{} {format}", column.column_type),
            None => column.column_type.to_string(),
        };
        let is_empty = |column: &ProfiledColumn<'_>| column.column_type == ColumnType::Empty;
        // Written in another way, or what is to be said of its NULLs.
        let is_light = a.column_type == b.column_type
            || is_number(a) && is_number(b)
            || is_empty(a)
            || is_empty(b);
        let weight = if is_light { 0.4 } else { 0.9 };
        let (from, to) = (described(a), described(b));
        add(Change::Type { from, to }, weight);
    }
    let (before, now) = (a.profile, b.profile);
    let nulls = Shift::of((before.nulls, before.rows), (now.nulls, now.rows));
    let is_new = before.nulls == 0 || now.nulls == 0;
    if nulls.is_beyond(if is_new { LEAST_NEW_NULLS } else { LEAST_NULLS }) {
        let (from, to) = (before.null_rate(), now.null_rate());
        add(Change::NullRate { from, to }, 2.5 * nulls.size);
    }
    // Without two sets of values there is nothing to compare.
    if filled(before) == 0 || filled(now) == 0 {
        return;
    }
    compare_distinct(before, now, add);
    if a.column_type == b.column_type || is_number(a) && is_number(b) {
        compare_ranges(a, b, add);
    }
    compare_values(before, now, add);
}

/// As many values as before are expected, or as many more or fewer as there are cells.
fn compare_distinct(before: &ColumnProfile, now: &ColumnProfile, add: &mut dyn FnMut(Change, f64)) {
    let (d, found) = (before.distinct as f64, now.distinct as f64);
    let grown = d * filled(now) as f64 / filled(before) as f64;
    let (least, most) = (d.min(grown), d.max(grown));
    let expected = found.clamp(least, most);
    let is_noise = (found - expected).abs() <= ERRORS * expected.sqrt()
        || found <= most * (1.0 + LEAST_GROWTH) && found >= least / (1.0 + LEAST_GROWTH);
    if !is_noise {
        let times = (found.max(1.0) / expected.max(1.0)).ln().abs() / std::f64::consts::LN_10;
        let (from, to) = (before.distinct, now.distinct);
        add(Change::Distinct { from, to }, 0.8 * times.min(1.0));
    }
}

/// Ranges grow with the number of rows, as with ids and times; only what is beyond that counts. Text has an order, but
/// no distances.
fn compare_ranges(
    a: &ProfiledColumn<'_>,
    b: &ProfiledColumn<'_>,
    add: &mut dyn FnMut(Change, f64),
) {
    let (Some(before), Some(now)) = (Range::of(a), Range::of(b)) else {
        return;
    };
    if filled(a.profile).min(filled(b.profile)) < LEAST_CELLS {
        return;
    }
    let (rows_before, rows_now) = (filled(a.profile) as f64, filled(b.profile) as f64);
    let expected = (rows_now / rows_before - 1.0).max(0.0);
    let most = if is_number(a) { 0.8 } else { 0.4 };
    let excess = |by: f64| by / before.width().max(f64::MIN_POSITIVE) - expected;
    let weight = |excess: f64| most * (1.0 - 1.0 / (1.0 + excess));
    let ends = |end: fn(&ColumnProfile) -> &Option<ShownValue>| {
        end(a.profile).clone().zip(end(b.profile).clone())
    };
    let below = excess(before.least - now.least);
    if below >= LEAST_EXCESS
        && let Some((from, to)) = ends(|profile| &profile.min)
    {
        add(Change::Below { from, to }, weight(below));
    }
    let above = excess(now.greatest - before.greatest);
    if above >= LEAST_EXCESS
        && let Some((from, to)) = ends(|profile| &profile.max)
    {
        add(Change::Above { from, to }, weight(above));
    }
    if let (Some(from), Some(to)) = (a.profile.mean, b.profile.mean) {
        let width = before.greatest.max(now.greatest) - before.least.min(now.least);
        // Of numbers that go on, as ids do, the mean moves by half of what the range grows.
        let shift = (to - from).abs() / width - 0.5 * expected / (1.0 + expected);
        // No standard deviation is above half the width.
        let error = 0.5 * (1.0 / rows_before + 1.0 / rows_now).sqrt();
        if shift >= LEAST_SHIFT && shift > ERRORS * error {
            add(Change::Mean { from, to }, 0.8 * shift);
        }
    }
}

fn compare_values(before: &ColumnProfile, now: &ColumnProfile, add: &mut dyn FnMut(Change, f64)) {
    let (cells_before, cells_now) = (filled(before), filled(now));
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for TopValue { value, .. } in before.top.iter().chain(&now.top) {
        if !seen.insert((&value.bytes, value.blob)) {
            continue;
        }
        let (least_before, most_before) = counts(before, value);
        let (least_now, most_now) = counts(now, value);
        // The smallest change that the counts allow.
        let (k, l) = if share(least_now, cells_now) > share(most_before, cells_before) {
            (most_before, least_now)
        } else if share(most_now, cells_now) < share(least_before, cells_before) {
            (least_before, most_now)
        } else {
            continue;
        };
        let shift = Shift::of((k, cells_before), (l, cells_now));
        let is_new = least_before == 0 || least_now == 0;
        if !shift.is_beyond(if is_new { LEAST_NEW_SHARE } else { LEAST_SHARE }) {
            continue;
        }
        let (from, to) = (
            share(least_before, cells_before),
            share(least_now, cells_now),
        );
        let value = value.clone();
        let change = match (least_before, least_now) {
            (0, _) => Change::NewValue { value, to },
            (_, 0) => Change::VanishedValue { value, from },
            _ => Change::Share { value, from, to },
        };
        found.push((change, (2.5 * shift.size).min(1.0)));
    }
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    found.truncate(MOST_VALUES);
    found
        .into_iter()
        .for_each(|(change, weight)| add(change, weight));
}

/// How many cells hold a value, at least and at most.
fn counts(profile: &ColumnProfile, value: &ShownValue) -> (u64, u64) {
    if let Some(top) = profile.top.iter().find(|top| top.value == *value) {
        return (top.count, top.count + top.error);
    }
    (0, profile.others_at_most.min(filled(profile)))
}

/// How far apart two parts of something are.
struct Shift {
    size: f64,
    error: f64,
}

impl Shift {
    /// Of `(parts, whole)` before and now; none where there was nothing.
    fn of((k, n): (u64, u64), (l, m): (u64, u64)) -> Self {
        if n == 0 || m == 0 {
            return Self {
                size: 0.0,
                error: 0.0,
            };
        }
        let (n, m) = (n as f64, m as f64);
        let pooled = ((k + l) as f64 / (n + m)).min(1.0);
        Self {
            size: (k as f64 / n - l as f64 / m).abs(),
            error: (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt(),
        }
    }

    fn is_beyond(&self, least: f64) -> bool {
        self.size >= least && self.size > ERRORS * self.error
    }
}

/// The least and the greatest number, or second.
struct Range {
    least: f64,
    greatest: f64,
}

impl Range {
    fn of(column: &ProfiledColumn<'_>) -> Option<Self> {
        let position = |value: &Option<ShownValue>| {
            value.as_ref()?.position(column.column_type, column.format)
        };
        Some(Self {
            least: position(&column.profile.min)?,
            greatest: position(&column.profile.max)?,
        })
    }

    fn width(&self) -> f64 {
        self.greatest - self.least
    }
}

fn growth_weight(from: u64, to: u64) -> Option<f64> {
    let (more, less) = (from.max(to) as f64, from.min(to) as f64);
    let changed = more > less * (1.0 + LEAST_GROWTH) && more - less > ERRORS * less.sqrt();
    // Half of the rows gone is strong; that they double is not.
    let weight = if to < from { 1.0 } else { 0.4 } * (1.0 - less / more);
    changed.then_some(weight)
}

fn is_number(column: &ProfiledColumn<'_>) -> bool {
    matches!(
        column.column_type,
        ColumnType::Integer | ColumnType::Real | ColumnType::Decimal
    )
}

/// Cells that are not NULL.
fn filled(profile: &ColumnProfile) -> u64 {
    profile.rows - profile.nulls.min(profile.rows)
}

fn share(count: u64, cells: u64) -> f64 {
    count as f64 / cells as f64
}
