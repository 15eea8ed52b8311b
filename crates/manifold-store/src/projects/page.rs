//! The projects, a page at a time.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use entity_core::enums::ProjectState;
use entity_core::projects;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};

use super::Projects;
use crate::{DatabaseManager as _, StoreError};

/// A limit above this is none: SQLite counts rows in 63 bits.
const MOST: u64 = i64::MAX as u64 - 1;

/// A place in the list of projects: behind one of them, whether it still exists or not.
///
/// As text it is for passing on, not for reading: the name without regard to case, what is not a letter, digit, `-`,
/// `_` or `.` of ASCII as `%` and two hex digits for each byte, then `:` and the id, written the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectPlace {
    name_fold: String,
    id: String,
}

/// Some projects in use, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectPage {
    /// The projects.
    pub projects: Vec<projects::Model>,
    /// Where the next page begins; `None` when there are no more.
    pub next: Option<ProjectPlace>,
}

/// A text that is no place in the list of projects.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no place in the list of projects: pass on the one that an earlier page ended with"
)]
pub struct NoPlace {
    /// The text.
    pub text: String,
}

impl Projects {
    /// The projects in use behind a place, in the order of [`Projects::list`]: all of them, or at most `limit`. Each
    /// page is one look into an index, wherever it begins. A project that is made or renamed meanwhile is on the page
    /// where its name belongs, if that is still to come.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn page(
        &self,
        after: Option<&ProjectPlace>,
        limit: Option<u64>,
    ) -> Result<ProjectPage, StoreError> {
        let mut page = in_order(behind(after));
        if let Some(limit) = limit {
            // One more than is asked for tells whether there is one.
            page = page.limit(std::cmp::min(limit, MOST) + 1);
        }
        let mut projects = self.manager.core().all(page).await?;
        let limit = limit.map_or(usize::MAX, |limit| {
            usize::try_from(limit).unwrap_or(usize::MAX)
        });
        let more = projects.len() > limit;
        projects.truncate(limit);
        let next = projects.last().filter(|_| more).map(ProjectPlace::behind);
        Ok(ProjectPage { projects, next })
    }

    /// How many projects in use are behind a place.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn count(&self, after: Option<&ProjectPlace>) -> Result<u64, StoreError> {
        self.manager.core().count(behind(after)).await
    }
}

/// By name.
pub(super) fn in_order(query: Select<projects::Entity>) -> Select<projects::Entity> {
    query
        .order_by_asc(projects::Column::NameFold)
        .order_by_asc(projects::Column::Id)
}

/// The projects in use behind a place.
pub(super) fn behind(place: Option<&ProjectPlace>) -> Select<projects::Entity> {
    let active = projects::Entity::find().filter(projects::Column::State.eq(ProjectState::Active));
    let Some(place) = place else {
        return active;
    };
    // Compared as a pair, SQLite finds the place in the index.
    let key = Expr::tuple([
        Expr::col((projects::Entity, projects::Column::NameFold)),
        Expr::col((projects::Entity, projects::Column::Id)),
    ]);
    let place = Expr::tuple([
        Expr::value(place.name_fold.clone()),
        Expr::value(place.id.clone()),
    ]);
    active.filter(key.gt(place))
}

impl ProjectPlace {
    /// Behind this project.
    #[must_use]
    pub fn behind(row: &projects::Model) -> Self {
        Self {
            name_fold: row.name_fold.clone(),
            id: row.id.clone(),
        }
    }
}

impl fmt::Display for ProjectPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape(&self.name_fold, f)?;
        f.write_char(':')?;
        escape(&self.id, f)
    }
}

fn escape(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            f.write_char(char::from(byte))?;
        } else {
            write!(f, "%{byte:02x}")?;
        }
    }
    Ok(())
}

impl FromStr for ProjectPlace {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let parse = || {
            let (name_fold, id) = text.split_once(':')?;
            Some(Self {
                name_fold: unescape(name_fold)?,
                id: unescape(id).filter(|id| !id.is_empty())?,
            })
        };
        parse().ok_or_else(|| NoPlace {
            text: text.chars().take(80).collect(),
        })
    }
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let value = digit()? * 16 + digit()?;
        bytes.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_word_that_reads_back() {
        for (name_fold, id) in [
            ("aviation", "0192"),
            ("new york: \"x\" 100%", "a:b c"),
            ("-日本🚀", "legacy/id"),
            ("", "x"),
        ] {
            let place = ProjectPlace {
                name_fold: name_fold.to_owned(),
                id: id.to_owned(),
            };
            let text = place.to_string();
            assert!(
                text.is_ascii() && !text.contains([' ', '"', '\'']),
                "{text}"
            );
            assert_eq!(text.parse(), Ok(place));
        }
        for text in ["", "aviation", "a:", "a%:b", "a%zz:b", "a%ff:b"] {
            assert!(text.parse::<ProjectPlace>().is_err(), "{text}");
        }
    }
}
