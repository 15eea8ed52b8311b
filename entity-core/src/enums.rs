//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(
    Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum, Copy, Serialize, Deserialize, Hash,
)]
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "BackupState")]
#[serde(rename_all = "snake_case")]
pub enum BackupState {
    #[sea_orm(string_value = "running")]
    Running,
    #[sea_orm(string_value = "completed")]
    Completed,
    #[sea_orm(string_value = "failed")]
    Failed,
    #[sea_orm(string_value = "deleting")]
    Deleting,
}

#[derive(
    Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum, Copy, Serialize, Deserialize, Hash,
)]
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "BackupType")]
#[serde(rename_all = "snake_case")]
pub enum BackupType {
    #[sea_orm(string_value = "csv")]
    Csv,
    #[sea_orm(string_value = "sqlite")]
    Sqlite,
    #[sea_orm(string_value = "full")]
    Full,
    #[sea_orm(string_value = "incremental")]
    Incremental,
}

#[derive(
    Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum, Copy, Serialize, Deserialize, Hash,
)]
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "EndReason")]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    #[sea_orm(string_value = "ok")]
    Ok,
    #[sea_orm(string_value = "error")]
    Error,
    #[sea_orm(string_value = "panic")]
    Panic,
    #[sea_orm(string_value = "timeout")]
    Timeout,
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
    #[sea_orm(string_value = "interrupted")]
    Interrupted,
    #[sea_orm(string_value = "snoozed")]
    Snoozed,
    #[sea_orm(string_value = "crashed")]
    Crashed,
    #[sea_orm(string_value = "lease_lost")]
    LeaseLost,
}

#[derive(
    Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum, Copy, Serialize, Deserialize, Hash,
)]
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "ExecutionState")]
#[serde(rename_all = "snake_case")]
pub enum ExecutionState {
    #[sea_orm(string_value = "running")]
    Running,
    #[sea_orm(string_value = "completed")]
    Completed,
    #[sea_orm(string_value = "failed")]
    Failed,
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
    #[sea_orm(string_value = "crashed")]
    Crashed,
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
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "JobState")]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    #[sea_orm(string_value = "pending")]
    Pending,
    #[sea_orm(string_value = "blocked")]
    Blocked,
    #[sea_orm(string_value = "running")]
    Running,
    #[sea_orm(string_value = "completed")]
    Completed,
    #[sea_orm(string_value = "failed")]
    Failed,
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
}

#[derive(
    Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum, Copy, Serialize, Deserialize, Hash,
)]
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "LogLevel")]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    #[sea_orm(string_value = "error")]
    Error,
    #[sea_orm(string_value = "warn")]
    Warn,
    #[sea_orm(string_value = "info")]
    Info,
    #[sea_orm(string_value = "debug")]
    Debug,
    #[sea_orm(string_value = "trace")]
    Trace,
}

#[derive(
    Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum, Copy, Serialize, Deserialize, Hash,
)]
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "MissedPolicy")]
#[serde(rename_all = "snake_case")]
pub enum MissedPolicy {
    #[sea_orm(string_value = "skip")]
    Skip,
    #[sea_orm(string_value = "run_once")]
    RunOnce,
    #[sea_orm(string_value = "run_all")]
    RunAll,
}

#[derive(
    Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum, Copy, Serialize, Deserialize, Hash,
)]
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "OperationKind")]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    #[sea_orm(string_value = "create")]
    Create,
    #[sea_orm(string_value = "delete")]
    Delete,
    #[sea_orm(string_value = "undelete")]
    Undelete,
    #[sea_orm(string_value = "restore")]
    Restore,
    #[sea_orm(string_value = "clone")]
    Clone,
    #[sea_orm(string_value = "adopt")]
    Adopt,
    #[sea_orm(string_value = "purge")]
    Purge,
}

#[derive(
    Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum, Copy, Serialize, Deserialize, Hash,
)]
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "OperationState")]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    #[sea_orm(string_value = "running")]
    Running,
    #[sea_orm(string_value = "done")]
    Done,
    #[sea_orm(string_value = "failed")]
    Failed,
}

#[derive(
    Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum, Copy, Serialize, Deserialize, Hash,
)]
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "OverlapPolicy")]
#[serde(rename_all = "snake_case")]
pub enum OverlapPolicy {
    #[sea_orm(string_value = "skip")]
    Skip,
    #[sea_orm(string_value = "queue")]
    Queue,
    #[sea_orm(string_value = "allow")]
    Allow,
}

