//! Pulling, and laying what came over what is there.

use std::sync::Arc;

use entity_project::{data_sources, sync_states};
use manifold_format::Reader as _;
use manifold_store::rows::{self, PullRecord, Snapshot};
use manifold_store::{
    DataSources, ImportSource, RowLog, Scratch, SqliteManager, StoreError, SyncStates, Timestamp,
    name::fold,
};

use super::ancestor::Ancestor;
use super::came::Came;
use super::conflicts::Conflicts;
use super::incoming::{Identity, Incoming, SettingAside};
use super::overlay::{Laying, Overlaid, Overlay};
use super::prepared::{PreparedPull, Pull};
use super::request::origin_hash;
use super::stored_cells::StoredCells;
use super::{Deletes, OnConflict, SyncError, SyncMode, SyncRequest};
use crate::import::{Fetching, FoundTarget, ImportFileError, ImportTarget, TableInput};
use crate::origin::{Origin, Pulled, Reach};
use crate::{JobError, Progress};

/// A sync that is being prepared.
pub(crate) struct Syncing<'a> {
    pub(crate) request: &'a SyncRequest,
    pub(crate) fetching: &'a Fetching<'a>,
    /// Nothing is refused because of how many rows would be deleted.
    pub(crate) unbounded: bool,
}

/// A source as it was found, and how far it was pulled.
struct Found {
    source: data_sources::Model,
    origin: Origin,
    target: FoundTarget,
    /// What is known of the last pull from this origin.
    state: Option<sync_states::Model>,
}

impl Found {
    /// The cursor of the last pull, if its rows are the latest ones still.
    fn cursor(&self) -> Option<&serde_json::Value> {
        let state = self.state.as_ref()?;
        let latest = self.target.latest.as_ref()?;
        state
            .cursor
            .as_ref()
            .filter(|_| state.snapshot_id == latest.id)
    }
}

