#![doc = include_str!("../README.md")]

mod access;
mod atomic_file;
mod backups;
mod blocking;
mod clock;
mod config_secrets;
mod connection;
mod consolidated_models;
mod data_sources;
mod database;
mod difference;
mod doctor;
mod durability;
mod error;
mod fail_point;
mod file_lock;
mod foreign;
mod free_space;
mod freeze;
mod gate;
mod group_commit;
mod hub;
mod hub_copies;
mod hub_log;
mod id;
mod import_history;
mod inline;
mod jobs;
mod key_index;
mod kind;
mod layout;
mod lease;
mod let_go;
mod manager;
mod metrics;
mod migrate;
mod migrations;
pub mod name;
mod outside;
mod peek;
mod projection;
mod projects;
mod provision;
mod quarantine;
mod query;
#[cfg(debug_assertions)]
#[doc(hidden)]
pub mod recorder;
mod reference;
mod relationships;
mod replace;
mod reset;
mod restore_points;
mod revision;
mod row_log;
pub mod rows;
mod saga;
mod salvage;
pub mod sandbox;
mod schedules;
mod scratch;
mod secrets;
mod settings;
mod snapshots;
mod source_indexes;
mod source_trash;
mod spoke;
mod spoke_map;
mod spool_file;
mod sqlite;
mod sqlite_manager;
mod stack;
mod staged;
mod stencil;
mod sync_states;
mod table_file;
mod table_walk;
mod timestamp;
mod transaction;
mod trash;
mod user_query;
mod worker;

pub use access::Access;
pub use atomic_file::{AtomicFile, rename_durably, sync_folder};
pub use backups::{
    AbandonedBackup, BACKUP_PROJECT, BACKUP_STORE, BackupStats, BackupTotals, Backups, NewBackup,
    TypeStats,
};
pub use blocking::{blocking, blocking_behind_others};
pub use clock::Clock;
pub use connection::{Connection, Rows};
pub use consolidated_models::{ConsolidatedModels, ModelDefinition};
pub use data_sources::{
    DataSources, NewSource, SourceChange, SourceUpdateError, fetched, refusal_if_disabled,
    refuse_secrets,
};
pub use database::{CoreDatabase, CoreTransaction, Database, ProjectDatabase, ProjectTransaction};
pub use difference::{DifferentDefinition, DifferentTable, ProjectDifference, SourceDifference};
pub use doctor::{DatabaseState, Doctor, Examination, Finding, FindingClass, Severity};
pub use durability::Durability;
pub use error::StoreError;
pub use file_lock::{FileLock, Share, command_line, process_name};
pub use foreign::{
    ForeignColumn, ForeignDatabase, ForeignError, ForeignKey, ForeignQuery, ForeignRows,
    ForeignTable, ForeignTarget, ForeignValue, SkippedTable,
};
pub use free_space::free_space;
pub use freeze::{
    Contents, CopyProgress, CopyWatch, DatabaseId, FileDigest, Frozen, FrozenAlone, FrozenProject,
    FrozenTogether, Hashed, Part, RowEpoch, RowSource, Segment, SnapshotMark, StreamedFile, Table,
    TableDigest, TableKind, TileCount, Twin,
};
pub use hub_copies::HubCopies;
pub use hub_log::{HubLog, LogEntry, LogFilter, Origin};
pub use id::{
    BackupId, CrewId, ExecutionId, IdError, ImportId, JobId, ModelId, OperationId, ProjectId,
    RelationshipId, ScheduleId, SnapshotId, SourceId, WorkerId,
};
pub use import_history::{ImportFilter, ImportHistory};
pub use inline::TypedConnection;
pub use jobs::{
    Claim, Crew, DEFAULT_QUEUE, Ending, Enlisted, Enqueued, Explanation, Fence, FenceError,
    ImportEnding, ImportRecord, ImportSource, JobFilter, JobLog, JobProgress, JobRetention,
    JobWatch, Jobs, JobsError, KindStats, LogBuffer, LogLine, NOTIFY_FAILURE, NewImport, NewJob,
    PlannedFor, PrunedJobs, Reason, SILENT_AFTER, Slot, Standing, StepCursor,
};
pub use key_index::KeyIndex;
pub use kind::{Core, Kind, Project, StoredIn};
pub use layout::Layout;
pub use manager::DatabaseManager;
pub use metrics::{
    Connections, DatabaseMetrics, HeldRead, Latency, Metrics, OpenDatabase, SlowQuery, Spokes,
    Waits,
};
pub use migrate::{Direction, MigrationStatus, migrate, status as migration_status};
pub use migrations::{FleetProgress, Migrations, SpokeStatus, Target};
pub use projects::{
    AdoptOptions, Adopted, NewProject, NoPlace, ProjectDraft, ProjectFile, ProjectPage,
    ProjectPlace, ProjectStats, Projects, SourceStats, StoredRows, refuse_harm,
};
pub use quarantine::{Cause, Note, Quarantine, SetAside};
pub use query::{Execute, Fetch, FetchOne};
pub use relationships::{RelationshipDefinition, RelationshipEnd, Relationships};
pub use replace::{Alone, CopyReason, Replaced, Restores, SafetyCopy};
pub use reset::Reset;
pub use restore_points::{ImportedSnapshot, RestorePoint, RestorePoints, UserAction};
pub use row_log::{RowLog, RowLogError};
pub use salvage::{Salvage, SalvageError, Salvaged, SalvagedTable};
pub use schedules::{NewSchedule, Planting, StoredSchedules};
pub use scratch::Scratch;
pub use secrets::{ResolvedConfig, Secret, Secrets, SecretsError};
pub use settings::{Setting, SettingValue, Settings};
pub use snapshots::{SnapshotDetails, Snapshots};
pub use source_indexes::SourceIndexes;
pub use source_trash::{SourceTrash, TrashedSource};
pub use spool_file::SpoolFile;
pub use sqlite::vfs;
pub use sqlite_manager::{SqliteManager, StoreOptions};
pub use staged::{
    Comparison, Drill, Expected, ExpectedHub, ExpectedPart, ExpectedRows, ExpectedTile,
    RedactedSecret, Shown, Staged, StagedBuilder, StagedError, StagedHub, TableLoad,
};
pub use sync_states::SyncStates;
pub use table_file::{TableColumn, TableFile};
pub use timestamp::Timestamp;
pub use transaction::Transaction;
pub use trash::{Trash, TrashedProject};
pub use user_query::{
    LeftOut, OddCells, QueryDone, UnionColumn, UnionDone, UnionSink, UserQueries, UserQuery,
    UserQueryError, WhyLeftOut,
};
pub use worker::{Worker, is_alive};
