//! What an attempt at a job says.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use entity_core::enums::LogLevel;
use entity_core::job_logs;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::Value as Json;

use super::excerpt::{Excerpt, Room};
use super::{Claim, Jobs, JobsError, hold};
use crate::{DatabaseManager as _, Durability};

/// What is kept of the beginning of an attempt's log, and as much of its end.
const ROOM: Room = Room {
    lines: 5_000,
    bytes: 1 << 20,
};
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

impl LogLine {
    fn size(&self) -> usize {
        let fields = self
            .fields
            .as_ref()
            .map_or(0, |fields| fields.to_string().len());
        self.message.len() + self.target.len() + fields
    }
}

/// Lines that are said faster than they are written down: takes them from any thread without waiting, and keeps what
/// the log would keep of them, so it needs at most about 2 MiB of text.
#[derive(Debug, Default)]
pub struct LogBuffer(Mutex<Buffered>);

#[derive(Debug)]
struct Buffered {
    lines: Excerpt<LogLine>,
    left_out: u64,
}

impl Default for Buffered {
    fn default() -> Self {
        Self {
            lines: Excerpt::new(ROOM),
            left_out: 0,
        }
    }
}

impl LogBuffer {
    /// Takes a line.
    pub fn push(&self, mut line: LogLine) {
        let end = line.message.floor_char_boundary(LONGEST_MESSAGE);
        line.message.truncate(end);
        self.lock().push(line);
    }

    /// Whether it holds no line.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().lines.is_empty()
    }

    fn take(&self) -> Buffered {
        std::mem::take(&mut *self.lock())
    }

    /// Takes back lines that could not be written down; what was said since comes behind them.
    fn put_back(&self, lines: Vec<LogLine>, left_out: u64) {
        let mut buffered = self.lock();
        let since = std::mem::take(&mut *buffered);
        buffered.left_out = left_out + since.left_out;
        let (head, tail) = since.lines.into_parts();
        for line in lines.into_iter().chain(head).chain(tail) {
            buffered.push(line);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Buffered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buffered {
    fn push(&mut self, line: LogLine) {
        let size = line.size();
        let out = self.lines.push(line, size).len();
        self.left_out += out as u64;
    }
}

/// The log of one attempt. It keeps the first 5,000 lines or 1 MiB of text, whichever is less, as much of its end,
/// and between them one line that says how many were left out.
#[derive(Debug)]
pub struct JobLog {
    jobs: Jobs,
    claim: Claim,
    kept: Excerpt<i64>,
    /// When the last line of the beginning was said.
    head_until: DateTime<Utc>,
    said: i64,
    left_out: u64,
}

/// What a batch of lines changes.
struct Changes {
    rows: Vec<job_logs::ActiveModel>,
    /// Lines up to this one, behind the beginning, are not kept any more.
    forget: Option<i64>,
    note: Option<job_logs::ActiveModel>,
}

impl JobLog {
    /// The log of an attempt that has said nothing yet.
    #[must_use]
    pub fn new(jobs: &Jobs, claim: &Claim) -> Self {
        Self {
            jobs: jobs.clone(),
            claim: claim.clone(),
            kept: Excerpt::new(ROOM),
            head_until: claim.job.started_at.unwrap_or(claim.job.created_at),
            said: 0,
            left_out: 0,
        }
    }

    /// Writes down what was said since the last time, in one transaction. A power cut may take it back.
    ///
    /// # Errors
    /// [`JobsError::LeaseLost`] when the attempt does not own its job any more; others by meaning. Then nothing was written, and the
    /// next call tries it again.
    pub async fn append(&mut self, lines: &LogBuffer) -> Result<(), JobsError> {
        let batch = lines.take();
        let (head, tail) = batch.lines.into_parts();
        if head.is_empty() {
            return Ok(());
        }
        let before = (self.kept.clone(), self.said, self.left_out);
        let said: Vec<LogLine> = head.into_iter().chain(tail).collect();
        let changes = self.changes(said.clone().into_iter(), batch.left_out);
        let written = self.write(changes).await;
        // What an attempt says that has lost its job is nobody's.
        let again = matches!(&written, Err(error) if !matches!(error, JobsError::LeaseLost { .. }));
        if again {
            (self.kept, self.said, self.left_out) = before;
            lines.put_back(said, batch.left_out);
        }
        written
    }

    fn changes(&mut self, lines: impl Iterator<Item = LogLine>, left_out: u64) -> Changes {
        let mut changes = Changes {
            rows: Vec::new(),
            forget: None,
            note: None,
        };
        let (out_before, mut tail) = (self.left_out, Vec::new());
        self.left_out += left_out;
        for line in lines {
            let (seq, size) = (self.said, line.size());
            self.said += 1;
            let in_head = self.kept.head.len();
            for out in self.kept.push(seq, size) {
                self.left_out += 1;
                changes.forget = Some(out);
            }
            if self.kept.head.len() > in_head {
                self.head_until = line.at;
                changes.rows.push(self.row(seq, line));
            } else {
                tail.push((seq, line));
            }
        }
        let kept = |seq: i64| changes.forget.is_none_or(|out| seq > out);
        tail.retain(|(seq, _)| kept(*seq));
        // The number behind the beginning is the note's.
        let tail = tail.into_iter().map(|(seq, line)| self.row(seq + 1, line));
        changes.rows.extend(tail);
        if self.left_out > out_before {
            changes.note = Some(self.note());
        }
        changes
    }

    async fn write(&self, changes: Changes) -> Result<(), JobsError> {
        let core = self.jobs.manager.core();
        let transaction = core.begin_with(Durability::Relaxed).await?;
        hold(&transaction, &self.claim).await?;
        if let Some(out) = changes.forget {
            let forgotten = job_logs::Entity::delete_many()
                .filter(job_logs::Column::ExecutionId.eq(&self.claim.execution_id))
                .filter(job_logs::Column::Seq.gt(self.head_lines()))
                .filter(job_logs::Column::Seq.lte(out + 1));
            transaction.exec(forgotten).await?;
        }
        let mut rows = changes.rows;
        while !rows.is_empty() {
            let rest = rows.split_off(rows.len().min(CHUNK));
            transaction
                .exec(job_logs::Entity::insert_many(rows))
                .await?;
            rows = rest;
        }
        if let Some(note) = changes.note {
            let note = job_logs::Entity::insert(note).on_conflict(replace_note());
            transaction.exec(note).await?;
        }
        transaction.commit().await?;
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

    fn head_lines(&self) -> i64 {
        i64::try_from(self.kept.head.len()).unwrap_or(i64::MAX)
    }

    fn note(&self) -> job_logs::ActiveModel {
        let left_out = self.left_out;
        let plural = if left_out == 1 { "" } else { "s" };
        let line = LogLine {
            at: self.head_until,
            level: LogLevel::Warn,
            target: module_path!().to_owned(),
            message: format!("the log is full: {left_out} line{plural} left out here"),
            fields: None,
        };
        self.row(self.head_lines(), line)
    }
}

fn replace_note() -> OnConflict {
    use job_logs::Column::{ExecutionId, Message, Seq};
    OnConflict::columns([ExecutionId, Seq])
        .update_column(Message)
        .to_owned()
}
