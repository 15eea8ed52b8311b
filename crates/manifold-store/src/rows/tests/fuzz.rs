//! Histories of imports and deletions against the model.

use super::csvish::{Csvish, Record};
use super::model::Model;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

/// The kinds of values a column mostly has.
#[derive(Debug, Clone, Copy)]
enum Values {
    Ints,
    Decimals,
    Booleans,
    Texts,
    LeadingZeros,
    Nothing,
}

#[derive(Debug, Clone)]
enum Step {
    Edit(Index, Index, u16),
    Remove(Index),
    Insert(Index, u16),
    Append(u16),
    Move(Index, Index),
    Duplicate(Index, Index),
    Reverse,
    Rotate(Index),
    Sort(Index),
    Quirk(Index, Option<u8>),
    Reject(Index),
    Unreject,
    AddColumn(Index, Values, u16, Index),
    RemoveColumn(Index),
    SwapColumns(Index, Index),
    RenameColumn(Index, Index),
    Rewrite(Index, u16),
    Retype(Index, Values, u16),
    BringBack(Index),
    Import { always: bool, stop: Option<u32> },
    DeleteLatest,
    Delete(Index),
    DeleteTwo(Index, Index),
}

fn values() -> impl Strategy<Value = Values> {
    use Values::*;
    prop::sample::select(vec![Ints, Decimals, Booleans, Texts, LeadingZeros, Nothing])
}

fn step() -> impl Strategy<Value = Step> {
    let at = any::<Index>;
    prop_oneof![
        4 => (at(), at(), any::<u16>()).prop_map(|(a, b, v)| Step::Edit(a, b, v)),
        3 => at().prop_map(Step::Remove),
        4 => (at(), any::<u16>()).prop_map(|(a, v)| Step::Insert(a, v)),
        2 => any::<u16>().prop_map(Step::Append),
        4 => (at(), at()).prop_map(|(a, b)| Step::Move(a, b)),
        2 => (at(), at()).prop_map(|(a, b)| Step::Duplicate(a, b)),
        1 => Just(Step::Reverse),
        1 => at().prop_map(Step::Rotate),
        1 => at().prop_map(Step::Sort),
        2 => (at(), any::<Option<u8>>()).prop_map(|(a, q)| Step::Quirk(a, q)),
        1 => at().prop_map(Step::Reject),
        1 => Just(Step::Unreject),
        1 => (at(), values(), any::<u16>(), at()).prop_map(|(a, k, v, n)| Step::AddColumn(a, k, v, n)),
        1 => at().prop_map(Step::RemoveColumn),
        1 => (at(), at()).prop_map(|(a, b)| Step::SwapColumns(a, b)),
        1 => (at(), at()).prop_map(|(a, n)| Step::RenameColumn(a, n)),
        1 => (at(), any::<u16>()).prop_map(|(a, v)| Step::Rewrite(a, v)),
        1 => (at(), values(), any::<u16>()).prop_map(|(a, k, v)| Step::Retype(a, k, v)),
        1 => at().prop_map(Step::BringBack),
        9 => any::<bool>().prop_map(|always| Step::Import { always, stop: None }),
        3 => (any::<bool>(), 1_u32..9).prop_map(|(always, n)| Step::Import { always, stop: Some(n) }),
        2 => Just(Step::DeleteLatest),
        2 => at().prop_map(Step::Delete),
        1 => (at(), at()).prop_map(|(a, b)| Step::DeleteTwo(a, b)),
    ]
}

/// The file that is imported again and again.
struct File {
    input: Csvish,
    values: Vec<Values>,
    keyed: bool,
    unique: bool,
    next_key: u32,
    /// The column that was removed last.
    removed: Option<(String, Values)>,
}

impl File {
    fn cell(&self, column: usize, seed: u16) -> Option<Vec<u8>> {
        let odd: [&[u8]; 12] = [
            b"",
            b"007",
            b"n/a",
            b"1.5",
            b"-0.00",
            b"true",
            b"\xff\xfe",
            b"a\0b",
            b"-0",
            b"12.50",
            b"9223372036854775808",
            b"1",
        ];
        let n = seed / 10;
        let text = match (seed % 10, self.values[column]) {
            (0, _) => return None,
            (1, _) => return Some(odd[usize::from(n) % odd.len()].to_vec()),
            (_, Values::Ints) => (n % 9).to_string(),
            (_, Values::Decimals) => format!("{}.{:02}", n % 3, n % 4),
            (_, Values::Booleans) => ["true", "false"][usize::from(n % 2)].to_owned(),
            (_, Values::Texts) => ["a", "bb", "Zürich"][usize::from(n % 3)].to_owned(),
            (_, Values::LeadingZeros) => format!("{:03}", n % 7),
            (_, Values::Nothing) => return None,
        };
        Some(text.into_bytes())
    }