#[derive(
    Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum, Copy, Serialize, Deserialize, Hash,
)]
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "ProjectState")]
#[serde(rename_all = "snake_case")]
pub enum ProjectState {
    #[sea_orm(string_value = "creating")]
    Creating,
    #[sea_orm(string_value = "active")]
    Active,
    #[sea_orm(string_value = "trashed")]
    Trashed,
}

#[derive(
    Debug, Clone, PartialEq, Eq, EnumIter, DeriveActiveEnum, Copy, Serialize, Deserialize, Hash,
)]
#[sea_orm(rs_type = "String", db_type = "Text", enum_name = "SkipReason")]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    #[sea_orm(string_value = "missed")]
    Missed,
    #[sea_orm(string_value = "overlap")]
    Overlap,
    #[sea_orm(string_value = "project_trashed")]
    ProjectTrashed,
    #[sea_orm(string_value = "project_missing")]
    ProjectMissing,
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

impl BackupState {
    /// The text of every value, in the schema's order.
    pub const VALUES: &'static [&'static str] = &["running", "completed", "failed", "deleting"];

    /// The text that stands for the value in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Deleting => "deleting",
        }
    }
}

impl std::fmt::Display for BackupState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for BackupState {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "running" => Ok(Self::Running),
            "completed" => Ok(Self::Completed),
            "failed" => Ok(Self::Failed),
            "deleting" => Ok(Self::Deleting),
            _ => Err(UnknownValue {
                value: text.to_owned(),
                expected: Self::VALUES,
            }),
        }
    }
}

impl BackupType {
    /// The text of every value, in the schema's order.
    pub const VALUES: &'static [&'static str] = &["csv", "sqlite", "full", "incremental"];

    /// The text that stands for the value in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Sqlite => "sqlite",
            Self::Full => "full",
            Self::Incremental => "incremental",
        }
    }
}

impl std::fmt::Display for BackupType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for BackupType {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "csv" => Ok(Self::Csv),
            "sqlite" => Ok(Self::Sqlite),
            "full" => Ok(Self::Full),
            "incremental" => Ok(Self::Incremental),
            _ => Err(UnknownValue {
                value: text.to_owned(),
                expected: Self::VALUES,
            }),
        }
    }
}

impl EndReason {
    /// The text of every value, in the schema's order.
    pub const VALUES: &'static [&'static str] = &[
        "ok",
        "error",
        "panic",
        "timeout",
        "cancelled",
        "interrupted",
        "snoozed",
        "crashed",
        "lease_lost",
    ];

    /// The text that stands for the value in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Panic => "panic",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::Snoozed => "snoozed",
            Self::Crashed => "crashed",
            Self::LeaseLost => "lease_lost",
        }
    }
}

impl std::fmt::Display for EndReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for EndReason {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "ok" => Ok(Self::Ok),
            "error" => Ok(Self::Error),
            "panic" => Ok(Self::Panic),
            "timeout" => Ok(Self::Timeout),
            "cancelled" => Ok(Self::Cancelled),
            "interrupted" => Ok(Self::Interrupted),
            "snoozed" => Ok(Self::Snoozed),
            "crashed" => Ok(Self::Crashed),
            "lease_lost" => Ok(Self::LeaseLost),
            _ => Err(UnknownValue {
                value: text.to_owned(),
                expected: Self::VALUES,
            }),
        }
    }
}

impl ExecutionState {
    /// The text of every value, in the schema's order.
    pub const VALUES: &'static [&'static str] =
        &["running", "completed", "failed", "cancelled", "crashed"];

    /// The text that stands for the value in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Crashed => "crashed",
        }
    }
}

impl std::fmt::Display for ExecutionState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for ExecutionState {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "running" => Ok(Self::Running),
            "completed" => Ok(Self::Completed),
            "failed" => Ok(Self::Failed),
            "cancelled" => Ok(Self::Cancelled),
            "crashed" => Ok(Self::Crashed),
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

impl JobState {
    /// The text of every value, in the schema's order.
    pub const VALUES: &'static [&'static str] = &[
        "pending",
        "blocked",
        "running",
        "completed",
        "failed",
        "cancelled",
    ];

    /// The text that stands for the value in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Blocked => "blocked",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl std::fmt::Display for JobState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for JobState {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "pending" => Ok(Self::Pending),
            "blocked" => Ok(Self::Blocked),
            "running" => Ok(Self::Running),
            "completed" => Ok(Self::Completed),
            "failed" => Ok(Self::Failed),
            "cancelled" => Ok(Self::Cancelled),
            _ => Err(UnknownValue {
                value: text.to_owned(),
                expected: Self::VALUES,
            }),
        }
    }
}

