//! The columns of a target.

use manifold_format::{ColumnType, unique_names};
use manifold_store::rows::Column;

use super::TargetError;
use crate::database::DatabaseKind;

/// A column of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TargetColumn {
    pub(super) name: String,
    /// The type with which it is made where it is missing.
    pub(super) declared: String,
    pub(super) fitted: Fitted,
}

/// How the cells of a column are brought into its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fitted {
    AsShown,
    /// Text and bytes are bytes there.
    Bytes,
    /// Moments are in UTC there, and have no offset.
    Utc,
}

/// The columns that the columns of a snapshot become. A type is that of the column if every cell is of it, else text.
///
/// # Errors
/// [`TargetError::Name`].
pub(super) fn target_columns(
    kind: DatabaseKind,
    columns: &[Column],
    key: &[String],
) -> Result<Vec<TargetColumn>, TargetError> {
    let names = unique_names(columns.iter().map(|column| column.name.as_bytes()));
    columns
        .iter()
        .zip(names)
        .map(|(column, name)| {
            check_name(kind, &name)?;
            let is_key = key.contains(&column.name);
            let (declared, fitted) = declared(kind, column, is_key);
            Ok(TargetColumn {
                name,
                declared,
                fitted,
            })
        })
        .collect()
}

/// Fails for a name that the database would cut or refuse.
///
/// # Errors
/// [`TargetError::Name`].
pub(super) fn check_name(kind: DatabaseKind, name: &str) -> Result<(), TargetError> {
    let (longest, length) = match kind {
        DatabaseKind::Postgres => (63, name.len()),
        DatabaseKind::MySql => (64, name.chars().count()),
        DatabaseKind::Sqlite => (1_000, name.len()),
    };
    let reason = if length > longest {
        Some(format!("it is longer than {longest}"))
    } else if name.contains('\0') {
        Some("it has a NUL in it".to_owned())
    } else if kind == DatabaseKind::MySql && name.ends_with(' ') {
        Some("it ends in a space".to_owned())
    } else {
        None
    };
    match reason {
        Some(reason) => Err(TargetError::Name {
            name: name.to_owned(),
            reason,
        }),
        None => Ok(()),
    }
}

fn declared(kind: DatabaseKind, column: &Column, is_key: bool) -> (String, Fitted) {
    use DatabaseKind::{MySql, Postgres, Sqlite};
    let known = ColumnType::from_code(&column.column_type);
    let has_offset = column
        .format
        .as_deref()
        .is_some_and(|format| format.ends_with('Z') || format.ends_with('z'));
    // A text column has no odd cells but bytes.
    let is_bytes = known == Some(ColumnType::Text) && column.odd_cells > 0;
    if is_bytes {
        let declared = match kind {
            Postgres => "bytea",
            MySql => "LONGBLOB",
            Sqlite => "",
        };
        let fitted = if kind == Sqlite {
            Fitted::AsShown
        } else {
            Fitted::Bytes
        };
        return (declared.to_owned(), fitted);
    }
    let pure = known.filter(|_| column.odd_cells == 0);
    let text = match (kind, is_key) {
        (MySql, true) => "VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        (MySql, false) => "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        (Postgres, _) => "text",
        (Sqlite, _) => "TEXT",
    };
    let plain = |declared: &str| (declared.to_owned(), Fitted::AsShown);
    match (pure, kind) {
        (Some(ColumnType::Integer), Postgres) => plain("bigint"),
        (Some(ColumnType::Integer), MySql) => plain("BIGINT"),
        (Some(ColumnType::Integer), Sqlite) => plain("INTEGER"),
        (Some(ColumnType::Boolean), Postgres) => plain("boolean"),
        (Some(ColumnType::Boolean), MySql) => plain("TINYINT(1)"),
        (Some(ColumnType::Boolean), Sqlite) => plain("BOOLEAN"),
        (Some(ColumnType::Decimal), Postgres) => plain("numeric"),
        (Some(ColumnType::Real), Postgres) => plain("double precision"),
        (Some(ColumnType::Decimal), MySql) => {
            let digits = column
                .format
                .as_deref()
                .and_then(|digits| digits.parse::<u8>().ok());
            match digits {
                Some(digits) if digits <= 30 => plain(&format!("DECIMAL(38,{digits})")),
                _ => plain("DOUBLE"),
            }
        }
        (Some(ColumnType::Real), MySql) => plain("DOUBLE"),
        (Some(ColumnType::Decimal | ColumnType::Real), Sqlite) => plain(""),
        (Some(ColumnType::Date), Postgres) => plain("date"),
        (Some(ColumnType::Date), MySql) => plain("DATE"),
        (Some(ColumnType::Time), Postgres) => plain("time"),
        (Some(ColumnType::Time), MySql) => plain("TIME(6)"),
        (Some(ColumnType::Timestamp), Postgres) if has_offset => plain("timestamptz"),
        (Some(ColumnType::Timestamp), Postgres) => plain("timestamp"),
        (Some(ColumnType::Timestamp), MySql) => {
            let fitted = if has_offset {
                Fitted::Utc
            } else {
                Fitted::AsShown
            };
            ("DATETIME(6)".to_owned(), fitted)
        }
        _ => plain(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(column_type: &str, format: Option<&str>, odd_cells: i64) -> Column {
        Column {
            phys: 1,
            name: "c".to_owned(),
            column_type: column_type.to_owned(),
            format: format.map(str::to_owned),
            encoding: "text".to_owned(),
            quoting: "minimal".to_owned(),
            odd_cells,
            null_tokens: Vec::new(),
        }
    }

    #[test]
    fn a_type_is_kept_where_every_cell_is_of_it() {
        let of = |kind, column: Column| declared(kind, &column, false).0;
        assert_eq!(
            of(DatabaseKind::Postgres, column("integer", None, 0)),
            "bigint"
        );
        assert_eq!(
            of(DatabaseKind::Postgres, column("integer", None, 1)),
            "text"
        );
        assert_eq!(of(DatabaseKind::Postgres, column("text", None, 1)), "bytea");
        assert_eq!(
            of(DatabaseKind::MySql, column("decimal", Some("2"), 0)),
            "DECIMAL(38,2)"
        );
        let zoned = column("timestamp", Some("%Y-%m-%dT%H:%M:%SZ"), 0);
        assert_eq!(of(DatabaseKind::Postgres, zoned.clone()), "timestamptz");
        assert_eq!(declared(DatabaseKind::MySql, &zoned, false).1, Fitted::Utc);
        let local = column("timestamp", Some("%Y-%m-%d %H:%M:%S"), 0);
        assert_eq!(of(DatabaseKind::Postgres, local), "timestamp");
    }

    #[test]
    fn names_that_would_be_cut_are_refused() {
        assert!(check_name(DatabaseKind::Postgres, &"x".repeat(63)).is_ok());
        assert!(check_name(DatabaseKind::Postgres, &"ä".repeat(32)).is_err());
        assert!(check_name(DatabaseKind::MySql, "a ").is_err());
    }
}
