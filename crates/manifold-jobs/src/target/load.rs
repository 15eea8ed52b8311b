//! Writing many rows into a table.

use manifold_store::ForeignValue;
use sqlx::AssertSqlSafe;

use super::TargetError;
use super::cell::TargetCell;
use super::connection::{Open, TargetConnection};
use super::rows::{Line, Stream};
use crate::Progress;
use crate::database::{DatabaseError, DatabaseKind};

/// The most values of one statement of MySQL, and its most bytes.
const VALUES: usize = 60_000;
const BYTES: usize = 1 << 20;

/// What a row of the table is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// The cells of the latest snapshot.
    Ours,
    /// What happened, the number of the row, its cells, and those that it had.
    Change,
}

/// Writes all rows of a stream into columns of a table, and returns how many they were.
///
/// # Errors
/// [`TargetError`].
pub(super) async fn load(
    target: &mut TargetConnection,
    table: &str,
    columns: &[String],
    mut stream: Stream,
    shape: Shape,
    report: &(dyn Fn(Progress) + Send + Sync),
) -> Result<u64, TargetError> {
    let loaded = rows(target, table, columns, &mut stream, shape, report).await;
    match (loaded, stream.finish().await) {
        (Err(error), _) => Err(error.into()),
        (Ok(_), Err(error)) => Err(error),
        (Ok(rows), Ok(())) => Ok(rows),
    }
}

async fn rows(
    target: &mut TargetConnection,
    table: &str,
    columns: &[String],
    stream: &mut Stream,
    shape: Shape,
    report: &(dyn Fn(Progress) + Send + Sync),
) -> Result<u64, DatabaseError> {
    let listed = columns.join(", ");
    let mut counted = 0u64;
    let mut numbered = |lines: Vec<Line>| -> Vec<Vec<TargetCell>> {
        let rows = lines.into_iter().map(|line| {
            counted += 1;
            match shape {
                Shape::Ours => line.ours,
                Shape::Change => {
                    let mut row = vec![
                        TargetCell::Text(line.op.to_owned()),
                        TargetCell::Int(i64::try_from(counted).unwrap_or(i64::MAX)),
                    ];
                    row.extend(line.ours);
                    row.extend(line.base);
                    row
                }
            }
        });
        let rows = rows.collect();
        report(Progress {
            done: counted,
            unit: "rows",
            rows: Some(counted),
            ..Progress::step("sending")
        });
        rows
    };
    let timed = target.timed.clone();
    match &mut target.open {
        Open::Postgres(reached, connection) => {
            let sql = format!("COPY {table} ({listed}) FROM STDIN");
            let mut copy = timed.answer(reached, connection.copy_in_raw(&sql)).await?;
            while let Some(lines) = stream.next().await? {
                let mut text = Vec::new();
                numbered(lines)
                    .iter()
                    .for_each(|row| copy_row(row, &mut text));
                timed.answer(reached, copy.send(text)).await?;
            }
            timed.answer(reached, copy.finish()).await?;
        }
        Open::MySql(reached, connection) => {
            let marks = format!("({})", vec!["?"; columns.len()].join(","));
            let most = (VALUES / columns.len().max(1)).max(1);
            while let Some(lines) = stream.next().await? {
                for rows in parts(numbered(lines), most) {
                    let marks = vec![marks.as_str(); rows.len()].join(",");
                    let sql = format!("INSERT INTO {table} ({listed}) VALUES {marks}");
                    // It is prepared once for all parts of the same length: to close it each time costs a delayed acknowledgement.
                    let mut query = sqlx::query(AssertSqlSafe(sql));
                    for cell in rows.into_iter().flatten() {
                        query = match cell {
                            TargetCell::Null => query.bind(None::<String>),
                            TargetCell::Int(value) => query.bind(value),
                            TargetCell::Number(_, digits) => query.bind(digits),
                            TargetCell::Bool(value) => query.bind(i64::from(value)),
                            TargetCell::Text(text) => query.bind(text),
                            TargetCell::Blob(bytes) => query.bind(bytes),
                        };
                    }
                    timed
                        .answer(reached, query.execute(&mut **connection))
                        .await?;
                }
            }
        }
        Open::Sqlite(file) => {
            let marks = vec!["?"; columns.len()].join(",");
            let sql = format!("INSERT INTO {table} ({listed}) VALUES ({marks})");
            while let Some(lines) = stream.next().await? {
                let (rows, sql) = (numbered(lines), sql.clone());
                let insert = move |target: &manifold_store::ForeignTarget| {
                    for row in rows {
                        let row: Vec<_> = row.into_iter().map(value).collect();
                        target.run(&sql, &row)?;
                    }
                    Ok(())
                };
                file.work(&timed, insert).await?;
            }
        }
    }
    debug_assert!(target.kind != DatabaseKind::Sqlite || !columns.is_empty());
    Ok(counted)
}

/// Rows in parts that one statement takes.
fn parts(rows: Vec<Vec<TargetCell>>, most: usize) -> Vec<Vec<Vec<TargetCell>>> {
    let (mut parts, mut part, mut bytes) = (Vec::new(), Vec::new(), 0);
    for row in rows {
        let size: usize = row.iter().map(TargetCell::size).sum();
        if !part.is_empty() && (part.len() == most || bytes + size > BYTES) {
            parts.push(std::mem::take(&mut part));
            bytes = 0;
        }
        bytes += size;
        part.push(row);
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

/// Appends a row in the text form of COPY.
fn copy_row(row: &[TargetCell], out: &mut Vec<u8>) {
    for (index, cell) in row.iter().enumerate() {
        if index > 0 {
            out.push(b'\t');
        }
        match cell {
            TargetCell::Null => out.extend_from_slice(b"\\N"),
            TargetCell::Int(value) => out.extend_from_slice(value.to_string().as_bytes()),
            TargetCell::Number(_, digits) => out.extend_from_slice(digits.as_bytes()),
            TargetCell::Bool(value) => out.extend_from_slice(value.to_string().as_bytes()),
            TargetCell::Text(text) => escape(text.as_bytes(), out),
            TargetCell::Blob(bytes) => {
                out.extend_from_slice(b"\\\\x");
                for byte in bytes {
                    out.extend_from_slice(format!("{byte:02x}").as_bytes());
                }
            }
        }
    }
    out.push(b'\n');
}

fn escape(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            other => out.push(*other),
        }
    }
}

fn value(cell: TargetCell) -> ForeignValue {
    match cell {
        TargetCell::Null => ForeignValue::Null,
        TargetCell::Int(value) => ForeignValue::Integer(value),
        TargetCell::Number(value, _) => ForeignValue::Real(value),
        TargetCell::Bool(value) => ForeignValue::Integer(value.into()),
        TargetCell::Text(text) => ForeignValue::Text(text.into_bytes()),
        TargetCell::Blob(bytes) => ForeignValue::Blob(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_stays_one_row_of_copy() {
        let row = [
            TargetCell::Text("a\tb\nc\\N".to_owned()),
            TargetCell::Null,
            TargetCell::Blob(vec![0, 255]),
            TargetCell::Bool(true),
        ];
        let mut out = Vec::new();
        copy_row(&row, &mut out);
        assert_eq!(out, b"a\\tb\\nc\\\\N\t\\N\t\\\\x00ff\ttrue\n");
    }

    #[test]
    fn no_statement_has_too_many_rows() {
        let rows = vec![vec![TargetCell::Int(1)]; 7];
        let sizes: Vec<_> = parts(rows, 3).iter().map(Vec::len).collect();
        assert_eq!(sizes, [3, 3, 1]);
    }
}
