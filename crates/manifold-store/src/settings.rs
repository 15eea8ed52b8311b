//! Settings of a store: known by name, checked when set, each with a default.

use std::time::Duration;

use entity_core::app_settings;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait as _};
use serde_json::Value as Json;

use crate::{CoreDatabase, Durability, JobRetention, StoreError, Timestamp};

/// A setting that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Setting {
    /// `store.durability`: `full` (the default) or `relaxed`.
    StoreDurability,
    /// `import.max_cell`: the largest cell that an import takes, in bytes; 64 MiB by default.
    ImportMaxCell,
    /// `store.slow_query_ms`: from how many milliseconds on a query is logged as slow, up to 3,600,000; 500 by default,
    /// 0 for none.
    StoreSlowQuery,
    /// `backup.max_age_days`: after how many days without a verified backup `doctor` says so, of projects with a schedule
    /// for backups, up to 3650; 7 by default, 0 for never.
    BackupMaxAge,
    /// `jobs.keep_completed_days`: for how many days completed jobs are kept, 1 to 3650; 30 by default.
    JobsKeepCompleted,
    /// `jobs.keep_failed_days`: for how many days failed jobs are kept, 1 to 3650; 90 by default.
    JobsKeepFailed,
    /// `jobs.keep_cancelled_days`: for how many days cancelled jobs are kept, 1 to 3650; 30 by default.
    JobsKeepCancelled,
    /// `jobs.keep_logs_days`: for how many days what jobs said is kept, at most as long as the jobs, 1 to 3650; 14 by
    /// default.
    JobsKeepLogs,
    /// `trash.keep_days`: for how many days a deleted project is kept at least, 1 to 3650; 30 by default.
    TrashKeepDays,
}

/// The value of a setting, and whether somebody set it.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingValue {
    /// The setting.
    pub setting: Setting,
    /// Its value now.
    pub value: Json,
    /// Whether the value is the default.
    pub is_default: bool,
}

impl Setting {
    /// Every setting, by name.
    pub const ALL: [Self; 9] = [
        Self::BackupMaxAge,
        Self::ImportMaxCell,
        Self::JobsKeepCancelled,
        Self::JobsKeepCompleted,
        Self::JobsKeepFailed,
        Self::JobsKeepLogs,
        Self::StoreDurability,
        Self::StoreSlowQuery,
        Self::TrashKeepDays,
    ];

    /// Its name.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::StoreDurability => "store.durability",
            Self::StoreSlowQuery => "store.slow_query_ms",
            Self::ImportMaxCell => "import.max_cell",
            Self::BackupMaxAge => "backup.max_age_days",
            Self::JobsKeepCompleted => "jobs.keep_completed_days",
            Self::JobsKeepFailed => "jobs.keep_failed_days",
            Self::JobsKeepCancelled => "jobs.keep_cancelled_days",
            Self::JobsKeepLogs => "jobs.keep_logs_days",
            Self::TrashKeepDays => "trash.keep_days",
        }
    }

    /// What it does, in one line.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::StoreDurability => {
                "full: what is acknowledged survives a power cut; relaxed: the last commits may be lost in one"
            }
            Self::StoreSlowQuery => {
                "a query of the store that runs for so many milliseconds is logged; 0: none is"
            }
            Self::ImportMaxCell => "the largest cell that an import takes, in bytes",
            Self::BackupMaxAge => {
                "doctor says when a project with a schedule for backups has no verified one of so many days; 0: never"
            }
            Self::JobsKeepCompleted => "completed jobs are removed after so many days",
            Self::JobsKeepFailed => "failed jobs are removed after so many days",
            Self::JobsKeepCancelled => "cancelled jobs are removed after so many days",
            Self::JobsKeepLogs => "what jobs said is removed after so many days",
            Self::TrashKeepDays => {
                "after so many days in the trash a project goes with `project trash empty --expired`"
            }
        }
    }

    /// The setting of this name.
    ///
    /// # Errors
    /// [`StoreError::InvalidValue`] listing the names.
    pub fn named(key: &str) -> Result<Self, StoreError> {
        Self::ALL
            .into_iter()
            .find(|setting| setting.key() == key)
            .ok_or_else(|| StoreError::InvalidValue {
                what: "the setting".to_owned(),
                value: key.chars().take(60).collect(),
                reason: format!("the settings are {}", Self::ALL.map(Self::key).join(", ")),
            })
    }

    fn default(self) -> Json {
        match self {
            Self::StoreDurability => Json::from("full"),
            Self::StoreSlowQuery => Json::from(500),
            Self::ImportMaxCell => Json::from(64 << 20),
            Self::BackupMaxAge => Json::from(7),
            Self::JobsKeepLogs => Json::from(14),
            Self::JobsKeepFailed => Json::from(90),
            Self::JobsKeepCompleted | Self::JobsKeepCancelled | Self::TrashKeepDays => {
                Json::from(30)
            }
        }
    }

    fn parse(self, text: &str) -> Result<Json, StoreError> {
        let invalid = |reason: &str| StoreError::InvalidValue {
            what: self.key().to_owned(),
            value: text.chars().take(60).collect(),
            reason: reason.to_owned(),
        };
        match self {
            Self::StoreDurability => match text {
                "full" | "relaxed" => Ok(Json::from(text)),
                _ => Err(invalid("it is `full` or `relaxed`")),
            },
            Self::StoreSlowQuery => match text.parse::<u32>() {
                Ok(ms) if ms <= 3_600_000 => Ok(Json::from(ms)),
                _ => Err(invalid(
                    "it is a number of milliseconds up to 3600000, or 0",
                )),
            },
            Self::ImportMaxCell => match text.parse::<u32>() {
                Ok(bytes) if (1_024..=1_000_000_000).contains(&bytes) => Ok(Json::from(bytes)),
                _ => Err(invalid("it is a number of bytes from 1024 to 1000000000")),
            },
            Self::BackupMaxAge => match text.parse::<u16>() {
                Ok(days) if days <= 3_650 => Ok(Json::from(days)),
                _ => Err(invalid("it is a number of days up to 3650, or 0")),
            },
            Self::JobsKeepCompleted
            | Self::JobsKeepFailed
            | Self::JobsKeepCancelled
            | Self::JobsKeepLogs
            | Self::TrashKeepDays => match text.parse::<u16>() {
                Ok(days) if (1..=3_650).contains(&days) => Ok(Json::from(days)),
                _ => Err(invalid("it is a number of days from 1 to 3650")),
            },
        }
    }
}

