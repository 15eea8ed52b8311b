//! The files that the arguments of an import mean.

use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern};
use manifold_jobs::JobError;
use manifold_jobs::download::Address;
use manifold_jobs::export::DATAPACKAGE;
use manifold_jobs::import::{ImportFileError, zip_contents};
use walkdir::WalkDir;

use crate::command_error::CommandError;

/// The extensions of files that are taken from a folder or a zip archive.
const EXTENSIONS: [&str; 13] = [
    "csv",
    "tsv",
    "tab",
    "txt",
    "json",
    "jsonl",
    "ndjson",
    "jsonlines",
    "geojson",
    "sqlite",
    "sqlite3",
    "db",
    "zip",
];

/// Patterns are those of shells: files that begin with a point are hidden.
const PATTERNS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

/// What stands for stdin.
const STDIN: &str = "-";

/// A file, or one in a zip archive, or what is fetched or comes from stdin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) path: PathBuf,
    pub(super) member: Option<String>,
    /// Where it is fetched from; the path is then what people may see of that.
    pub(super) address: Option<Address>,
    /// It comes from stdin.
    pub(super) is_stdin: bool,
}

impl Named {
    fn file(path: &Path, member: Option<String>) -> Self {
        Self {
            path: path.to_owned(),
            member,
            address: None,
            is_stdin: false,
        }
    }

    fn fetched(address: Address) -> Self {
        let shown = Self::file(address.shown().as_ref(), None);
        Self {
            address: Some(address),
            ..shown
        }
    }

    fn stdin() -> Self {
        Self {
            is_stdin: true,
            ..Self::file("/dev/stdin".as_ref(), None)
        }
    }

    /// The name by which it is shown, and its source is called.
    pub(super) fn file_name(&self) -> String {
        if self.is_stdin {
            return STDIN.to_owned();
        }
        if let Some(address) = &self.address {
            return address.file_name().unwrap_or_else(|| address.host());
        }
        let path = self.member.as_deref().map_or(&*self.path, Path::new);
        let name = path.file_name().unwrap_or(path.as_os_str());
        name.to_string_lossy().into_owned()
    }
}

/// The files that `arguments` mean: a folder means the files in it, a pattern those that fit it, a zip archive those in it,
/// each in the order of their names.
///
/// # Errors
/// [`CommandError::NothingToImport`]; what a zip archive fails with.
pub(super) fn all(arguments: &[PathBuf]) -> anyhow::Result<Vec<Named>> {
    let mut files = Vec::new();
    for argument in arguments {
        if argument.as_os_str() == STDIN {
            files.push(Named::stdin());
            continue;
        }
        if let Some(text) = argument.to_str().filter(|text| Address::is_meant(text)) {
            let address = Address::new(text).map_err(JobError::from)?;
            files.push(Named::fetched(address));
            continue;
        }
        let found = fitting(argument)?;
        let is_chosen = found == [argument.clone()];
        for path in found {
            match (path.is_dir(), is_chosen) {
                (true, _) => {
                    for path in in_folder(&path)? {
                        add(&mut files, &path)?;
                    }
                }
                (false, true) => match member(&path) {
                    Some(named) => files.push(named),
                    None => add(&mut files, &path)?,
                },
                (false, false) => add(&mut files, &path)?,
            }
        }
    }
    Ok(files)
}

/// Adds a file, or those in it.
fn add(files: &mut Vec<Named>, path: &Path) -> anyhow::Result<()> {
    let contents = match path.is_file() {
        true => zip_contents(path).map_err(JobError::from)?,
        false => None,
    };
    let Some(contents) = contents else {
        files.push(Named::file(path, None));
        return Ok(());
    };
    let members: Vec<Named> = contents
        .into_iter()
        .filter(|name| is_known(Path::new(name)) && !name.to_lowercase().ends_with(".zip"))
        .map(|name| Named::file(path, Some(name)))
        .collect();
    if members.is_empty() {
        return Err(nothing(path));
    }
    files.extend(members);
    Ok(())
}

/// The paths that fit a pattern; a path that is there, or is no pattern, means itself.
fn fitting(argument: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let text = argument.to_string_lossy();
    let is_there = argument.symlink_metadata().is_ok() || member(argument).is_some();
    if is_there || !text.contains(['*', '?', '[']) {
        return Ok(vec![argument.to_owned()]);
    }
    let no_pattern = |error| CommandError::Usage {
        message: format!("`{text}` is no pattern for files: {error}"),
    };
    let found: Vec<PathBuf> = if text.contains("**") {
        below(argument, &Pattern::new(&text).map_err(no_pattern)?)
    } else {
        let found = glob::glob_with(&text, PATTERNS).map_err(no_pattern)?;
        let found = found.filter_map(Result::ok);
        found.filter(|path| path.is_file()).collect()
    };
    if found.is_empty() {
        return Err(nothing(argument));
    }
    Ok(found)
}

/// The files that fit a pattern with `**` in it, which goes into no links to folders: those may lead back.
fn below(argument: &Path, pattern: &Pattern) -> Vec<PathBuf> {
    let is_plain = |part: &Component<'_>| {
        let part = part.as_os_str().to_string_lossy();
        !part.contains(['*', '?', '['])
    };
    let above: PathBuf = argument.components().take_while(is_plain).collect();
    let start = if above.as_os_str().is_empty() {
        Path::new(".")
    } else {
        &above
    };
    let walk = WalkDir::new(start).sort_by_file_name().into_iter();
    let found = walk.filter_map(Result::ok).map(|entry| {
        let path = entry.into_path();
        match path.strip_prefix(".") {
            Ok(within) if above.as_os_str().is_empty() => within.to_owned(),
            _ => path,
        }
    });
    let fits = |path: &PathBuf| pattern.matches_path_with(path, PATTERNS) && path.is_file();
    found.filter(fits).collect()
}

/// The files in a folder, not in those within it, that can be imported by their extension; without the descriptions of others.
fn in_folder(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let unreadable = |source| {
        JobError::from(ImportFileError::Unreadable {
            path: folder.to_owned(),
            source,
        })
    };
    let mut files = Vec::new();
    for entry in folder.read_dir().map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_file() && is_known(&path) {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(nothing(folder));
    }
    Ok(files)
}

/// Whether a file can be imported by its extension, before `.gz` or `.zst`. Those that begin with a point are hidden, and a description
/// of a file or a folder is no data.
fn is_known(path: &Path) -> bool {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let plain = name
        .strip_suffix(".gz")
        .or_else(|| name.strip_suffix(".zst"));
    let extension = plain.unwrap_or(&name).rsplit_once('.');
    !name.starts_with('.')
        && !name.ends_with(DATAPACKAGE)
        && extension.is_some_and(|(_, extension)| EXTENSIONS.contains(&extension))
}

/// `archive.zip/folder/file.csv`: a file in an archive.
fn member(path: &Path) -> Option<Named> {
    if path.symlink_metadata().is_ok() {
        return None;
    }
    let archive = path.ancestors().skip(1).find(|above| above.is_file())?;
    let within = path.strip_prefix(archive).ok()?;
    let parts: Vec<_> = within
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    Some(Named::file(archive, Some(parts.join("/"))))
}

fn nothing(path: &Path) -> anyhow::Error {
    let path = path.to_owned();
    CommandError::NothingToImport { path }.into()
}