    fn row(&mut self, seed: u16) -> Record {
        let mut cells: Vec<_> = (0..self.values.len())
            .map(|column| self.cell(column, seed.wrapping_mul(column as u16 * 2 + 7919)))
            .collect();
        if self.keyed {
            self.next_key += 1;
            let key = if self.unique {
                self.next_key
            } else {
                u32::from(seed % 6)
            };
            cells[0] = Some(key.to_string().into_bytes());
        }
        Record::Row { cells, quirk: None }
    }

    fn at(&self, index: Index) -> Option<usize> {
        (!self.input.records.is_empty()).then(|| index.index(self.input.records.len()))
    }

    /// A column that may be changed.
    fn column(&self, index: Index) -> Option<usize> {
        let first = usize::from(self.keyed);
        (self.values.len() > first).then(|| first + index.index(self.values.len() - first))
    }

    fn free_name(&self, index: Index) -> String {
        let name = format!("k{}", index.index(7) + 1);
        let first = self.input.names.len() * 31 + index.index(999);
        let numbered = (first..).map(|number| format!("n{number}"));
        std::iter::once(name)
            .chain(numbered)
            .find(|name| !self.input.names.contains(name))
            .unwrap()
    }

    fn each_row(&mut self, mut change: impl FnMut(usize, &mut Vec<Option<Vec<u8>>>)) {
        for (at, record) in self.input.records.iter_mut().enumerate() {
            if let Record::Row { cells, .. } = record {
                change(at, cells);
            }
        }
    }

    fn rewrite(&mut self, column: usize, seed: u16) {
        let new: Vec<_> = (0..self.input.records.len())
            .map(|at| self.cell(column, seed.wrapping_add(at as u16 * 37)))
            .collect();
        self.each_row(|at, cells| cells[column].clone_from(&new[at]));
    }

    fn change(&mut self, step: &Step) {
        let len = self.input.records.len();
        match step {
            Step::Edit(row, column, seed) => {
                if let (Some(row), Some(column)) = (self.at(*row), self.column(*column)) {
                    let cell = self.cell(column, *seed);
                    if let Record::Row { cells, .. } = &mut self.input.records[row] {
                        cells[column] = cell;
                    }
                }
            }
            Step::Remove(row) => {
                self.at(*row).map(|row| self.input.records.remove(row));
            }
            Step::Insert(at, seed) => {
                let row = self.row(*seed);
                self.input.records.insert(at.index(len + 1), row);
            }
            Step::Append(seed) => {
                let row = self.row(*seed);
                self.input.records.push(row);
            }
            Step::Move(from, to) => {
                if let (Some(from), Some(to)) = (self.at(*from), self.at(*to)) {
                    let record = self.input.records.remove(from);
                    self.input.records.insert(to, record);
                }
            }
            Step::Duplicate(row, to) => {
                if let (Some(row), false) = (self.at(*row), self.keyed && self.unique) {
                    let record = self.input.records[row].clone();
                    self.input.records.insert(to.index(len + 1), record);
                }
            }
            Step::Reverse => self.input.records.reverse(),
            Step::Rotate(at) => {
                if let Some(at) = self.at(*at) {
                    self.input.records.rotate_left(at);
                }
            }
            Step::Sort(column) => {
                let column = column.index(self.values.len());
                self.input.records.sort_by_key(|record| match record {
                    Record::Row { cells, .. } => cells[column].clone(),
                    Record::Reject(_) => None,
                });
            }
            Step::Quirk(row, data) => {
                if let Some(at) = self.at(*row)
                    && let Record::Row { quirk, .. } = &mut self.input.records[at]
                {
                    *quirk = data.map(|data| vec![data]);
                }
            }
            Step::Reject(at) => {
                self.input
                    .records
                    .insert(at.index(len + 1), Record::Reject(vec![7]));
            }
            Step::Unreject => self
                .input
                .records
                .retain(|r| !matches!(r, Record::Reject(_))),
            Step::AddColumn(at, values, seed, name) if self.values.len() < 7 => {
                let first = usize::from(self.keyed);
                let at = first + at.index(self.values.len() + 1 - first);
                let name = self.free_name(*name);
                self.values.insert(at, *values);
                self.input.names.insert(at, name);
                self.each_row(|_, cells| cells.insert(at, None));
                self.rewrite(at, *seed);
            }
            Step::RemoveColumn(column) if self.values.len() > 1 => {
                if let Some(column) = self.column(*column) {
                    let values = self.values.remove(column);
                    self.removed = Some((self.input.names.remove(column), values));
                    self.each_row(|_, cells| drop(cells.remove(column)));
                }
            }
            Step::SwapColumns(a, b) => {
                if let (Some(a), Some(b)) = (self.column(*a), self.column(*b)) {
                    self.values.swap(a, b);
                    self.input.names.swap(a, b);
                    self.each_row(|_, cells| cells.swap(a, b));
                }
            }
            Step::RenameColumn(column, name) => {
                if let Some(column) = self.column(*column) {
                    self.input.names[column] = self.free_name(*name);
                }
            }
            Step::Rewrite(column, seed) => {
                if let Some(column) = self.column(*column) {
                    self.rewrite(column, *seed);
                }
            }
            Step::Retype(column, values, seed) => {
                if let Some(column) = self.column(*column) {
                    self.values[column] = *values;
                    self.rewrite(column, *seed);
                }
            }
            Step::BringBack(at) => {
                if let Some((name, values)) = self.removed.take()
                    && !self.input.names.contains(&name)
                {
                    let first = usize::from(self.keyed);
                    let at = first + at.index(self.values.len() + 1 - first);
                    self.values.insert(at, values);
                    self.input.names.insert(at, name);
                    self.each_row(|_, cells| cells.insert(at, None));
                    self.rewrite(at, 7);
                }
            }
            Step::AddColumn(..)
            | Step::RemoveColumn(_)
            | Step::Import { .. }
            | Step::DeleteLatest
            | Step::Delete(_)
            | Step::DeleteTwo(..) => {}
        }
    }
}