impl LogLevel {
    /// The text of every value, in the schema's order.
    pub const VALUES: &'static [&'static str] = &["error", "warn", "info", "debug", "trace"];

    /// The text that stands for the value in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl std::fmt::Display for LogLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for LogLevel {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "error" => Ok(Self::Error),
            "warn" => Ok(Self::Warn),
            "info" => Ok(Self::Info),
            "debug" => Ok(Self::Debug),
            "trace" => Ok(Self::Trace),
            _ => Err(UnknownValue {
                value: text.to_owned(),
                expected: Self::VALUES,
            }),
        }
    }
}

impl MissedPolicy {
    /// The text of every value, in the schema's order.
    pub const VALUES: &'static [&'static str] = &["skip", "run_once", "run_all"];

    /// The text that stands for the value in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::RunOnce => "run_once",
            Self::RunAll => "run_all",
        }
    }
}

impl std::fmt::Display for MissedPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for MissedPolicy {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "skip" => Ok(Self::Skip),
            "run_once" => Ok(Self::RunOnce),
            "run_all" => Ok(Self::RunAll),
            _ => Err(UnknownValue {
                value: text.to_owned(),
                expected: Self::VALUES,
            }),
        }
    }
}

impl OperationKind {
    /// The text of every value, in the schema's order.
    pub const VALUES: &'static [&'static str] = &[
        "create", "delete", "undelete", "restore", "clone", "adopt", "purge",
    ];

    /// The text that stands for the value in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::Undelete => "undelete",
            Self::Restore => "restore",
            Self::Clone => "clone",
            Self::Adopt => "adopt",
            Self::Purge => "purge",
        }
    }
}

impl std::fmt::Display for OperationKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for OperationKind {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "create" => Ok(Self::Create),
            "delete" => Ok(Self::Delete),
            "undelete" => Ok(Self::Undelete),
            "restore" => Ok(Self::Restore),
            "clone" => Ok(Self::Clone),
            "adopt" => Ok(Self::Adopt),
            "purge" => Ok(Self::Purge),
            _ => Err(UnknownValue {
                value: text.to_owned(),
                expected: Self::VALUES,
            }),
        }
    }
}

impl OperationState {
    /// The text of every value, in the schema's order.
    pub const VALUES: &'static [&'static str] = &["running", "done", "failed"];

    /// The text that stands for the value in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

impl std::fmt::Display for OperationState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for OperationState {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "running" => Ok(Self::Running),
            "done" => Ok(Self::Done),
            "failed" => Ok(Self::Failed),
            _ => Err(UnknownValue {
                value: text.to_owned(),
                expected: Self::VALUES,
            }),
        }
    }
}

impl OverlapPolicy {
    /// The text of every value, in the schema's order.
    pub const VALUES: &'static [&'static str] = &["skip", "queue", "allow"];

    /// The text that stands for the value in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Queue => "queue",
            Self::Allow => "allow",
        }
    }
}

impl std::fmt::Display for OverlapPolicy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for OverlapPolicy {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "skip" => Ok(Self::Skip),
            "queue" => Ok(Self::Queue),
            "allow" => Ok(Self::Allow),
            _ => Err(UnknownValue {
                value: text.to_owned(),
                expected: Self::VALUES,
            }),
        }
    }
}

impl ProjectState {
    /// The text of every value, in the schema's order.
    pub const VALUES: &'static [&'static str] = &["creating", "active", "trashed"];

    /// The text that stands for the value in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Active => "active",
            Self::Trashed => "trashed",
        }
    }
}

impl std::fmt::Display for ProjectState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for ProjectState {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "creating" => Ok(Self::Creating),
            "active" => Ok(Self::Active),
            "trashed" => Ok(Self::Trashed),
            _ => Err(UnknownValue {
                value: text.to_owned(),
                expected: Self::VALUES,
            }),
        }
    }
}

impl SkipReason {
    /// The text of every value, in the schema's order.
    pub const VALUES: &'static [&'static str] =
        &["missed", "overlap", "project_trashed", "project_missing"];

    /// The text that stands for the value in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missed => "missed",
            Self::Overlap => "overlap",
            Self::ProjectTrashed => "project_trashed",
            Self::ProjectMissing => "project_missing",
        }
    }
}

impl std::fmt::Display for SkipReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for SkipReason {
    type Err = UnknownValue;

    fn from_str(text: &str) -> Result<Self, UnknownValue> {
        match text {
            "missed" => Ok(Self::Missed),
            "overlap" => Ok(Self::Overlap),
            "project_trashed" => Ok(Self::ProjectTrashed),
            "project_missing" => Ok(Self::ProjectMissing),
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
