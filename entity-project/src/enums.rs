//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(
    Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum, Copy, Serialize, Deserialize, Hash,
)]
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "Cardinality")]
#[serde(rename_all = "snake_case")]
pub enum Cardinality {
    #[sea_orm(string_value = "one_to_one")]
    OneToOne,
    #[sea_orm(string_value = "one_to_many")]
    OneToMany,
    #[sea_orm(string_value = "many_to_one")]
    ManyToOne,
    #[sea_orm(string_value = "many_to_many")]
    ManyToMany,
}

#[derive(
    Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum, Copy, Serialize, Deserialize, Hash,
)]
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "ColumnType")]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    #[sea_orm(string_value = "empty")]
    Empty,
    #[sea_orm(string_value = "integer")]
    Integer,
    #[sea_orm(string_value = "real")]
    Real,
    #[sea_orm(string_value = "decimal")]
    Decimal,
    #[sea_orm(string_value = "boolean")]
    Boolean,
    #[sea_orm(string_value = "date")]
    Date,
    #[sea_orm(string_value = "time")]
    Time,
    #[sea_orm(string_value = "timestamp")]
    Timestamp,
    #[sea_orm(string_value = "text")]
    Text,
}

#[derive(
    Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum, Copy, Serialize, Deserialize, Hash,
)]
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "ImportState")]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    #[sea_orm(string_value = "running")]
    Running,
    #[sea_orm(string_value = "completed")]
    Completed,
    #[sea_orm(string_value = "unchanged")]
    Unchanged,
    #[sea_orm(string_value = "failed")]
    Failed,
}

#[derive(
    Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum, Copy, Serialize, Deserialize, Hash,
)]
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "Quoting")]
#[serde(rename_all = "snake_case")]
pub enum Quoting {
    #[sea_orm(string_value = "minimal")]
    Minimal,
    #[sea_orm(string_value = "nonempty")]
    Nonempty,
    #[sea_orm(string_value = "always")]
    Always,
}

#[derive(
    Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum, Copy, Serialize, Deserialize, Hash,
)]
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "RowEpochKind")]
#[serde(rename_all = "snake_case")]
pub enum RowEpochKind {
    #[sea_orm(string_value = "undone")]
    Undone,
    #[sea_orm(string_value = "changed")]
    Changed,
    #[sea_orm(string_value = "pruned")]
    Pruned,
}

#[derive(
    Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum, Copy, Serialize, Deserialize, Hash,
)]
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "SourceStatus")]
#[serde(rename_all = "snake_case")]
pub enum SourceStatus {
    #[sea_orm(string_value = "idle")]
    Idle,
    #[sea_orm(string_value = "ok")]
    Ok,
    #[sea_orm(string_value = "error")]
    Error,
    #[sea_orm(string_value = "disabled")]
    Disabled,
}

#[derive(
    Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum, Copy, Serialize, Deserialize, Hash,
)]
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "SourceType")]
#[serde(rename_all = "snake_case")]
pub enum SourceType {
    #[sea_orm(string_value = "file")]
    File,
    #[sea_orm(string_value = "http")]
    Http,
    #[sea_orm(string_value = "database")]
    Database,
    #[sea_orm(string_value = "sqlite")]
    Sqlite,
}

/// A text that is none of an enum's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownValue {
    /// The text.
    pub value: String,
    /// The values there are.
    pub expected: &'static [&'static str],
}

impl std::fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "unknown value `{}`: expected one of {}",
            self.value,
            self.expected.join(", ")
        )
    }
}

impl std::error::Error for UnknownValue {}

impl Cardinality {
    /// The text of every value, in the schema's order.
    pub const VALUES: &'static [&'static str] =
        &["one_to_one", "one_to_many", "many_to_one", "many_to_many"];

    /// The text that stands for the value in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneToOne => "one_to_one",
            Self::OneToMany => "one_to_many",
            Self::ManyToOne => "many_to_one",
            Self::ManyToMany => "many_to_many",
        }
    }
}

impl std::fmt::Display for Cardinality {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for Cardinality {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "one_to_one" => Ok(Self::OneToOne),
            "one_to_many" => Ok(Self::OneToMany),
            "many_to_one" => Ok(Self::ManyToOne),
            "many_to_many" => Ok(Self::ManyToMany),
            _ => Err(UnknownValue {
                value: text.to_owned(),
                expected: Self::VALUES,
            }),
        }
    }
}

