//! The databases that are known.

/// The databases that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatabaseKind {
    Postgres,
    /// MySQL and MariaDB.
    MySql,
    Sqlite,
}

impl DatabaseKind {
    /// The one that an address begins with.
    pub(crate) fn of_scheme(scheme: &str) -> Option<Self> {
        match scheme.to_ascii_lowercase().as_str() {
            "postgres" | "postgresql" => Some(Self::Postgres),
            "mysql" | "mariadb" => Some(Self::MySql),
            "sqlite" => Some(Self::Sqlite),
            _ => None,
        }
    }

    /// How it is called in what is stored.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::MySql => "mysql",
            Self::Sqlite => "sqlite",
        }
    }

    /// A name in its quotes. What cannot be in a name is left out.
    pub(crate) fn quoted(self, name: &str) -> String {
        let name = name.replace('\0', "");
        match self {
            Self::MySql => format!("`{}`", name.replace('`', "``")),
            Self::Postgres | Self::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_within_its_quotes() {
        assert_eq!(DatabaseKind::MySql.quoted("a`; b"), "`a``; b`");
        assert_eq!(DatabaseKind::Postgres.quoted("a\"; \0b"), "\"a\"\"; b\"");
    }
}
