//! A column whose cells were all counted, one by one.

use std::collections::HashMap;

use manifold_format::{
    ColumnProfile, ColumnType, CsvOptions, CsvReader, Encoding, Item, JudgedColumn, Record,
    TableProfiler, TopValue, Value, Verdict,
};

/// The cells of one column as they were read; `None` is NULL.
pub(crate) type Cells = Vec<Option<Vec<u8>>>;

/// One line for each cell, with a column before it that is never empty.
pub(crate) fn csv(cells: &[Option<&str>]) -> String {
    let quoted = |text: &&str| format!("\"{}\"", text.replace('"', "\"\""));
    let plain = |text: &&str| !text.is_empty() && !text.contains(['"', ',', '\n', '\r']);
    let mut csv = String::from("n,c\n");
    for (number, cell) in cells.iter().enumerate() {
        let cell = match cell {
            None => String::new(),
            Some(text) if plain(text) => (*text).to_owned(),
            Some(text) => quoted(text),
        };
        csv += &format!("{number},{cell}\n");
    }
    csv
}

/// A file that was read.
pub(crate) struct Read {
    pub(crate) rows: Vec<Record>,
    pub(crate) encodings: Vec<Encoding>,
    pub(crate) verdicts: Vec<Verdict>,
    pub(crate) profiles: Vec<Option<ColumnProfile>>,
}

/// Reads a file and finds what its columns hold.
pub(crate) fn read(csv: &str) -> Read {
    let mut reader = CsvReader::open(csv.as_bytes(), CsvOptions::default()).unwrap();
    let encodings: Vec<_> = (reader.columns().iter())
        .map(|column| column.proposal.encoding)
        .collect();
    let mut profiler = TableProfiler::new(&encodings);
    let (mut rows, mut record) = (Vec::new(), Record::new());
    loop {
        match reader.next(&mut record).unwrap() {
            Item::Row => {
                profiler.count_record(&record);
                rows.push(record.clone());
            }
            Item::Rejected => {}
            Item::End => break,
        }
    }
    let verdicts = reader.finish().unwrap().columns;
    Read {
        profiles: profiler.finish(judged(&verdicts)),
        rows,
        encodings,
        verdicts,
    }
}

pub(crate) fn judged(verdicts: &[Verdict]) -> impl Iterator<Item = JudgedColumn<'_>> {
    verdicts.iter().map(|verdict| JudgedColumn {
        column_type: verdict.column_type,
        format: verdict.format.as_deref(),
        null_tokens: &[],
    })
}

/// What the stored rows show, as an import leaves them: encoded as the whole columns want.
pub(crate) fn stored(read: &Read) -> Vec<ColumnProfile> {
    let wanted: Vec<Encoding> = read.verdicts.iter().map(|v| v.encoding).collect();
    let types = read.verdicts.iter().map(|verdict| verdict.column_type);
    let mut profiler = TableProfiler::stored(wanted.iter().copied().zip(types));
    for row in &read.rows {
        let mut buffers = vec![Vec::new(); wanted.len()];
        let turns = read.encodings.iter().zip(&wanted).zip(&mut buffers);
        let values: Vec<Value<'_>> = (row.cells().zip(turns))
            .map(|(value, ((from, to), buffer))| from.reencode(value, *to, buffer))
            .collect();
        profiler.count_stored(values.into_iter());
    }
    let found = profiler.finish(judged(&read.verdicts));
    found.into_iter().map(Option::unwrap).collect()
}

/// Checks that stored rows show what reading has shown, where it has shown all; returns what they show of the second column.
pub(crate) fn agreed(read: &Read) -> ColumnProfile {
    let mut stored = stored(read);
    for (read, stored) in read.profiles.iter().zip(&stored) {
        assert!(
            read.as_ref().is_none_or(|read| read == stored),
            "{read:?}, not {stored:?}"
        );
    }
    stored.remove(1)
}

/// The cells of the second column.
pub(crate) fn cells(read: &Read) -> Cells {
    let cell = |record: &Record| match record.cell(1) {
        Value::Null => None,
        _ => Some(record.raw_cell(1).to_vec()),
    };
    read.rows.iter().map(cell).collect()
}