impl ColumnType {
    /// The text of every value, in the schema's order.
    pub const VALUES: &'static [&'static str] = &[
        "empty",
        "integer",
        "real",
        "decimal",
        "boolean",
        "date",
        "time",
        "timestamp",
        "text",
    ];

    /// The text that stands for the value in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Time => "time",
            Self::Timestamp => "timestamp",
            Self::Text => "text",
        }
    }
}

impl std::fmt::Display for ColumnType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for ColumnType {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "empty" => Ok(Self::Empty),
            "integer" => Ok(Self::Integer),
            "real" => Ok(Self::Real),
            "decimal" => Ok(Self::Decimal),
            "boolean" => Ok(Self::Boolean),
            "date" => Ok(Self::Date),
            "time" => Ok(Self::Time),
            "timestamp" => Ok(Self::Timestamp),
            "text" => Ok(Self::Text),
            _ => Err(UnknownValue {
                value: text.to_owned(),
                expected: Self::VALUES,
            }),
        }
    }
}

impl ImportState {
    /// The text of every value, in the schema's order.
    pub const VALUES: &'static [&'static str] = &["running", "completed", "unchanged", "failed"];

    /// The text that stands for the value in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
        }
    }
}

impl std::fmt::Display for ImportState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for ImportState {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "running" => Ok(Self::Running),
            "completed" => Ok(Self::Completed),
            "unchanged" => Ok(Self::Unchanged),
            "failed" => Ok(Self::Failed),
            _ => Err(UnknownValue {
                value: text.to_owned(),
                expected: Self::VALUES,
            }),
        }
    }
}

impl Quoting {
    /// The text of every value, in the schema's order.
    pub const VALUES: &'static [&'static str] = &["minimal", "nonempty", "always"];

    /// The text that stands for the value in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Nonempty => "nonempty",
            Self::Always => "always",
        }
    }
}

impl std::fmt::Display for Quoting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for Quoting {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "minimal" => Ok(Self::Minimal),
            "nonempty" => Ok(Self::Nonempty),
            "always" => Ok(Self::Always),
            _ => Err(UnknownValue {
                value: text.to_owned(),
                expected: Self::VALUES,
            }),
        }
    }
}

impl RowEpochKind {
    /// The text of every value, in the schema's order.
    pub const VALUES: &'static [&'static str] = &["undone", "changed", "pruned"];

    /// The text that stands for the value in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undone => "undone",
            Self::Changed => "changed",
            Self::Pruned => "pruned",
        }
    }
}

impl std::fmt::Display for RowEpochKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for RowEpochKind {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "undone" => Ok(Self::Undone),
            "changed" => Ok(Self::Changed),
            "pruned" => Ok(Self::Pruned),
            _ => Err(UnknownValue {
                value: text.to_owned(),
                expected: Self::VALUES,
            }),
        }
    }
}

impl SourceStatus {
    /// The text of every value, in the schema's order.
    pub const VALUES: &'static [&'static str] = &["idle", "ok", "error", "disabled"];

    /// The text that stands for the value in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Disabled => "disabled",
        }
    }
}

impl std::fmt::Display for SourceStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for SourceStatus {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "idle" => Ok(Self::Idle),
            "ok" => Ok(Self::Ok),
            "error" => Ok(Self::Error),
            "disabled" => Ok(Self::Disabled),
            _ => Err(UnknownValue {
                value: text.to_owned(),
                expected: Self::VALUES,
            }),
        }
    }
}

impl SourceType {
    /// The text of every value, in the schema's order.
    pub const VALUES: &'static [&'static str] = &["file", "http", "database", "sqlite"];

    /// The text that stands for the value in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Http => "http",
            Self::Database => "database",
            Self::Sqlite => "sqlite",
        }
    }
}

impl std::fmt::Display for SourceType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for SourceType {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "file" => Ok(Self::File),
            "http" => Ok(Self::Http),
            "database" => Ok(Self::Database),
            "sqlite" => Ok(Self::Sqlite),
            _ => Err(UnknownValue {
                value: text.to_owned(),
                expected: Self::VALUES,
            }),
        }
    }
}
