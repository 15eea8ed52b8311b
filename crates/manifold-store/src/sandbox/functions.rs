//! The functions that users' SQL may call.

/// Scalar, aggregate and window functions that only compute: none reads a file, changes a setting
/// or tells about the connection. Sorted, so that they can be searched.
const ALLOWED: &[&str] = &[
    "->",
    "->>",
    "abs",
    "avg",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "current_date",
    "current_time",
    "current_timestamp",
    "date",
    "datetime",
    "dense_rank",
    "first_value",
    "format",
    "glob",
    "group_concat",
    "hex",
    "if",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_error_position",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_patch",
    "json_pretty",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_type",
    "json_valid",
    "jsonb",
    "jsonb_array",
    "jsonb_extract",
    "jsonb_group_array",
    "jsonb_group_object",
    "jsonb_insert",
    "jsonb_object",
    "jsonb_patch",
    "jsonb_remove",
    "jsonb_replace",
    "jsonb_set",
    "julianday",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "lower",
    "ltrim",
    "max",
    "min",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "printf",
    "quote",
    "random",
    "randomblob",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "soundex",
    "sqlite_version",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "subtype",
    "sum",
    "time",
    "timediff",
    "total",
    "trim",
    "typeof",
    "unhex",
    "unicode",
    "unistr",
    "unistr_quote",
    "unixepoch",
    "unlikely",
    "upper",
    "zeroblob",
];

/// Functions of FROM clauses that only compute from their arguments or describe a source.
const TABLE_FUNCTIONS: &[&str] = &[
    "json_each",
    "json_tree",
    "jsonb_each",
    "jsonb_tree",
    "pragma_table_info",
    "pragma_table_xinfo",
];

/// Whether users' SQL may call the function of this name, in any case.
pub(super) fn is_allowed(name: &str) -> bool {
    ALLOWED
        .binary_search(&name.to_ascii_lowercase().as_str())
        .is_ok()
}

/// Whether users' SQL may read from the table-valued function of this name, in any case.
pub(super) fn is_allowed_table(name: &str) -> bool {
    TABLE_FUNCTIONS
        .iter()
        .any(|allowed| allowed.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    /// Built-in functions that stay refused, each for what it would give away or do.
    const REFUSED: &[&str] = &[
        "bm25",
        "changes",
        "fts3_tokenizer",
        "fts5",
        "fts5_get_locale",
        "fts5_insttoken",
        "fts5_locale",
        "fts5_source_id",
        "highlight",
        "last_insert_rowid",
        "load_extension",
        "match",
        "matchinfo",
        "offsets",
        "optimize",
        "rtreecheck",
        "rtreedepth",
        "rtreenode",
        "snippet",
        "sqlite_compileoption_get",
        "sqlite_compileoption_used",
        "sqlite_log",
        "sqlite_source_id",
        "total_changes",
    ];

    #[test]
    fn the_lists_are_sorted() {
        assert!(ALLOWED.is_sorted());
        assert!(REFUSED.is_sorted());
    }

    #[test]
    fn every_built_in_function_is_judged_and_every_judged_one_exists() {
        let connection = Connection::open_in_memory().unwrap();
        let mut list = connection
            .prepare("SELECT DISTINCT name FROM pragma_function_list ORDER BY name")
            .unwrap();
        let built_in: Vec<String> = list
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        for name in &built_in {
            let refused = REFUSED.binary_search(&name.as_str()).is_ok();
            assert!(
                is_allowed(name) != refused,
                "{name} is neither allowed nor refused, or both"
            );
        }
        for name in ALLOWED.iter().chain(REFUSED) {
            assert!(
                built_in.iter().any(|known| known == name),
                "{name} is not built in"
            );
        }
    }
}