/// The settings of a store.
#[derive(Debug, Clone)]
pub struct Settings {
    core: CoreDatabase,
}

impl Settings {
    /// The settings kept in this hub.
    #[must_use]
    pub fn new(core: &CoreDatabase) -> Self {
        Self { core: core.clone() }
    }

    /// Every setting with its value, by name.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn list(&self) -> Result<Vec<SettingValue>, StoreError> {
        let set = self.core.all(app_settings::Entity::find()).await?;
        Ok(Setting::ALL
            .into_iter()
            .map(|setting| {
                let value = set
                    .iter()
                    .find(|row| row.key == setting.key())
                    .map(|row| row.value.clone());
                SettingValue {
                    setting,
                    is_default: value.is_none(),
                    value: value.unwrap_or_else(|| setting.default()),
                }
            })
            .collect())
    }

    /// The value of a setting.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn value(&self, setting: Setting) -> Result<SettingValue, StoreError> {
        let row = self
            .core
            .one(app_settings::Entity::find_by_id(setting.key()))
            .await?;
        Ok(SettingValue {
            setting,
            is_default: row.is_none(),
            value: row.map_or_else(|| setting.default(), |row| row.value),
        })
    }

    /// Sets a setting.
    ///
    /// # Errors
    /// [`StoreError::InvalidValue`] saying what it can be.
    pub async fn set(&self, setting: Setting, text: &str) -> Result<SettingValue, StoreError> {
        let value = setting.parse(text)?;
        let row = app_settings::ActiveModel {
            key: Set(setting.key().to_owned()),
            value: Set(value.clone()),
            updated_at: Set(Timestamp::now()),
        };
        let replace = OnConflict::column(app_settings::Column::Key)
            .update_columns([app_settings::Column::Value, app_settings::Column::UpdatedAt])
            .to_owned();
        self.core
            .exec(app_settings::Entity::insert(row).on_conflict(replace))
            .await?;
        Ok(SettingValue {
            setting,
            value,
            is_default: false,
        })
    }

    /// Puts a setting back to its default.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn unset(&self, setting: Setting) -> Result<SettingValue, StoreError> {
        self.core
            .exec(app_settings::Entity::delete_by_id(setting.key()))
            .await?;
        self.value(setting).await
    }

    /// `import.max_cell`, in bytes.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn import_max_cell(&self) -> Result<u64, StoreError> {
        let value = self.value(Setting::ImportMaxCell).await?.value;
        value
            .as_u64()
            .ok_or_else(|| StoreError::Decode(format!("import.max_cell is {value}")))
    }

    /// `store.slow_query_ms`; `None` when no query is to be logged.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn slow_query(&self) -> Result<Option<Duration>, StoreError> {
        let value = self.value(Setting::StoreSlowQuery).await?.value;
        let ms = value
            .as_u64()
            .ok_or_else(|| StoreError::Decode(format!("store.slow_query_ms is {value}")))?;
        Ok((ms > 0).then(|| Duration::from_millis(ms)))
    }

    /// `trash.keep_days`.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn trash_keep_days(&self) -> Result<u32, StoreError> {
        self.days(Setting::TrashKeepDays).await
    }

    /// `backup.max_age_days`; `None` when nothing is to be said.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn backup_max_age_days(&self) -> Result<Option<u32>, StoreError> {
        let days = self.days(Setting::BackupMaxAge).await?;
        Ok((days > 0).then_some(days))
    }

    /// `jobs.keep_completed_days` and the others of `jobs.`.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn job_retention(&self) -> Result<JobRetention, StoreError> {
        Ok(JobRetention {
            completed_days: self.days(Setting::JobsKeepCompleted).await?,
            failed_days: self.days(Setting::JobsKeepFailed).await?,
            cancelled_days: self.days(Setting::JobsKeepCancelled).await?,
            logs_days: self.days(Setting::JobsKeepLogs).await?,
        })
    }

    async fn days(&self, setting: Setting) -> Result<u32, StoreError> {
        let value = self.value(setting).await?.value;
        let days = value.as_u64().and_then(|days| u32::try_from(days).ok());
        days.ok_or_else(|| StoreError::Decode(format!("{} is {value}", setting.key())))
    }

    /// `store.durability`.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn durability(&self) -> Result<Durability, StoreError> {
        let value = self.value(Setting::StoreDurability).await?.value;
        Ok(if value == "relaxed" {
            Durability::Relaxed
        } else {
            Durability::Full
        })
    }
}