impl Syncing<'_> {
    fn manager(&self) -> &Arc<SqliteManager> {
        self.fetching.manager
    }

    /// Pulls what there is, and makes rows of it that can be imported. Nothing of the project is changed.
    pub(crate) async fn prepare(&self) -> Result<PreparedPull, JobError> {
        let pulled_at = Timestamp::now();
        let found = self.find().await?;
        let has_key = !found.target.options.key_columns.is_empty();
        if self.request.asked_mode() == Some(SyncMode::Merge) && !has_key {
            let name = found.source.name;
            return Err(SyncError::NoKey { name }.into());
        }
        let since = found.cursor().filter(|_| !self.request.whole);
        let tokens: Arc<[String]> = found.target.typing.tokens().into();
        let mut pulled = found.origin.pull(self.fetching, since, &tokens).await?;
        let is_part = |pulled: &Pulled| pulled.reach == Reach::Since;
        if self.request.mode == Some(SyncMode::Full)
            && since.is_some()
            && pulled.as_ref().is_some_and(is_part)
        {
            pulled = found.origin.pull(self.fetching, None, &tokens).await?;
        }
        let Some(pulled) = pulled else {
            let latest = found.target.latest;
            let latest = latest.ok_or_else(|| {
                JobError::failed("defect", &"nothing came into an empty source; report this")
            })?;
            return Ok(PreparedPull::UpToDate(Box::new(latest)));
        };
        let record = PullRecord {
            origin: origin_hash(&found.source),
            cursor: pulled.cursor.clone(),
            conflicts: None,
            job_id: String::new(),
            marked: 0,
            marked_changed: 0,
            pulled_at,
        };
        let pull = self.pull(found, pulled, record).await?;
        Ok(PreparedPull::Rows(Box::new(pull)))
    }

    async fn find(&self) -> Result<Found, JobError> {
        let (manager, request) = (self.manager(), self.request);
        let sources = DataSources::new(manager.clone());
        let project = &request.project_id;
        let source = sources.find(project, request.source_id.as_str()).await?;
        let origin = Origin::of(project, &source)?.ok_or_else(|| SyncError::NoOrigin {
            name: source.name.clone(),
        })?;
        let target = ImportTarget {
            project_id: project.clone(),
            source: ImportSource::Id(request.source_id.clone()),
            key_columns: Vec::new(),
            always: false,
            typing: origin.typing(),
            renames: Vec::new(),
        };
        let mut target = target.find(manager, &request.source_id, |_| true).await?;
        target.options.only_changes = true;
        match &target.latest {
            Some(latest) => target.options.onto = Some(latest.id.clone()),
            None => target.options.first = true,
        }
        let state = SyncStates::new(manager.clone());
        let state = state.find(project, &request.source_id).await?;
        let of_origin = origin_hash(&source);
        Ok(Found {
            state: state.filter(|state| state.origin == of_origin),
            source,
            origin,
            target,
        })
    }

    /// What came, as the rows of the next snapshot.
    async fn pull(
        &self,
        found: Found,
        pulled: Pulled,
        mut record: PullRecord,
    ) -> Result<Pull, JobError> {
        let keys = &found.target.options.key_columns;
        let mode = self.request.asked_mode();
        let mode = mode.unwrap_or_else(|| SyncMode::for_reach(pulled.reach, !keys.is_empty()));
        let mut came = Came::of(pulled).await?;
        came.check(&found.origin.typing())?;
        let is_first = found.target.latest.is_none();
        let whole = came.reach == Reach::Whole;
        if mode == SyncMode::Full || is_first && mode == SyncMode::Append {
            let mut target = found.target;
            if let (Some(latest), true, false) = (&target.latest, whole, self.unbounded) {
                let rows = latest.counts.row_count.unsigned_abs();
                let most = self.request.max_deletes.of(rows);
                target.options.most_removed = Some(most.cast_signed());
            }
            return Ok(Pull {
                input: came.input()?,
                format: came.format,
                found: target,
                record,
                mode,
                whole,
                name: came.name,
                repeated: 0,
                conflicts: Conflicts::default(),
                warnings: came.warnings,
                files: came.files,
            });
        }
        let overlaid = self.overlaid(&mut came, &found, mode).await?;
        record.conflicts = overlaid.conflicts.to_remember(overlaid.all_seen);
        record.marked = overlaid.marked.cast_signed();
        record.marked_changed = overlaid.marked_changed.cast_signed();
        let mut reader = overlaid.table;
        let rows = reader.rows(0);
        let rows = rows.map_err(|error| ImportFileError::read(&came.name, error))?;
        Ok(Pull {
            input: TableInput {
                table: reader.tables()[0].clone(),
                rows,
                decisions: Vec::new(),
                progress: reader.progress(),
                kept: None,
            },
            format: reader.format(),
            found: found.target,
            record,
            mode,
            whole,
            name: came.name,
            repeated: overlaid.repeated,
            conflicts: overlaid.conflicts,
            warnings: came.warnings,
            files: came.files,
        })
    }

    /// What came, laid over the rows of the latest snapshot.
    async fn overlaid(
        &self,
        came: &mut Came,
        found: &Found,
        mode: SyncMode,
    ) -> Result<Overlaid, JobError> {
        let target = &found.target;
        let scratch = Scratch::of(self.manager());
        let tokens: Arc<[String]> = target.typing.tokens().into();
        let on_conflict = match mode {
            SyncMode::Merge => self.request.on_conflict.clone(),
            _ => OnConflict::Source,
        };
        let incoming = self
            .set_aside(came, target, &scratch, tokens.clone())
            .await?;
        let mut deletes = self.request.deletes;
        if incoming.rejected > 0 && came.reach == Reach::Whole && deletes != Deletes::None {
            deletes = Deletes::None;
            came.warnings.push(format!(
                "{} records that came are no rows, so nothing was taken for deleted",
                incoming.rejected
            ));
        }
        (self.fetching.report)(Progress::step("merging"));
        let state = found.state.as_ref();
        let remembered = state.and_then(|state| state.conflicts.as_ref());
        let ancestor = match (&on_conflict, &target.latest) {
            (OnConflict::Source, _) | (_, None) => Ancestor::Latest,
            (_, Some(latest)) => {
                let columns = (incoming.columns.clone(), incoming.identity.clone());
                let (manager, project) = (self.manager(), &self.request.project_id);
                Ancestor::find(manager, project, state, latest, columns).await?
            }
        };
        let laying = Laying {
            source: found.source.name.clone(),
            replaces: mode == SyncMode::Merge,
            reach: came.reach,
            deletes,
            max_deletes: (!self.unbounded).then_some(self.request.max_deletes),
            on_conflict,
            now: target.options.taken_at,
            folder: scratch.folder().to_owned(),
            null_tokens: tokens,
            cancel: self.fetching.cancel.clone(),
        };
        let stored = target.latest.as_ref().map(names).unwrap_or_default();
        let conflicts = Conflicts::remembered(remembered);
        let mut overlay = Overlay::new(laying, incoming, &stored, conflicts, ancestor)?;
        if let Some(latest) = &target.latest {
            overlay = self.lay_over(overlay, latest).await?;
        }
        Ok(manifold_store::blocking(move || overlay.finish()).await?)
    }

    /// Reads what came, and remembers where each row is.
    async fn set_aside(
        &self,
        came: &mut Came,
        target: &FoundTarget,
        scratch: &Scratch,
        null_tokens: Arc<[String]>,
    ) -> Result<Incoming, JobError> {
        (self.fetching.report)(Progress::step("setting rows aside"));
        let columns = came.columns();
        let identity = match &target.options.key_columns[..] {
            [] => Identity::Content,
            keys => Identity::Key(places(keys, &columns)?),
        };
        let Some(rows) = came.rows.take() else {
            return Err(JobError::failed(
                "defect",
                &"rows that came were read before; report this",
            ));
        };
        let (scratch, name) = (scratch.clone(), came.name.clone());
        let cancel = self.fetching.cancel.clone();
        let read = move || {
            let aside = SettingAside {
                scratch: &scratch,
                name: &name,
                null_tokens,
                cancel: &cancel,
            };
            Incoming::read(rows, columns, identity, &aside)
        };
        Ok(manifold_store::blocking(read).await?)
    }

    /// Reads the rows of the latest snapshot.
    async fn lay_over(&self, mut overlay: Overlay, latest: &Snapshot) -> Result<Overlay, JobError> {
        let mut cells = stored_cells(latest)?;
        let id = latest.id.clone();
        let log = RowLog::new(self.manager());
        let read = log.read(&self.request.project_id, move |connection| {
            let latest = rows::snapshot(connection, &id)?;
            let mut packed = Vec::new();
            rows::read(connection, &latest, None, None, |_, row, _| {
                cells.pack(row, &mut packed);
                overlay.stored(&packed)
            })?;
            Ok(overlay)
        });
        Ok(read.await?)
    }
}

pub(super) fn names(snapshot: &Snapshot) -> Vec<String> {
    let columns = snapshot.columns.iter();
    columns.map(|column| column.name.clone()).collect()
}

pub(super) fn stored_cells(snapshot: &Snapshot) -> Result<StoredCells, StoreError> {
    StoredCells::of(snapshot).map_err(|error| StoreError::Decode(error.to_string()))
}

/// Where the key columns are among those that came.
fn places(keys: &[String], columns: &[String]) -> Result<Vec<usize>, SyncError> {
    let place = |key: &String| {
        let exact = columns.iter().position(|column| column == key);
        let folded = || columns.iter().position(|column| fold(column) == fold(key));
        exact
            .or_else(folded)
            .ok_or_else(|| SyncError::MissingKeyColumn {
                key: key.clone(),
                columns: columns.to_vec(),
            })
    };
    keys.iter().map(place).collect()
}
