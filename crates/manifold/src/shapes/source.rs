//! A data source.

use chrono::{DateTime, Utc};
use entity_project::data_sources;
use entity_project::enums::{SourceStatus, SourceType};
use manifold_format::{DateOrder, Nulls, Typing};
use serde::{Deserialize as _, Serialize};

use crate::table::{self, Align, word};
use crate::units;

/// A data source of a project.
#[derive(Debug, Serialize)]
pub(crate) struct SourceShape {
    pub(crate) id: String,
    project_id: String,
    pub(crate) name: String,
    pub(crate) view_name: String,
    description: Option<String>,
    r#type: SourceType,
    config: serde_json::Value,
    status: SourceStatus,
    enabled: bool,
    key_columns: Vec<String>,
    typing: Option<serde_json::Value>,
    latest_snapshot_id: Option<String>,
    last_sync_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl SourceShape {
    /// The shape of a row of the project with the id of its latest snapshot.
    pub(crate) fn new(
        row: data_sources::Model,
        project_id: &str,
        latest_snapshot_id: Option<String>,
    ) -> Self {
        Self {
            project_id: project_id.to_owned(),
            id: row.id,
            name: row.name,
            view_name: row.view_name,
            description: row.description,
            r#type: row.r#type,
            config: row.config,
            status: row.status,
            enabled: row.enabled,
            key_columns: row.key_columns.0,
            typing: row.typing,
            latest_snapshot_id,
            last_sync_at: row.last_sync_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }

    /// A line for each source.
    pub(crate) fn table(sources: &[Self]) -> String {
        let header = [
            ("name", Align::Left),
            ("type", Align::Left),
            ("status", Align::Left),
            ("key", Align::Left),
            ("last sync", Align::Left),
            ("id", Align::Left),
        ];
        let rows = sources.iter().map(|source| {
            vec![
                source.name.clone(),
                source.r#type.to_string(),
                source.status.to_string(),
                source.key(),
                units::time_or_dash(source.last_sync_at),
                source.id.clone(),
            ]
        });
        table::table(&header, rows)
    }

    /// A line for each field.
    pub(crate) fn fields(&self) -> String {
        let dash = || "-".to_owned();
        table::fields(&[
            ("name", self.name.clone()),
            ("id", self.id.clone()),
            ("view", self.view_name.clone()),
            ("type", self.r#type.to_string()),
            ("config", self.config.to_string()),
            ("status", self.status.to_string()),
            ("key", self.key()),
            ("typing", self.typing()),
            (
                "latest",
                self.latest_snapshot_id.clone().unwrap_or_else(dash),
            ),
            ("last sync", units::time_or_dash(self.last_sync_at)),
            ("created", units::time(self.created_at)),
        ])
    }

    /// What imports were told of the columns, as it is said to them.
    fn typing(&self) -> String {
        let Some(typing) = &self.typing else {
            return "-".to_owned();
        };
        match Typing::deserialize(typing) {
            Ok(typing) => options(&typing),
            // A newer version wrote it.
            Err(_) => typing.to_string(),
        }
    }

    fn key(&self) -> String {
        if self.key_columns.is_empty() {
            "-".to_owned()
        } else {
            self.key_columns.join(", ")
        }
    }
}

/// The options of an import that say this.
fn options(typing: &Typing) -> String {
    let mut options = Vec::new();
    let mut say = |column: Option<&str>, nulls: &Nulls| {
        let prefix = column.map_or_else(String::new, |column| format!("{column}="));
        if !nulls.find {
            options.push(format!("--null {}", word(&format!("{prefix}none"))));
        }
        for token in &nulls.tokens {
            // The sign tells a token from `none`, and from a column with a token.
            let is_plain = token != "none" && !token.contains('=');
            let sign = if column.is_some() || is_plain {
                ""
            } else {
                "="
            };
            options.push(format!(
                "--null={}",
                word(&format!("{prefix}{sign}{token}"))
            ));
        }
    };
    if let Some(nulls) = &typing.nulls {
        say(None, nulls);
    }
    for (column, nulls) in &typing.column_nulls {
        say(Some(column), nulls);
    }
    for (column, asked) in &typing.types {
        options.push(format!("--type {}", word(&format!("{column}={asked}"))));
    }
    match typing.date_order {
        None => {}
        Some(DateOrder::Dmy) => options.push("--date-order dmy".to_owned()),
        Some(DateOrder::Mdy) => options.push("--date-order mdy".to_owned()),
        Some(DateOrder::Ymd) => options.push("--date-order ymd".to_owned()),
    }
    options.join(" ")
}
