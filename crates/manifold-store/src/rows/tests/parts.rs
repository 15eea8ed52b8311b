//! The pure parts on their own.

use super::super::cell::Cell;
use super::super::duplicates::KeyCounter;
use super::super::spool::{Scratch, Spool};
use proptest::prelude::*;
use rusqlite::Connection;

fn scratch() -> Scratch {
    Scratch::beside(&Connection::open_in_memory().unwrap())
}

#[derive(Debug, Clone)]
enum Owned {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

impl Owned {
    fn cell(&self) -> Cell<'_> {
        match self {
            Self::Null => Cell::Null,
            Self::Int(value) => Cell::Int(*value),
            Self::Real(value) => Cell::Real(*value),
            Self::Text(text) => Cell::Text(text.as_bytes()),
            Self::Blob(bytes) => Cell::Blob(bytes),
        }
    }
}

fn owned() -> impl Strategy<Value = Owned> {
    prop_oneof![
        Just(Owned::Null),
        any::<i64>().prop_map(Owned::Int),
        any::<f64>().prop_map(Owned::Real),
        ".{0,9}".prop_map(Owned::Text),
        any::<Vec<u8>>().prop_map(Owned::Blob),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn packed_cells_unpack_and_differ_iff_the_cells_do(a in owned(), b in owned()) {
        let mut packed = [Vec::new(), Vec::new()];
        a.cell().pack(&mut packed[0]);
        b.cell().pack(&mut packed[1]);
        prop_assert_eq!(a.cell().same(&b.cell()), packed[0] == packed[1]);
        let both = packed.concat();
        let mut rest = both.as_slice();
        prop_assert!(Cell::unpack(&mut rest).is_some_and(|cell| cell.same(&a.cell())));
        prop_assert!(Cell::unpack(&mut rest).is_some_and(|cell| cell.same(&b.cell())));
        prop_assert!(rest.is_empty() && Cell::unpack(&mut rest).is_none());
    }

    #[test]
    fn repeated_keys_are_counted_across_runs(
        hashes in prop::collection::vec(0_u64..40, 0..200),
        chunk in 1_usize..50,
    ) {
        let mut counter = KeyCounter::new(&scratch().keeping(8 * chunk));
        for hash in &hashes {
            counter.push(*hash).unwrap();
        }
        let distinct: std::collections::HashSet<_> = hashes.iter().collect();
        prop_assert_eq!(counter.repeated().unwrap(), (hashes.len() - distinct.len()) as u64);
    }
}

#[test]
fn a_spool_reads_back_from_memory_and_from_a_file() {
    for size in [10, 3 << 20] {
        let mut spool = Spool::new(&scratch());
        let strings: Vec<Vec<u8>> = (0..7_u8).map(|n| vec![n; size * usize::from(n)]).collect();
        for (index, bytes) in strings.iter().enumerate() {
            assert_eq!(spool.push(bytes).unwrap(), index as u64);
        }
        let mut reader = spool.into_reader().unwrap();
        assert_eq!(reader.next().unwrap().unwrap(), strings[0]);
        assert_eq!(reader.at(3).unwrap(), strings[3]);
        assert_eq!(reader.at(3).unwrap(), strings[3]);
        assert_eq!(reader.at(6).unwrap(), strings[6]);
        assert!(reader.next().unwrap().is_none());
        assert!(reader.at(7).is_err());
    }
}
