//! Typed statements that run so often that writing their text anew would be most of the work.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Arc, PoisonError, RwLock};

use sea_orm::{
    ActiveModelTrait, DbBackend, EntityTrait, QueryTrait as _, Select, Statement, UpdateMany, Value,
};

/// The name of a statement, and how many values it takes: by no more may two texts of one name differ.
type Key = (&'static str, usize);

static TEXTS: RwLock<Option<HashMap<Key, Arc<str>>>> = RwLock::new(None);

/// A statement about `E` whose text SeaORM writes the first time; later only its values are new. In builds with debug
/// assertions it is written every time and compared.
#[derive(Debug)]
pub(crate) struct Kept<E> {
    pub(crate) statement: Statement,
    entity: PhantomData<fn() -> E>,
}

impl<E: EntityTrait> Kept<E> {
    /// A query that takes `values`, in the order of its text.
    pub(crate) fn select(
        name: &'static str,
        values: Vec<Value>,
        query: impl FnOnce() -> Select<E>,
    ) -> Self {
        Self::of(name, values, || query().build(DbBackend::Sqlite))
    }

    /// A guarded update that takes `values`, in the order of its text. It returns no row: SQLite keeps those in a table
    /// that it makes each time, which takes longer than to read a row again by its key.
    pub(crate) fn update(
        name: &'static str,
        values: Vec<Value>,
        update: impl FnOnce() -> UpdateMany<E>,
    ) -> Self {
        Self::of(name, values, || update().build(DbBackend::Sqlite))
    }

    /// An insert of a row, whose values are `values`, in the order of its columns. It returns no row.
    pub(crate) fn insert<A: ActiveModelTrait<Entity = E>>(
        name: &'static str,
        values: Vec<Value>,
        row: impl FnOnce() -> A,
    ) -> Self {
        Self::of(name, values, || E::insert(row()).build(DbBackend::Sqlite))
    }

    fn of(name: &'static str, values: Vec<Value>, build: impl FnOnce() -> Statement) -> Self {
        Self {
            statement: statement((name, values.len()), values, build),
            entity: PhantomData,
        }
    }
}

fn statement(key: Key, values: Vec<Value>, build: impl FnOnce() -> Statement) -> Statement {
    let texts = TEXTS.read().unwrap_or_else(PoisonError::into_inner);
    let known = texts.as_ref().and_then(|texts| texts.get(&key)).cloned();
    drop(texts);
    if let Some(text) = &known
        && !cfg!(debug_assertions)
    {
        return Statement::from_sql_and_values(DbBackend::Sqlite, &**text, values);
    }
    let built = build();
    let bound = built.values.as_ref().map_or(&[][..], |values| &values.0);
    let is_as_said = *bound == *values && known.is_none_or(|known| *known == *built.sql);
    debug_assert!(is_as_said, "{}: {built:?} is not {values:?}", key.0);
    // What takes other values than was said is written every time.
    if is_as_said {
        TEXTS
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_default()
            .insert(key, built.sql.as_str().into());
    }
    built
}

#[cfg(test)]
mod tests {
    use entity_core::job_queues::{Column, Entity};
    use sea_orm::{ColumnTrait as _, QueryFilter as _};

    use super::*;

    fn named(name: &str) -> Select<Entity> {
        Entity::find().filter(Column::Name.eq(name))
    }

    #[test]
    fn a_kept_statement_is_the_one_that_is_built() {
        for name in ["a", "b"] {
            let kept = Kept::select("kept", vec![name.into()], || named(name));
            assert_eq!(kept.statement, named(name).build(DbBackend::Sqlite));
        }
    }

    #[test]
    #[should_panic(expected = "not kept")]
    fn one_that_takes_other_values_is_noticed() {
        Kept::select("not kept", vec!["a".into()], || named("b"));
    }

    #[test]
    #[should_panic(expected = "two texts")]
    fn one_of_another_text_is_noticed() {
        Kept::select("two texts", vec!["a".into()], || named("a"));
        let other = || Entity::find().filter(Column::Name.ne("a"));
        Kept::select("two texts", vec!["a".into()], other);
    }
}
