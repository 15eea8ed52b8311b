//! Which command passes which named point.

use crate::folder::Folder;
use crate::scene;

/// Rows of the files: more than one look of a backup whether it is to stop.
const ROWS: usize = 3_000;

/// Where a command begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Start {
    /// No data folder.
    Nowhere,
    /// An empty data folder.
    Initial,
    /// A project with two versions.
    Filled,
    /// The same, with a backup in the data folder.
    Saved,
    /// The same, with an incremental backup.
    Increment,
    /// There is a backup of the whole store, and the project has changed since.
    StoreChanged,
    /// There is a backup of the whole store, and the project is gone.
    StoreGone,
    /// The project was restored in place.
    Replaced,
    /// The project is in the trash.
    InTrash,
    /// The project's source is in its trash.
    SourceInTrash,
    /// The project's file is no database.
    Damaged,
    /// An import died.
    Died,
    /// A project, and `large.csv`, of which a first look sees the beginning only.
    Large,
}

impl Start {
    /// The folder of which each test of a point gets a copy.
    pub fn folder(self) -> Folder {
        match self {
            Self::Nowhere => Folder::new(),
            Self::Initial => scene::initial(),
            Self::InTrash => scene::in_trash(),
            Self::Large => scene::large(),
            Self::Filled
            | Self::Saved
            | Self::Increment
            | Self::StoreChanged
            | Self::StoreGone
            | Self::Replaced
            | Self::SourceInTrash
            | Self::Damaged
            | Self::Died => scene::filled(ROWS, "csv"),
        }
    }

    /// What has to happen in the copy itself.
    pub fn prepare(self, folder: &Folder) {
        match self {
            Self::Saved => {
                folder.ok(&["backup", "create", "p"]);
            }
            Self::Increment => {
                folder.ok(INCREMENT);
            }
            Self::StoreChanged => {
                folder.ok(BACK_UP_ALL);
                folder.ok(LATER);
            }
            Self::StoreGone => {
                folder.ok(BACK_UP_ALL);
                folder.ok(DELETE);
                folder.ok(EMPTY_TRASH);
            }
            Self::Replaced => {
                folder.ok(REPLACE);
            }
            Self::SourceInTrash => {
                folder.ok(&["source", "delete", "p", "a"]);
            }
            Self::Damaged => {
                let projects = std::fs::read_dir(folder.path("data/projects")).unwrap();
                for entry in projects {
                    let path = entry.unwrap().path();
                    if path.extension().is_some_and(|extension| extension == "db") {
                        std::fs::write(path, "something that is certainly no database").unwrap();
                    }
                }
            }
            Self::Died => {
                let died = folder.run_with("import-recorded=abort", LATER);
                assert_eq!(died.code, ABORTED, "{}", died.stderr);
            }
            Self::Nowhere | Self::Initial | Self::Filled | Self::InTrash | Self::Large => {}
        }
    }
}

/// What a shell says of a process that aborted.
pub const ABORTED: i32 = 128 + 6;

/// A command that passes a point.
#[derive(Debug)]
pub struct Passage {
    pub point: &'static str,
    /// What must fail before the point is reached; empty when nothing.
    pub after: &'static str,
    pub start: Start,
    pub command: &'static [&'static str],
}

