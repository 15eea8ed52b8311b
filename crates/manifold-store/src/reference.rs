//! How people point at a thing: exact id, exact name, unique id prefix, in this order.

use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{EntityTrait, QueryFilter as _, QuerySelect as _, Select};

use crate::StoreError;

/// How many candidates of an ambiguous reference are listed.
const MOST_CANDIDATES: u64 = 10;

/// Something that a reference can point at.
pub(crate) trait Candidate {
    fn id(&self) -> &str;
    fn name(&self) -> &str;
}

/// Chooses among things whose names are equal without regard to case: the one whose name is equal to the
/// letter if there is one, else the only one.
pub(crate) fn by_name<T: Candidate>(
    what: &'static str,
    reference: &str,
    mut named: Vec<T>,
) -> Result<Option<T>, StoreError> {
    if named
        .iter()
        .filter(|candidate| candidate.name() == reference)
        .count()
        == 1
    {
        named.retain(|candidate| candidate.name() == reference);
    }
    match named.len() {
        0 => Ok(None),
        1 => Ok(named.pop()),
        _ => Err(ambiguous(what, reference, &named)),
    }
}

/// The only thing whose id begins with the reference.
pub(crate) fn by_prefix<T: Candidate>(
    what: &'static str,
    reference: &str,
    mut prefixed: Vec<T>,
) -> Result<T, StoreError> {
    prefixed.retain(|candidate| !reference.is_empty() && candidate.id().starts_with(reference));
    match prefixed.pop() {
        Some(found) if prefixed.is_empty() => Ok(found),
        Some(found) => {
            prefixed.push(found);
            Err(ambiguous(what, reference, &prefixed))
        }
        None => Err(StoreError::NotFound {
            what,
            name: reference.chars().take(80).collect(),
        }),
    }
}

/// Those of `among` whose id begins with the reference, as many as it takes to list candidates.
pub(crate) fn prefixed<E: EntityTrait>(
    among: Select<E>,
    id: E::Column,
    reference: &str,
) -> Select<E> {
    let end = format!("{reference}\u{10ffff}"); // ids hold no character behind it
    let range = Expr::col(id).between(reference, end);
    among.filter(range).limit(MOST_CANDIDATES)
}

fn ambiguous<T: Candidate>(what: &'static str, reference: &str, candidates: &[T]) -> StoreError {
    StoreError::Ambiguous {
        what,
        name: reference.to_owned(),
        candidates: candidates
            .iter()
            .map(|candidate| format!("{} ({})", candidate.id(), candidate.name()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Thing(&'static str, &'static str);

    impl Candidate for Thing {
        fn id(&self) -> &str {
            self.0
        }
        fn name(&self) -> &str {
            self.1
        }
    }

    #[test]
    fn the_exact_spelling_wins_over_another_case() {
        let found = by_name("project", "Air", vec![Thing("1", "air"), Thing("2", "Air")])
            .unwrap()
            .unwrap();
        assert_eq!(found.0, "2");
        let error = by_name("project", "AIR", vec![Thing("1", "air"), Thing("2", "Air")])
            .err()
            .unwrap();
        assert!(error.to_string().contains("1 (air), 2 (Air)"), "{error}");
    }

    #[test]
    fn a_prefix_must_fit_one() {
        let things = || vec![Thing("abc", "x"), Thing("abd", "y"), Thing("zzz", "z")];
        assert_eq!(by_prefix("project", "abd", things()).unwrap().0, "abd");
        assert!(matches!(
            by_prefix("project", "ab", things()),
            Err(StoreError::Ambiguous { .. })
        ));
        assert!(matches!(
            by_prefix("project", "q", things()),
            Err(StoreError::NotFound { .. })
        ));
        assert!(matches!(
            by_prefix("project", "", things()),
            Err(StoreError::NotFound { .. })
        ));
    }
}