/// How often each value is there.
pub(crate) fn counts(cells: &Cells) -> HashMap<&[u8], u64> {
    let mut counts = HashMap::new();
    for cell in cells.iter().flatten() {
        *counts.entry(cell.as_slice()).or_default() += 1;
    }
    counts
}

/// Checks what is exact whatever the number of values.
pub(crate) fn check_exact(profile: &ColumnProfile, cells: &Cells, column_type: ColumnType) {
    assert_eq!(profile.rows, cells.len() as u64);
    let nulls = cells.iter().filter(|cell| cell.is_none()).count();
    assert_eq!(profile.nulls, nulls as u64);
    let filled: Vec<&[u8]> = cells.iter().flatten().map(Vec::as_slice).collect();
    let full: Vec<&[u8]> = (filled.iter().copied())
        .filter(|cell| !cell.is_empty())
        .collect();
    assert_eq!(profile.empties, (filled.len() - full.len()) as u64);
    let texts = full.iter().filter(|cell| std::str::from_utf8(cell).is_ok());
    let number = |cell: &&&[u8]| {
        let text = std::str::from_utf8(cell).ok()?;
        let is_odd =
            |digits: &str| digits.starts_with('0') && !digits.starts_with("0.") && digits != "0";
        if is_odd(text.trim_start_matches('-')) || text == "-0" || text.contains(['+', 'e', '_']) {
            return None;
        }
        text.parse::<f64>().ok()
    };
    match column_type {
        ColumnType::Text => {
            let ends = [texts.clone().min(), texts.clone().max()];
            for (found, end) in [&profile.min, &profile.max].into_iter().zip(ends) {
                let found = found
                    .as_ref()
                    .map(|value| (value.bytes.as_slice(), value.shortened));
                let cut = |cell: &&[u8]| cell.len() > 64;
                match (found, end) {
                    (Some((bytes, shortened)), Some(end)) => {
                        assert!(end.starts_with(bytes));
                        assert_eq!(shortened, cut(end));
                        assert!(shortened || *end == bytes);
                    }
                    (found, end) => assert_eq!(found.is_some(), end.is_some()),
                }
            }
            let lengths = texts.map(|cell| String::from_utf8_lossy(cell).chars().count() as u32);
            assert_eq!(profile.min_length, lengths.clone().min());
            assert_eq!(profile.max_length, lengths.max());
        }
        ColumnType::Integer | ColumnType::Decimal | ColumnType::Real => {
            let numbers: Vec<f64> = full.iter().filter_map(|cell| number(&cell)).collect();
            let shown = |end: &Option<manifold_format::ShownValue>| -> f64 {
                String::from_utf8(end.clone().unwrap().bytes)
                    .unwrap()
                    .parse()
                    .unwrap()
            };
            assert_eq!(
                shown(&profile.min),
                numbers.iter().copied().fold(f64::MAX, f64::min)
            );
            assert_eq!(
                shown(&profile.max),
                numbers.iter().copied().fold(f64::MIN, f64::max)
            );
            let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
            let off = (profile.mean.unwrap() - mean).abs();
            assert!(off <= 1e-9 * (1.0 + numbers.iter().map(|n| n.abs()).fold(0.0, f64::max)));
        }
        _ => {}
    }
}

/// Checks that frequent values are counted as exactly as the profile says.
pub(crate) fn check_top(profile: &ColumnProfile, cells: &Cells) {
    let mut counts = counts(cells);
    let mut last = u64::MAX;
    for TopValue {
        value,
        count,
        error,
    } in &profile.top
    {
        assert!(*count <= last, "the most frequent comes first");
        last = *count;
        if !value.shortened {
            let exact = counts.remove(value.bytes.as_slice()).unwrap();
            assert!(
                *count <= exact && exact <= count + error,
                "{count} + {error}, not {exact}"
            );
        }
    }
    let most = counts
        .values()
        .filter(|_| profile.top.iter().all(|top| !top.value.shortened))
        .max();
    let bound = profile.others_at_most;
    assert!(
        most.is_none_or(|most| *most <= bound),
        "{most:?} above {bound}"
    );
}
