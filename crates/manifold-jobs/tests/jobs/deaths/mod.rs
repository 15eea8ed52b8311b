//! Imports, exports, pulls and what is sent into databases die at every point that they pass: nothing is lost, and nothing is there
//! twice, on either side.

mod child;
mod exports;
mod imports;
mod pulls;
mod seen;
mod sends;
mod stage;
mod work;

use std::fmt::Write as _;

/// Rows of a file: more than are handed over at once.
const ROWS: usize = 1_100;

/// A version of the rows: of the second some are changed, gone, new and elsewhere.
fn csv(version: usize) -> String {
    let mut text = "id,name,n\n".to_owned();
    let mut row =
        |id: usize, name: &str| writeln!(text, "{id},{name} {id},{}", id * 7 % 100).unwrap();
    for id in 0..ROWS {
        match version {
            2 if id % 3 == 0 => row(id, "other"),
            2 if id % 50 == 1 || id == 700 => {}
            _ => row(id, "name"),
        }
    }
    if version == 2 {
        (2 * ROWS..2 * ROWS + 40).for_each(|id| row(id, "new"));
        row(700, "name");
    }
    text
}
