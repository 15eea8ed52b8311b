//! Cells that stand for NULL, types that somebody says, and the order of dates.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod round_trip;

use manifold_format::{CsvOptions, DateOrder, Nulls, Typing, Verdict};
use proptest::prelude::*;
use round_trip::Whole;

fn judged<C: AsRef<str>>(cells: impl IntoIterator<Item = C>, typing: &Typing) -> Verdict {
    let mut input = String::from("a,z\n");
    for cell in cells {
        input.push_str(cell.as_ref());
        input.push_str(",z\n");
    }
    let options = CsvOptions {
        null_tokens: typing.tokens().into(),
        ..CsvOptions::default()
    };
    let whole = Whole::read(input.as_bytes(), options).unwrap();
    assert_eq!(whole.write_back(), input.as_bytes());
    whole.summary.columns[0].under(typing.of("a"))
}

/// Type, format, encoding, odd cells, and what is NULL.
fn found_under<C: AsRef<str>>(cells: impl IntoIterator<Item = C>, typing: &Typing) -> String {
    let v = judged(cells, typing);
    let format = v.format.map(|f| format!("({f})")).unwrap_or_default();
    let nulls = v.null_tokens.iter();
    let nulls: Vec<_> = nulls.map(|n| format!("{}x{}", n.cells, n.token)).collect();
    let nulls = nulls.join(" ");
    format!(
        "{}{format} {} {} [{nulls}]",
        v.column_type, v.encoding, v.odd_cells
    )
}

fn found<C: AsRef<str>>(cells: impl IntoIterator<Item = C>) -> String {
    found_under(cells, &Typing::default())
}

fn with_tokens(tokens: &[&str], find: bool) -> Typing {
    Typing {
        nulls: Some(Nulls {
            tokens: tokens.iter().map(|&token| token.to_owned()).collect(),
            find,
        }),
        ..Typing::default()
    }
}

fn with_type(asked: &str) -> Typing {
    let mut typing = Typing::default();
    typing.types.insert("a".to_owned(), asked.parse().unwrap());
    typing
}

fn of(parts: &[(&str, usize)]) -> Vec<String> {
    let cells = parts.iter();
    cells
        .flat_map(|(cell, n)| vec![(*cell).to_owned(); *n])
        .collect()
}

#[test]
fn tokens_are_found_beside_any_type() {
    assert_eq!(found(["1", "NA", "3", ""]), "integer int 0 [1xNA]");
    assert_eq!(
        found(["1.50", "N/A", "-"]),
        "decimal(2) fixed2 0 [1x- 1xN/A]"
    );
    assert_eq!(found(["0.1", "0.25", "NaN"]), "real short 0 [1xNaN]");
    assert_eq!(
        found(["yes", "no", "unknown"]),
        "boolean(yes/no) bool:yes/no 0 [1xunknown]"
    );
    assert_eq!(
        found(["2024-01-31", "\\N"]),
        "date(%Y-%m-%d) text 0 [1x\\N]"
    );
    assert_eq!(
        found(["31.12.2024", "#N/A"]),
        "date(%d.%m.%Y) text 0 [1x#N/A]"
    );
    assert_eq!(found(["10:00", "?"]), "time(%H:%M) text 0 [1x?]");
    assert_eq!(
        found(["2024-01-31 10:00:00", "(null)"]),
        "timestamp(%Y-%m-%d %H:%M:%S) text 0 [1x(null)]"
    );
    assert_eq!(found(["\"1\"", "\"NA\""]), "integer int 0 [1xNA]");
}

#[test]
fn the_other_cells_decide_however_many_tokens_there_are() {
    assert_eq!(found(of(&[("7", 70), ("NA", 30)])), "integer int 0 [30xNA]");
    assert_eq!(
        found(of(&[("7", 1), ("NA", 999)])),
        "integer int 0 [999xNA]"
    );
    // 95 % of the others must conform.
    assert_eq!(
        found(of(&[("7", 95), ("5O", 5), ("NA", 900)])),
        "integer int 5 [900xNA]"
    );
    assert_eq!(
        found(of(&[("7", 94), ("5O", 6), ("NA", 900)])),
        "text text 0 []"
    );
    assert_eq!(
        found(of(&[("7", 99), ("007", 1), ("NA", 9)])),
        "text text 0 []"
    );
}

#[test]
fn text_has_none_whatever_it_looks_like() {
    assert_eq!(found(["DE", "NA", "FR"]), "text text 0 []");
    assert_eq!(found(["NA", "NA", ""]), "text text 0 []");
    assert_eq!(found(["-", "NA"]), "text text 0 []");
    assert_eq!(found(["no", "NA"]), "text text 0 []");
}

#[test]
fn tokens_are_found_behind_the_sample_too() {
    let late = (0..6000).map(|i| if i % 10 == 9 && i > 5000 { "NA" } else { "12" });
    assert_eq!(found(late), "integer int 0 [100xNA]");
    let early = (0..6000).map(|i| if i < 5000 { "NA" } else { "12" });
    assert_eq!(found(early), "integer int 0 [5000xNA]");
}

