//! What a data folder holds by what commands have acknowledged.

use std::collections::BTreeMap;

use crate::state::{Sources, State, Version};

/// The journal's sum: every project with its versions, and every file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    pub projects: BTreeMap<String, Sources>,
    pub trash: BTreeMap<String, Sources>,
    /// Projects as files, by their names in the working folder.
    pub files: BTreeMap<String, Sources>,
}

/// A command, with names that nothing else has.
#[derive(Debug, Clone)]
pub enum Act {
    Create(String),
    /// Into a project and a source, either of which may be new.
    Import {
        file: usize,
        project: String,
        source: String,
    },
    Rename(String, String),
    Delete(String),
    Undelete(String),
    Clone(String, String),
    CloneTrashed(String, String),
    EmptyTrash,
    ExportFile(String, String),
    Adopt(String, String),
    RestoreAsNew(String),
    RestoreInPlace,
}

/// Things that do not change.
#[derive(Debug)]
pub struct Fixed {
    /// The rows of `0.csv`, `1.csv`, ..: how many, and their hash.
    pub files: Vec<(i64, u64)>,
    /// What is in the folder `backup`, which is one of project `p`.
    pub backup: Sources,
}

impl Act {
    /// How many kinds there are.
    pub const KINDS: usize = 12;

    /// What tells acts of one kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Import { .. } => "import",
            Self::Rename(..) => "rename",
            Self::Delete(_) => "delete",
            Self::Undelete(_) => "undelete",
            Self::Clone(..) => "clone",
            Self::CloneTrashed(..) => "trash clone",
            Self::EmptyTrash => "trash empty",
            Self::ExportFile(..) => "export-file",
            Self::Adopt(..) => "adopt",
            Self::RestoreAsNew(_) => "restore as new",
            Self::RestoreInPlace => "restore in place",
        }
    }

    /// Whether there is one project more in use afterwards, if it is no import.
    pub fn makes_a_project(&self) -> bool {
        !matches!(
            self,
            Self::Rename(..)
                | Self::Delete(_)
                | Self::Import { .. }
                | Self::EmptyTrash
                | Self::ExportFile(..)
                | Self::RestoreInPlace
        )
    }

    pub fn arguments(&self) -> Vec<String> {
        let words: &[&str] = match self {
            Self::Create(name) => &["project", "create", name],
            Self::Import {
                file,
                project,
                source,
            } => {
                let file = format!("{file}.csv");
                let import = ["import", &file, "--project", project, "--source", source];
                let words = [&import[..], &["--create-project"]].concat();
                return words.into_iter().map(str::to_owned).collect();
            }
            Self::Rename(from, to) => &["project", "rename", from, to],
            Self::Delete(name) => &["project", "delete", name],
            Self::Undelete(name) => &["project", "undelete", name],
            Self::Clone(from, to) => &["project", "clone", from, to],
            Self::CloneTrashed(from, to) => &["project", "trash", "clone", from, to],
            Self::EmptyTrash => &["project", "trash", "empty"],
            Self::ExportFile(name, file) => &["project", "export-file", name, file],
            Self::Adopt(file, name) => &["project", "adopt", file, "--as", name],
            Self::RestoreAsNew(name) => &["restore", "backup", "--as", name],
            Self::RestoreInPlace => &["restore", "backup", "--in-place"],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }
}

impl Model {
    /// The model of a folder as it was found.
    pub fn of(state: State) -> Self {
        assert_eq!(state.trash, [] as [String; 0], "what is in it is not known");
        Self {
            projects: state.projects,
            trash: BTreeMap::new(),
            files: BTreeMap::new(),
        }
    }

    /// What the folder should be found to hold.
    pub fn state(&self) -> State {
        State {
            projects: self.projects.clone(),
            trash: self.trash.keys().cloned().collect(),
        }
    }

    /// Whether the act can succeed.
    pub fn allows(&self, act: &Act) -> bool {
        match act {
            Act::Create(_) | Act::RestoreAsNew(_) => true,
            Act::Import { project, .. } => !project.is_empty(),
            Act::Rename(name, _)
            | Act::Delete(name)
            | Act::Clone(name, _)
            | Act::ExportFile(name, _) => self.projects.contains_key(name),
            Act::Undelete(name) | Act::CloneTrashed(name, _) => self.trash.contains_key(name),
            // Killed in the middle it may have removed some of several.
            Act::EmptyTrash => self.trash.len() == 1 && !self.trash.contains_key("p"),
            Act::Adopt(file, _) => self.files.contains_key(file),
            Act::RestoreInPlace => self.projects.contains_key("p"),
        }
    }

    /// What is so once the act is done, which is allowed.
    pub fn after(&self, act: &Act, fixed: &Fixed) -> Self {
        let mut new = self.clone();
        match act {
            Act::Create(name) => {
                new.projects.insert(name.clone(), Sources::new());
            }
            Act::Import {
                file,
                project,
                source,
            } => {
                let sources = new.projects.entry(project.clone()).or_default();
                let versions = sources.entry(source.clone()).or_default();
                let (rows, hash) = fixed.files[*file];
                let number = versions.last().map_or(1, |last| last.number + 1);
                if versions.last().is_none_or(|last| last.hash != hash) {
                    versions.push(Version { number, rows, hash });
                }
            }
            Act::Rename(from, to) => {
                let sources = new.projects.remove(from).unwrap();
                new.projects.insert(to.clone(), sources);
            }
            Act::Delete(name) => {
                let sources = new.projects.remove(name).unwrap();
                new.trash.insert(name.clone(), sources);
            }
            Act::Undelete(name) => {
                let sources = new.trash.remove(name).unwrap();
                new.projects.insert(name.clone(), sources);
            }
            Act::Clone(from, to) => {
                new.projects.insert(to.clone(), self.projects[from].clone());
            }
            Act::CloneTrashed(from, to) => {
                new.projects.insert(to.clone(), self.trash[from].clone());
            }
            Act::EmptyTrash => new.trash.clear(),
            Act::ExportFile(name, file) => {
                new.files.insert(file.clone(), self.projects[name].clone());
            }
            Act::Adopt(file, name) => {
                new.projects.insert(name.clone(), self.files[file].clone());
            }
            Act::RestoreAsNew(name) => {
                new.projects.insert(name.clone(), fixed.backup.clone());
            }
            Act::RestoreInPlace => {
                new.projects.insert("p".to_owned(), fixed.backup.clone());
            }
        }
        new
    }
}
