//! Reads that last: each keeps the write-ahead log of its file from being written back.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::runtime;
use tokio::task::AbortHandle;

use super::read_record::ReadRecord;
use crate::file_lock::command_line;
use crate::{Access, DatabaseId, Layout, Timestamp};

/// A read that lasts longer is written down where other processes see it.
const RECORDED_AFTER: Duration = Duration::from_secs(1);

/// A read of one state of a database that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRead {
    /// The process that reads.
    pub pid: u32,
    /// Its command.
    pub command: String,
    /// What the read is for, such as `a query` or `a backup, clone or export`.
    pub purpose: String,
    /// The project, or `None` for the hub.
    pub project_id: Option<String>,
    /// When it began.
    pub since: DateTime<Utc>,
}

/// The reads that go on in this process.
#[derive(Debug)]
pub(crate) struct HeldReads {
    layout: Layout,
    access: Access,
    held: Mutex<BTreeMap<u64, Entry>>,
    next: AtomicU64,
}

#[derive(Debug)]
struct Entry {
    purpose: &'static str,
    project_id: Option<String>,
    since: DateTime<Utc>,
    record: Option<ReadRecord>,
}

impl Entry {
    fn read(&self) -> HeldRead {
        HeldRead {
            pid: std::process::id(),
            command: command_line(),
            purpose: self.purpose.to_owned(),
            project_id: self.project_id.clone(),
            since: self.since,
        }
    }
}

/// A read that goes on until this is dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    number: u64,
    reads: Arc<HeldReads>,
    recording: Option<AbortHandle>,
}

impl HeldReads {
    pub(super) fn new(layout: Layout, access: Access) -> Arc<Self> {
        Arc::new(Self {
            layout,
            access,
            held: Mutex::default(),
            next: AtomicU64::new(0),
        })
    }

    /// A read begins. When it lasts it is written down, where anything may be written.
    pub(crate) fn begin(self: &Arc<Self>, which: &DatabaseId, purpose: &'static str) -> Hold {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let entry = Entry {
            purpose,
            project_id: which.project().map(ToString::to_string),
            since: Timestamp::now(),
            record: None,
        };
        self.locked().insert(number, entry);
        let recording = match runtime::Handle::try_current() {
            Ok(runtime) if self.access == Access::ReadWrite => {
                let recording = runtime.spawn(record(self.clone(), number));
                Some(recording.abort_handle())
            }
            _ => None,
        };
        Hold {
            number,
            reads: self.clone(),
            recording,
        }
    }

    pub(crate) fn list(&self) -> Vec<HeldRead> {
        let held = self.locked();
        held.values().map(Entry::read).collect()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Entry>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_down(&self, number: u64) {
        let Some(read) = self.locked().get(&number).map(Entry::read) else {
            return;
        };
        match ReadRecord::write(&self.layout, &read) {
            // Without an entry it has ended: dropping the record takes it away.
            Ok(record) => {
                if let Some(entry) = self.locked().get_mut(&number) {
                    entry.record = Some(record);
                }
            }
            Err(error) => {
                tracing::debug!(%error, "a long read is not written down");
            }
        }
    }
}

async fn record(reads: Arc<HeldReads>, number: u64) {
    tokio::time::sleep(RECORDED_AFTER).await;
    let written = tokio::task::spawn_blocking(move || reads.write_down(number));
    drop(written.await); // it fails when the process ends, and then nobody reads
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(recording) = &self.recording {
            recording.abort();
        }
        let ended = self.reads.locked().remove(&self.number);
        drop(ended); // takes its record away, outside the lock
    }
}