const NEW: &[&str] = &["import", "new.csv", "--project", "n", "--create-project"];
const FIRST: &[&str] = &["import", "new.csv", "--project", "p", "--source", "b"];
const LARGE: &[&str] = &["import", "large.csv", "--project", "p", "--source", "b"];
const LATER: &[&str] = &["import", "next.csv", "--project", "p", "--source", "a"];
const SAME: &[&str] = &["import", "same.csv", "--project", "p", "--source", "a"];
const CREATE: &[&str] = &["project", "create", "n"];
const RENAME: &[&str] = &["project", "rename", "p", "q"];
const DELETE: &[&str] = &["project", "delete", "p"];
const UNDELETE: &[&str] = &["project", "undelete", "p"];
const DELETE_SNAPSHOT: &[&str] = &["snapshot", "delete", "p", "a@2"];
const BACK_UP: &[&str] = &["backup", "create", "p", "--type", "csv"];
const INCREMENT: &[&str] = &["backup", "create", "p", "--type", "incremental"];
const BACK_UP_ALL: &[&str] = &["backup", "create", "--all"];
const RESTORE_ALL: &[&str] = &["restore", "BACKUP", "--in-place"];
const DELETE_BACKUP: &[&str] = &["backup", "delete", "BACKUP"];
const RESTORE: &[&str] = &["restore", "backup", "--as", "r"];
const REPLACE: &[&str] = &["restore", "backup", "--in-place"];
const DRILL: &[&str] = &["backup", "verify", "BACKUP", "--drill"];
const UNDO: &[&str] = &["undo", "p", "--to", "POINT"];
const EXPORT: &[&str] = &["export", "p", "--source", "a", "--to", "out.csv"];
const CLONE: &[&str] = &["project", "clone", "p", "c"];
const CLONE_TRASHED: &[&str] = &["project", "trash", "clone", "p", "c"];
const ADOPT: &[&str] = &["project", "adopt", "p.db", "--as", "n"];
const EXPORT_FILE: &[&str] = &["project", "export-file", "p", "out.db"];
const DELETE_SOURCE: &[&str] = &["source", "delete", "p", "a"];
const UNDELETE_SOURCE: &[&str] = &["source", "undelete", "p", "a"];
const EMPTY_SOURCE_TRASH: &[&str] = &["source", "trash", "empty", "p"];
const EMPTY_TRASH: &[&str] = &["project", "trash", "empty"];
const LIST: &[&str] = &["project", "list"];

impl Passage {
    /// Whether the doctor rightly finds something until the command has been repeated: a project that is damaged, a
    /// backup whose files are gone.
    pub fn is_told_by_the_doctor(&self) -> bool {
        self.start == Start::Damaged || self.point == "backup-folder-deleted"
    }
}

const fn passage(point: &'static str, start: Start, command: &'static [&'static str]) -> Passage {
    Passage {
        point,
        after: "",
        start,
        command,
    }
}

const fn undoing(
    point: &'static str,
    after: &'static str,
    start: Start,
    command: &'static [&'static str],
) -> Passage {
    Passage {
        point,
        after,
        start,
        command,
    }
}

