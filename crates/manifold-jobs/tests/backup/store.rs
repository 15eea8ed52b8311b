//! A store with a project that has some of everything.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use entity_core::TableCount;
use entity_core::backups;
use entity_core::enums::BackupType;
use manifold_jobs::backup::{self, BackupError, BackupPlace, Collected, Places, Verification};
use manifold_jobs::import::{ImportTarget, InputFile, TableNaming};
use manifold_jobs::jobs::{
    BackupProject, ImportFile, RestoreProject, RestoreTarget, Restored, VerifyBackup,
};
use manifold_jobs::{Environment, Job, JobError, Observer, run_foreground};
use manifold_store::{
    Contents, DataSources, DatabaseId, DatabaseManager as _, ImportSource, Layout, NewProject,
    NewSource, ProjectId, Projects, RowLog, SqliteManager, StoreOptions, rows,
};

/// The types that save a project to the bit, in a folder that stands alone.
pub const TYPES: [BackupType; 3] = [BackupType::Csv, BackupType::Sqlite, BackupType::Full];

pub struct Store {
    pub folder: tempfile::TempDir,
    pub manager: Arc<SqliteManager>,
    pub project: ProjectId,
}

impl Store {
    /// A store with an empty project.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let manager = open(folder.path()).await;
        let new = NewProject {
            name: "Ça va / \"x\"".replace('/', "-"),
            description: Some("a test".to_owned()),
        };
        let project = Projects::new(&manager).create(new).await.unwrap();
        let project = Projects::id(&project).unwrap();
        Self {
            folder,
            manager,
            project,
        }
    }

    /// A store whose project has some of everything, and every kind of cell.
    pub async fn rich() -> Self {
        let store = Self::new().await;
        let orders = "id,name,price,note\n1,apple,1.50,\"\"\n\"2\",pear,2.25,\n3,\"fig, dried\",9.00,\"say \"\"hi\"\"\"\n";
        store.import("orders", orders).await;
        let changed = "id,name,price,note\r\n1,apple,1.75,\"\"\r\n2,pear,2.25,\r\n4,kiwi,n/a,x,y\r\n5,nut\r\n6,\"plum\",3.00,z\r\n";
        // Rows that conform, so that what is special about the others is kept row by row.
        let more: String = (7..60).map(|id| format!("{id},more,1.00,z\r\n")).collect();
        let last = "60,\"more\",1.00,z\r\n";
        store
            .import("orders", &format!("{changed}{more}{last}"))
            .await;
        store
            .import("orders", "id,name,price,note,extra\n1,apple,1.75,,q\n")
            .await;
        store.delete_latest("orders").await;
        store.import("🚀 \"odd\"", "a,b\n\u{1},2\n").await;
        store
            .sources()
            .create(&store.project, NewSource::file("empty"))
            .await
            .unwrap();
        store.sql(EXTREMES);
        store
    }

    pub fn sources(&self) -> DataSources {
        DataSources::new(self.manager.clone())
    }

    pub async fn import(&self, source: &str, csv: impl AsRef<[u8]>) {
        self.import_into(&self.project, source, csv).await;
    }

    /// Imports into a source of a project, which is made when it does not exist.
    pub async fn import_into(&self, project: &ProjectId, source: &str, csv: impl AsRef<[u8]>) {
        let found = match self.sources().find(project, source).await {
            Ok(found) => found,
            Err(_) => self
                .sources()
                .create(project, NewSource::file(source))
                .await
                .unwrap(),
        };
        let path = self.folder.path().join("input.csv");
        std::fs::write(&path, csv).unwrap();
        let target = ImportTarget {
            project_id: project.clone(),
            source: ImportSource::Id(found.id.parse().unwrap()),
            key_columns: Vec::new(),
            always: false,
            typing: Default::default(),
            renames: Vec::new(),
        };
        let file = InputFile {
            path,
            ..InputFile::default()
        };
        let import = ImportFile {
            target,
            file,
            file_name: "input.csv".to_owned(),
            naming: TableNaming::default(),
        };
        self.run(import).await.unwrap();
    }

    async fn delete_latest(&self, source: &str) {
        let source = self.sources().find(&self.project, source).await.unwrap().id;
        let connection = self.connection();
        let latest = rows::latest(&connection, &source).unwrap().unwrap().id;
        rows::delete(
            &connection,
            &source,
            &[latest],
            rows::Effect::Lasting,
            &|_| Ok(()),
        )
        .unwrap();
    }

    /// A connection of somebody else on the project's file.
    pub fn connection(&self) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open_with_flags_and_vfs(
            self.file(),
            rusqlite::OpenFlags::default(),
            manifold_store::vfs(),
        )
        .unwrap();
        connection
            .busy_timeout(std::time::Duration::from_secs(10))
            .unwrap();
        connection
    }

    pub fn file(&self) -> PathBuf {
        self.manager.layout().spoke(&self.project.namespace())
    }

    pub fn sql(&self, sql: &str) {
        self.connection().execute_batch(sql).unwrap();
    }

    pub async fn run<J: Job>(&self, job: J) -> Result<J::Output, JobError> {
        run_foreground(&self.manager, job, None, Observer::default())
            .await
            .unwrap()
            .outcome
    }

    /// Deletes a backup; the segments that it needed stay.
    pub async fn delete(&self, backup: &backups::Model) {
        backup::delete(&self.manager, &self.places(), backup)
            .await
            .unwrap();
    }

    pub fn places(&self) -> Places {
        Places::new(self.manager.layout(), Environment::none())
    }

    /// Takes away the segments that no backup needs any more.
    pub async fn collect(&self, deleted: &[backups::Model]) -> Result<Collected, BackupError> {
        backup::collect_after(&self.places(), deleted).await
    }

    pub async fn back_up(&self, backup_type: BackupType) -> backups::Model {
        self.run(BackupProject::new(self.project.clone(), backup_type))
            .await
            .unwrap()
    }

    pub async fn verify(&self, backup: &backups::Model) -> Verification {
        self.run(VerifyBackup::new(place(backup))).await.unwrap()
    }

    pub async fn restore(
        &self,
        backup: BackupPlace,
        target: RestoreTarget,
    ) -> Result<Restored, JobError> {
        self.run(RestoreProject {
            backup,
            target,
            dry_run: false,
        })
        .await
    }

    /// Each table of a project with its rows and their hash.
    pub async fn tables(&self, project: &ProjectId) -> Vec<TableCount> {
        let frozen = self
            .manager
            .freeze(DatabaseId::Project(project.clone()))
            .await
            .unwrap();
        let tables = frozen.tables(Contents::WithData).unwrap();
        tables
            .iter()
            .map(|table| frozen.hash(table).unwrap())
            .collect()
    }

    pub async fn schema(&self, project: &ProjectId) -> Vec<String> {
        let frozen = self
            .manager
            .freeze(DatabaseId::Project(project.clone()))
            .await
            .unwrap();
        frozen.schema().unwrap()
    }

    /// What every view shows.
    pub async fn views(&self, project: &ProjectId) -> Vec<String> {
        let read = |connection: &rusqlite::Connection| {
            let mut shown = Vec::new();
            let mut names = connection
                .prepare("SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name")
                .unwrap();
            let names: Vec<String> = names
                .query_map([], |row| row.get(0))
                .unwrap()
                .map(Result::unwrap)
                .collect();
            for name in names {
                let sql = format!("SELECT * FROM \"{}\"", name.replace('"', "\"\""));
                let mut statement = connection.prepare(&sql).unwrap();
                let width = statement.column_count();
                let mut rows = statement.query([]).unwrap();
                while let Some(row) = rows.next().unwrap() {
                    let cells: Vec<_> = (0..width)
                        .map(|cell| format!("{:?}", row.get_ref(cell).unwrap()))
                        .collect();
                    shown.push(format!("{name}: {}", cells.join("|")));
                }
            }
            Ok(shown)
        };
        RowLog::new(&self.manager)
            .read(project, read)
            .await
            .unwrap()
    }

    /// The names of everything in the folder of backups, hidden ones too.
    pub fn in_backups(&self) -> Vec<String> {
        names(&self.manager.layout().backups())
    }

    pub fn staged(&self) -> Vec<String> {
        let mut staged = names(&self.manager.layout().temporary());
        staged.retain(|name| name.starts_with("staged-"));
        staged
    }
}

