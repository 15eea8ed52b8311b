//! What an attempt at a job says.

use chrono::{DateTime, Utc};
use entity_core::enums::LogLevel;
use entity_core::job_logs;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait as _};
use serde_json::Value as Json;

use super::{Claim, Jobs, JobsError, hold};
use crate::{DatabaseManager as _, Durability};

/// The lines of one attempt that are kept, and behind them one that says how many were not.
const MOST_LINES: i64 = 10_000;
/// The text of one attempt that is kept, in bytes.
const MOST_BYTES: usize = 2 << 20;
/// The longest message, in bytes; what is behind is cut off.
const LONGEST_MESSAGE: usize = 16 << 10;
/// Rows of one INSERT.
const CHUNK: usize = 256;

/// One line of a log.
#[derive(Debug, Clone)]
pub struct LogLine {
    /// When it was said.
    pub at: DateTime<Utc>,
    /// How serious it is.
    pub level: LogLevel,
    /// Which part of the program says it.
    pub target: String,
    /// What it says; beyond 16 KiB it is cut.
    pub message: String,
    /// More, in a form for programs.
    pub fields: Option<Json>,
}

/// The log of one attempt. It keeps the first 10,000 lines, or 2 MiB of text, whichever is less, and behind
/// them one line that says how many were left out.
#[derive(Debug)]
pub struct JobLog {
    jobs: Jobs,
    claim: Claim,
    kept: i64,
    bytes: usize,
    left_out: u64,
}

impl JobLog {
    /// The log of an attempt that has said nothing yet.
    #[must_use]
    pub fn new(jobs: &Jobs, claim: &Claim) -> Self {
        Self {
            jobs: jobs.clone(),
            claim: claim.clone(),
            kept: 0,
            bytes: 0,
            left_out: 0,
        }
    }

    /// Writes lines down, in one transaction. A power cut may take them back.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when the attempt does not own its job any more; others by meaning. Then none of the
    /// lines are kept.
    pub async fn append(&mut self, lines: Vec<LogLine>) -> Result<(), JobsError> {
        let (mut kept, mut bytes, mut left_out) = (self.kept, self.bytes, self.left_out);
        let mut rows = Vec::with_capacity(lines.len().min(CHUNK));
        let mut last = None;
        for mut line in lines {
            line.message
                .truncate(line.message.floor_char_boundary(LONGEST_MESSAGE));
            let size = line.message.len() + line.target.len();
            // Once a line is left out, so are all behind it: a log with holes misleads.
            if left_out > 0 || kept >= MOST_LINES || bytes + size > MOST_BYTES {
                left_out += 1;
                last = Some(line.at);
                continue;
            }
            rows.push(self.row(kept, line));
            kept += 1;
            bytes += size;
        }
        let transaction = self
            .jobs
            .manager
            .core()
            .begin_with(Durability::Relaxed)
            .await?;
        hold(&transaction, &self.claim).await?;
        while !rows.is_empty() {
            let rest = rows.split_off(rows.len().min(CHUNK));
            transaction
                .exec(job_logs::Entity::insert_many(rows))
                .await?;
            rows = rest;
        }
        if let Some(at) = last {
            transaction
                .exec(
                    job_logs::Entity::insert(self.note(kept, at, left_out))
                        .on_conflict(replace_note()),
                )
                .await?;
        }
        transaction.commit().await?;
        (self.kept, self.bytes, self.left_out) = (kept, bytes, left_out);
        Ok(())
    }

    fn row(&self, seq: i64, line: LogLine) -> job_logs::ActiveModel {
        job_logs::ActiveModel {
            execution_id: Set((&self.claim.execution_id).into()),
            seq: Set(seq),
            job_id: Set((&self.claim.job_id).into()),
            at: Set(line.at),
            level: Set(line.level),
            target: Set(line.target),
            message: Set(line.message),
            fields: Set(line.fields),
        }
    }

    fn note(&self, seq: i64, at: DateTime<Utc>, left_out: u64) -> job_logs::ActiveModel {
        let plural = if left_out == 1 { "" } else { "s" };
        let message = format!("the log is full: {left_out} further line{plural} left out");
        self.row(
            seq,
            LogLine {
                at,
                level: LogLevel::Warn,
                target: module_path!().to_owned(),
                message,
                fields: None,
            },
        )
    }
}

fn replace_note() -> OnConflict {
    use job_logs::Column::{At, ExecutionId, Message, Seq};
    OnConflict::columns([ExecutionId, Seq])
        .update_columns([At, Message])
        .to_owned()
}
