//! Any cells, through every format and back.

use super::*;

/// A cell of a column of each kind.
fn cells(kind: usize) -> BoxedStrategy<String> {
    let letter = proptest::sample::select(vec![
        "a", "ü", "東", "\u{feff}", "\"", "\"\"", ",", "\t", ";", "\n", "\r\n", "\\", "'", " ",
        "007", "-", "{", "}", "[", "null", "=", "#", "true", "1e5", "\u{1}", "|",
    ]);
    match kind {
        0 => any::<i64>().prop_map(|number| number.to_string()).boxed(),
        1 => (-9_999_999_i64..9_999_999)
            .prop_map(|cents| {
                format!(
                    "{}{}.{:02}",
                    if cents < 0 { "-" } else { "" },
                    cents.abs() / 100,
                    cents.abs() % 100
                )
            })
            .boxed(),
        2 => (1900..2100, 1..13, 1..29)
            .prop_map(|(y, m, d)| format!("{d:02}.{m:02}.{y}"))
            .boxed(),
        3 => any::<bool>()
            .prop_map(|value| if value { "t" } else { "f" }.to_owned())
            .boxed(),
        4 => (0_u64..u64::MAX)
            .prop_map(|number| format!("{number:025}"))
            .boxed(),
        _ => proptest::collection::vec(letter, 0..6)
            .prop_map(|letters| letters.concat())
            .boxed(),
    }
}

/// The first row has a cell of each kind that tells what the column is, and needs no quotes.
const FIRST: [&str; 6] = [
    "12",
    "-1.25",
    "31.12.2024",
    "t",
    "0000000000000000000000007",
    "plain",
];

fn file() -> impl Strategy<Value = String> {
    let cell = |kind| prop_oneof![1 => Just(None), 6 => cells(kind).prop_map(Some)];
    let row = (cell(0), cell(1), cell(2), cell(3), cell(4), cell(5));
    proptest::collection::vec(row, 1..20).prop_map(|rows| {
        let mut text = "i,d,day,b,code,t\n".to_owned();
        for more in [FIRST, ["0", "2.50", "13.01.2024", "f", "0", "other"]] {
            text.push_str(&more.join(","));
            text.push('\n');
        }
        for (a, b, c, d, e, f) in rows {
            let cells = [a, b, c, d, e, f].map(|cell| match cell {
                None => String::new(),
                Some(cell) => format!("\"{}\"", cell.replace('"', "\"\"")),
            });
            text.push_str(&cells.join(","));
            text.push('\n');
        }
        text
    })
}

#[test]
fn hostile_cells_come_back_equal() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = runtime.block_on(Store::new());
    let folder = tempfile::tempdir().unwrap();
    let mut runner = TestRunner::new(Config {
        cases: Config::default().cases.min(24),
        failure_persistence: None,
        ..Config::default()
    });
    let number = std::cell::Cell::new(0);
    let asked = |job: &mut ImportFile, delimiter| {
        job.file.reading.encoding = Some("utf-8".parse().unwrap());
        job.file.reading.delimiter = Some(delimiter);
        job.file.reading.quote = Some(manifold_jobs::import::Mark::Char('"'));
        job.file.reading.header_rows = Some(1);
        job.file.reading.skip_lines = Some(0);
    };
    let ran = runner.run(&file(), |text| {
        runtime.block_on(async {
            number.set(number.get() + 1);
            let number = number.get();
            let path = store.write(&format!("{number}.csv"), text);
            let mut job = store.import_of(&path);
            job.target.source = ImportSource::Named(format!("{number}"));
            asked(&mut job, ',');
            let imported = store.run(job).await.outcome.unwrap();
            for format in ExportFormat::ALL {
                let file = folder.path().join(format!("{number}.{format}"));
                let rows = of_snapshot(&imported.snapshot_id);
                run(&store, export(&store, rows, format, &file))
                    .await
                    .unwrap();
                let mut job = store.import_of(&file);
                job.target.source = ImportSource::Named(format!("{number} {format}"));
                match format {
                    ExportFormat::Csv => asked(&mut job, ','),
                    ExportFormat::Tsv => asked(&mut job, '\t'),
                    _ => {}
                }
                let back = store.run(job).await.outcome.unwrap();
                assert_eq!(back.rejected, 0, "{format}");
                let found = seen(&store, &back.snapshot_id).await.through(format);
                let expected = seen(&store, &imported.snapshot_id).await.through(format);
                assert_eq!(found, expected, "{format}");
            }
        });
        Ok(())
    });
    ran.unwrap();
}