pub fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

pub async fn open(folder: &Path) -> Arc<SqliteManager> {
    SqliteManager::open(Layout::new(folder), StoreOptions::default())
        .await
        .unwrap()
}

pub fn place(backup: &backups::Model) -> BackupPlace {
    BackupPlace::Id(backup.id.clone())
}

pub fn as_new(name: &str) -> RestoreTarget {
    RestoreTarget::AsNew {
        name: Some(name.to_owned()),
    }
}

pub fn id(restored: &Restored) -> ProjectId {
    restored.project_id.as_ref().unwrap().parse().unwrap()
}

/// Without the tables that a restore changes on purpose: the project's identity, and imports that ran.
pub fn without_identity(tables: &[TableCount]) -> Vec<TableCount> {
    tables
        .iter()
        .filter(|table| table.name != "project")
        .cloned()
        .collect()
}

const EXTREMES: &str = "
    INSERT INTO d1(_rid, _to, _pos, c1, c2, c3, c4) VALUES
      (1001, 40000, 0.1, -9223372036854775808, 9223372036854775807, -0.0, 9e999),
      (1002, 40000, -1e300, -9e999, 5e-324, 1.0, 0.1),
      (1003, 40000, NULL, '', NULL, '1', '1.0'),
      (1004, 40000, 3.0, x'', x'00ff', CAST(x'ff00fe' AS TEXT), CAST(x'610062' AS TEXT)),
      (1005, 40000, NULL, char(13) || char(10), ',\"', ' x ', char(0xfeff) || '日本🚀'),
      (1006, 40000, NULL, 'null', '-0.0', '{\"$blob\":\"00\"}', 'inf');
    INSERT INTO row_quirks SELECT id, 9000, 1001, 8388607, x'000102ff' FROM data_sources LIMIT 1;
    INSERT INTO relationships(id, name, from_source_id, from_columns, to_source_id, to_columns, cardinality, created_at, updated_at)
      SELECT 'r1', 'one to another', min(id), '[\"id\"]', max(id), '[\"a\"]', 'one_to_many',
             '2026-11-22T10:00:00+00:00', '2026-11-22T10:00:00+00:00' FROM data_sources;
    INSERT INTO consolidated_models(id, name, name_fold, description, spec, created_at, updated_at) VALUES
      ('m1', 'Model', 'model', NULL, '{\"steps\":[1,2.5,null]}', '2026-11-22T10:00:00+00:00', '2026-11-22T10:00:00+00:00');
    UPDATE project SET settings = '{\"a\":[true,\"é\"]}';
";