/// Every point, by the work it is in.
pub const PASSAGES: &[Passage] = &[
    passage("hub-written", Start::Nowhere, &["init"]),
    passage("template-written", Start::Initial, CREATE),
    passage("create-planned", Start::Initial, CREATE),
    passage("create-file-written", Start::Initial, CREATE),
    passage("create-file-made", Start::Initial, CREATE),
    passage("create-published", Start::Initial, CREATE),
    undoing("draft-hidden", "import-table-made", Start::Filled, NEW),
    passage("import-recorded", Start::Filled, NEW),
    passage("import-published", Start::Filled, NEW),
    passage("revision-raised", Start::Filled, RENAME),
    passage("revision-raised", Start::Filled, FIRST),
    passage("revision-raised", Start::Filled, SAME),
    passage("revision-committed", Start::Filled, RENAME),
    passage("revision-committed", Start::Filled, FIRST),
    passage("revision-committed", Start::Filled, SAME),
    passage("delete-planned", Start::Filled, DELETE),
    passage("delete-settled", Start::Filled, DELETE),
    passage("delete-file-moved", Start::Filled, DELETE),
    passage("delete-published", Start::Filled, DELETE),
    undoing("delete-undoing", "delete-file-moved", Start::Filled, DELETE),
    undoing(
        "delete-file-moved-back",
        "delete-file-moved",
        Start::Filled,
        DELETE,
    ),
    passage("undelete-planned", Start::InTrash, UNDELETE),
    passage("undelete-renamed", Start::InTrash, UNDELETE),
    passage("undelete-file-moved", Start::InTrash, UNDELETE),
    passage("undelete-published", Start::InTrash, UNDELETE),
    undoing(
        "undelete-undoing",
        "undelete-file-moved",
        Start::InTrash,
        UNDELETE,
    ),
    undoing(
        "undelete-file-moved-back",
        "undelete-file-moved",
        Start::InTrash,
        UNDELETE,
    ),
    passage("clone-staged", Start::Filled, CLONE),
    passage("place-planned", Start::Filled, CLONE),
    passage("place-file-moved", Start::Filled, CLONE),
    passage("place-file-placed", Start::Filled, CLONE),
    passage("place-published", Start::Filled, CLONE),
    passage("place-shown", Start::Filled, CLONE),
    passage("clone-staged", Start::InTrash, CLONE_TRASHED),
    passage("place-file-placed", Start::InTrash, CLONE_TRASHED),
    passage("adopt-staged", Start::Filled, ADOPT),
    passage("place-planned", Start::Filled, ADOPT),
    passage("place-file-moved", Start::Filled, ADOPT),
    passage("place-file-placed", Start::Filled, ADOPT),
    passage("export-file-written", Start::Filled, EXPORT_FILE),
    passage("purge-planned", Start::InTrash, EMPTY_TRASH),
    passage("purge-file-removed", Start::InTrash, EMPTY_TRASH),
    passage("purge-published", Start::InTrash, EMPTY_TRASH),
    undoing(
        "purge-undoing",
        "purge-planned",
        Start::InTrash,
        EMPTY_TRASH,
    ),
    undoing(
        "purge-undoing",
        "purge-file-removed",
        Start::InTrash,
        EMPTY_TRASH,
    ),
    passage("source-trashed", Start::Filled, DELETE_SOURCE),
    passage("revision-raised", Start::Filled, DELETE_SOURCE),
    passage("revision-committed", Start::Filled, DELETE_SOURCE),
    passage("source-undeleted", Start::SourceInTrash, UNDELETE_SOURCE),
    passage("revision-raised", Start::SourceInTrash, UNDELETE_SOURCE),
    passage("revision-committed", Start::SourceInTrash, UNDELETE_SOURCE),
    passage("source-purged", Start::SourceInTrash, EMPTY_SOURCE_TRASH),
    passage("job-started", Start::Filled, CLONE),
    passage("job-done", Start::Filled, CLONE),
    passage("job-started", Start::Filled, ADOPT),
    passage("job-done", Start::Filled, ADOPT),
    passage("job-started", Start::Filled, EXPORT_FILE),
    passage("job-done", Start::Filled, EXPORT_FILE),
    passage("job-claimed", Start::Filled, LATER),
    passage("job-started", Start::Filled, LATER),
    passage("import-recorded", Start::Filled, FIRST),
    passage("import-table-made", Start::Filled, FIRST),
    passage("import-batch-committed", Start::Filled, FIRST),
    passage("import-columns-stored-anew", Start::Large, LARGE),
    passage("import-rows-stored", Start::Filled, FIRST),
    passage("import-rows-indexed", Start::Filled, FIRST),
    passage("import-snapshot-written", Start::Filled, FIRST),
    undoing(
        "import-taken-back",
        "import-batch-committed",
        Start::Filled,
        FIRST,
    ),
    passage("import-compared", Start::Filled, LATER),
    passage("import-differences-written", Start::Filled, LATER),
    passage("import-differences-committed", Start::Filled, LATER),
    passage("import-differences-published", Start::Filled, LATER),
    passage("import-published", Start::Filled, FIRST),
    passage("import-published", Start::Filled, LATER),
    passage("import-projected", Start::Filled, FIRST),
    passage("import-projected", Start::Filled, LATER),
    passage("job-done", Start::Filled, LATER),
    passage("job-finished", Start::Filled, LATER),
    passage("job-found-dead", Start::Died, LIST),
    passage("snapshot-taken-away", Start::Filled, DELETE_SNAPSHOT),
    passage("snapshot-deleted", Start::Filled, DELETE_SNAPSHOT),
    passage("backup-begun", Start::Filled, BACK_UP),
    passage("backup-frozen", Start::Filled, BACK_UP),
    passage("backup-rows-passed", Start::Filled, BACK_UP),
    passage("backup-file-written", Start::Filled, BACK_UP),
    passage("backup-files-written", Start::Filled, BACK_UP),
    passage("backup-manifest-written", Start::Filled, BACK_UP),
    passage("backup-published", Start::Filled, BACK_UP),
    passage("backup-completed", Start::Filled, BACK_UP),
    passage("store-backup-begun", Start::Filled, BACK_UP_ALL),
    passage("freeze-writers-kept-out", Start::Filled, BACK_UP_ALL),
    passage("store-backup-group-taken", Start::Filled, BACK_UP_ALL),
    passage("store-backup-hub-written", Start::Filled, BACK_UP_ALL),
    passage("backup-file-written", Start::Filled, BACK_UP_ALL),
    passage("store-backup-part-written", Start::Filled, BACK_UP_ALL),
    passage("backup-manifest-written", Start::Filled, BACK_UP_ALL),
    passage("store-backup-published", Start::Filled, BACK_UP_ALL),
    passage("backup-folder-deleted", Start::Saved, DELETE_BACKUP),
    passage("backup-lease-taken", Start::Increment, INCREMENT),
    passage("backup-segment-kept", Start::Filled, INCREMENT),
    passage("backup-files-written", Start::Increment, INCREMENT),
    passage("backup-manifest-written", Start::Filled, INCREMENT),
    passage("backup-published", Start::Increment, INCREMENT),
    passage("segments-marked", Start::Increment, DELETE_BACKUP),
    passage("segment-removed", Start::Increment, DELETE_BACKUP),
    passage("restore-files-checked", Start::Filled, RESTORE),
    passage("restore-read-back", Start::Filled, REPLACE),
    passage("restore-compared", Start::Filled, RESTORE),
    passage("restore-staged", Start::Filled, REPLACE),
    passage("place-planned", Start::Filled, RESTORE),
    passage("place-file-moved", Start::Filled, RESTORE),
    passage("place-file-placed", Start::Filled, RESTORE),
    passage("place-published", Start::Filled, RESTORE),
    passage("safety-copy-written", Start::Filled, REPLACE),
    passage("restore-safety-copied", Start::Filled, REPLACE),
    passage("restore-replaced", Start::Filled, REPLACE),
    passage("restore-damaged-copied", Start::Damaged, REPLACE),
    passage("restore-replaced", Start::Damaged, REPLACE),
    passage(
        "store-restore-part-staged",
        Start::StoreChanged,
        RESTORE_ALL,
    ),
    passage("restore-safety-copied", Start::StoreChanged, RESTORE_ALL),
    passage("restore-replaced", Start::StoreChanged, RESTORE_ALL),
    passage("store-restore-part-done", Start::StoreChanged, RESTORE_ALL),
    passage(
        "store-restore-hub-written",
        Start::StoreChanged,
        RESTORE_ALL,
    ),
    passage(
        "store-restore-hub-carried-over",
        Start::StoreChanged,
        RESTORE_ALL,
    ),
    passage("store-restore-part-staged", Start::StoreGone, RESTORE_ALL),
    passage("place-planned", Start::StoreGone, RESTORE_ALL),
    passage("place-file-moved", Start::StoreGone, RESTORE_ALL),
    passage("place-file-placed", Start::StoreGone, RESTORE_ALL),
    passage("place-published", Start::StoreGone, RESTORE_ALL),
    passage("store-restore-part-done", Start::StoreGone, RESTORE_ALL),
    passage("drill-staged", Start::Saved, DRILL),
    passage("drill-file-sealed", Start::Saved, DRILL),
    passage("drill-opened", Start::Saved, DRILL),
    passage("drill-examined", Start::Saved, DRILL),
    passage("snapshot-taken-away", Start::Filled, UNDO),
    passage("snapshot-deleted", Start::Filled, UNDO),
    passage("undo-one-done", Start::Filled, UNDO),
    passage("source-undeleted", Start::SourceInTrash, UNDO),
    passage("undo-one-done", Start::SourceInTrash, UNDO),
    passage("safety-copy-written", Start::Replaced, UNDO),
    passage("restore-safety-copied", Start::Replaced, UNDO),
    passage("restore-replaced", Start::Replaced, UNDO),
    passage("undo-put-back", Start::Replaced, UNDO),
    passage("undo-one-done", Start::Replaced, UNDO),
    passage("export-written", Start::Filled, EXPORT),
];