#[test]
fn somebody_says_what_is_null() {
    let none = with_tokens(&[], false);
    assert_eq!(
        found_under(of(&[("7", 99), ("NA", 1)]), &none),
        "integer int 1 []"
    );
    assert_eq!(
        found_under(of(&[("7", 9), ("NA", 1)]), &none),
        "text text 0 []"
    );
    let dates = ["2024-01-31", "-999", "NA"];
    assert_eq!(
        found_under(dates, &with_tokens(&["-999"], true)),
        "date(%Y-%m-%d) text 0 [1x-999 1xNA]"
    );
    // Tokens that look like numbers are not counted as numbers.
    assert_eq!(
        found_under(["1.50", "-9", "-9"], &with_tokens(&["-9"], true)),
        "decimal(2) fixed2 0 [2x-9]"
    );
    assert_eq!(
        found_under(["7", "0099"], &with_tokens(&["0099"], true)),
        "integer int 0 [1x0099]"
    );
    assert_eq!(
        found_under(["b", "x", "x"], &with_tokens(&["x"], true)),
        "text text 0 [2xx]"
    );
    assert_eq!(
        found_under(["1", "\"\"", ""], &with_tokens(&[""], true)),
        "integer int 0 [1x]"
    );
    assert_eq!(
        found_under(["1", "NA"], &with_tokens(&["NA"], false)),
        "integer int 0 [1xNA]"
    );
    // Nothing is left, and yet the cells hold something.
    assert_eq!(
        found_under(["x", "x"], &with_tokens(&["x"], true)),
        "text text 0 [2xx]"
    );
    assert_eq!(
        found_under(["1"], &with_tokens(&["x"], true)),
        "integer int 0 []"
    );
}

#[test]
fn somebody_says_the_type() {
    let under = |cells: &[&str], asked: &str| found_under(cells, &with_type(asked));
    assert_eq!(under(&["1", "2"], "text"), "text text 0 []");
    assert_eq!(under(&["1", "NA"], "text"), "text text 0 []");
    assert_eq!(
        under(&["1", "x", "y", "NA"], "integer"),
        "integer int 2 [1xNA]"
    );
    assert_eq!(under(&["1", "007"], "integer"), "integer int 1 []");
    assert_eq!(under(&["1", "2.5", "2.50"], "real"), "real short 1 []");
    assert_eq!(under(&["1", "2"], "decimal"), "decimal(1) fixed1 0 []");
    assert_eq!(
        under(&["1", "2.50", "2.5"], "decimal:2"),
        "decimal(2) fixed2 1 []"
    );
    assert_eq!(under(&["1", "0", "2"], "boolean"), "boolean(1/0) int 1 []");
    assert_eq!(
        under(&["yes", "x"], "boolean"),
        "boolean(yes/no) bool:yes/no 1 []"
    );
    assert_eq!(under(&["x", "y"], "date"), "date(%Y-%m-%d) text 2 []");
    assert_eq!(under(&["01/02/2024"], "date"), "text text 0 []");
    assert!(judged(["01/02/2024"], &with_type("date")).ambiguous_date);
    assert_eq!(
        under(&["31/02/2024", "13/02/2024"], "date"),
        "date(%d/%m/%Y) text 1 []"
    );
    assert_eq!(
        under(&["01/02/2024", "x"], "date:%m/%d/%Y"),
        "date(%m/%d/%Y) text 1 []"
    );
    assert_eq!(
        under(&["10:00", "10:00:00"], "time:%H:%M:%S"),
        "time(%H:%M:%S) text 1 []"
    );
    assert_eq!(
        under(&["2024-01-31T10:00Z", "x"], "timestamp"),
        "timestamp(%Y-%m-%dT%H:%MZ) text 1 []"
    );
    assert_eq!(under(&["", ""], "integer"), "empty text 0 []");
}

#[test]
fn an_order_decides_what_the_dates_do_not() {
    let under = |cells: &[&str], order| {
        let typing = Typing {
            date_order: Some(order),
            ..Typing::default()
        };
        found_under(cells, &typing)
    };
    let ambiguous = ["01/02/2024", "03/04/2024"];
    assert_eq!(
        under(&ambiguous, DateOrder::Dmy),
        "date(%d/%m/%Y) text 0 []"
    );
    assert_eq!(
        under(&ambiguous, DateOrder::Mdy),
        "date(%m/%d/%Y) text 0 []"
    );
    assert_eq!(under(&ambiguous, DateOrder::Ymd), "text text 0 []");
    assert_eq!(
        under(&["2024-01-02"], DateOrder::Dmy),
        "date(%Y-%m-%d) text 0 []"
    );
    // Cells that tell it are believed, unless they are too few to matter.
    assert_eq!(
        under(&["01/31/2024"], DateOrder::Dmy),
        "date(%m/%d/%Y) text 0 []"
    );
    let mut mostly = vec!["01/02/2024"; 99];
    mostly.push("01/31/2024");
    assert_eq!(under(&mostly, DateOrder::Dmy), "date(%d/%m/%Y) text 1 []");
}

proptest! {
    /// Whatever a column holds, and whatever is said to be NULL: each cell is counted once.
    #[test]
    fn every_cell_is_null_odd_or_conforming(
        cells in proptest::collection::vec(
            proptest::sample::select(vec!["1", "-9", "2.50", "NA", "x", "", "-", "yes", "007", "01/02/2024", "2024-01-31"]),
            1..60,
        ),
        tokens in proptest::sample::subsequence(vec!["1", "-9", "2.50", "NA", "x", "yes", "007", "01/02/2024"], 0..4),
        find: bool,
        asked in proptest::sample::select(vec!["auto", "text", "integer", "decimal:2", "boolean", "date", "time"]),
    ) {
        let mut typing = with_tokens(&tokens, find);
        typing.types.insert("a".to_owned(), asked.parse().unwrap());
        let verdict = judged(&cells, &typing.or(&Typing::default()));
        let tokens: u64 = verdict.null_tokens.iter().map(|token| token.cells).sum();
        prop_assert_eq!(
            verdict.nulls + tokens + verdict.odd_cells + verdict.conforming,
            cells.len() as u64
        );
        for token in &verdict.null_tokens {
            let cells = cells.iter().filter(|cell| **cell == token.token).count();
            prop_assert_eq!(cells as u64, token.cells);
        }
    }
}