/// What a history begins with, and what becomes of it.
#[derive(Debug, Clone)]
struct History {
    window: usize,
    batch_rows: u64,
    most_moved: u32,
    list_bytes: usize,
    sample: usize,
    kinds: Vec<Values>,
    rows: Vec<u16>,
    first_stop: Option<u32>,
    steps: Vec<Step>,
}

fn history() -> impl Strategy<Value = History> {
    (
        prop::sample::select(vec![1_usize, 2, 4, 5, 16, 64]),
        1_u64..6,
        prop::sample::select(vec![0_u32, 10, 10, 50, 100]),
        prop::sample::select(vec![0_usize, 100, 500, 1 << 20]),
        prop::sample::select(vec![0_usize, 1, 3, 50]),
        prop::collection::vec(values(), 1..5),
        prop::collection::vec(any::<u16>(), 0..25),
        prop::option::weighted(0.2, 1_u32..9),
        prop::collection::vec(step(), 1..STEPS),
    )
        .prop_map(|parts| {
            let (
                window,
                batch_rows,
                most_moved,
                list_bytes,
                sample,
                kinds,
                rows,
                first_stop,
                steps,
            ) = parts;
            History {
                window,
                batch_rows,
                most_moved,
                list_bytes,
                sample,
                kinds,
                rows,
                first_stop,
                steps,
            }
        })
}

impl History {
    /// Every snapshot that it leaves reads back after every step.
    fn run(&self, keyed: bool, unique: bool) {
        let names = (0..self.kinds.len()).map(|at| format!("k{at}")).collect();
        let input = Csvish {
            names,
            sample: self.sample,
            ..Csvish::new("", &[])
        };
        let mut file = File {
            input,
            values: self.kinds.clone(),
            keyed,
            unique,
            next_key: 0,
            removed: None,
        };
        for seed in &self.rows {
            let row = file.row(*seed);
            file.input.records.push(row);
        }
        let mut model = Model::new(keyed, self.window, self.batch_rows);
        model.most_moved = self.most_moved;
        model.list_bytes = self.list_bytes;
        model.import(&file.input, false, self.first_stop);
        model.check();
        for step in &self.steps {
            match step {
                Step::Import { always, stop } => model.import(&file.input, *always, *stop),
                Step::DeleteLatest if model.kept() > 0 => model.delete(model.kept() - 1),
                Step::Delete(at) if model.kept() > 0 => model.delete(at.index(model.kept())),
                Step::DeleteTwo(a, b) if model.kept() > 1 => {
                    model.delete(a.index(model.kept()));
                    model.delete(b.index(model.kept()));
                }
                Step::DeleteLatest | Step::Delete(_) | Step::DeleteTwo(..) => continue,
                other => {
                    file.change(other);
                    continue;
                }
            }
            model.check();
        }
    }
}

/// Histories for each case of other property tests: more than 20,000 in all where these have 256.
const HISTORIES: u32 = 27;
/// The most steps of a history.
const STEPS: usize = 12;

fn run(keyed: bool, unique: bool) {
    let config = ProptestConfig::default();
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        cases: config.cases * HISTORIES,
        ..config
    });
    let run = |history: History| {
        history.run(keyed, unique);
        Ok(())
    };
    if let Err(failed) = runner.run(&history(), run) {
        panic!("{failed}");
    }
}

#[test]
fn every_history_of_rows_without_a_key_reads_back() {
    run(false, false);
}

#[test]
fn every_history_of_rows_with_a_key_reads_back() {
    run(true, true);
}

#[test]
fn every_history_of_rows_with_repeated_keys_reads_back() {
    run(true, false);
}
