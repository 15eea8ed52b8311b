//! The statement of an insert, whose text is written once for each entity and choice of columns.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use sea_orm::sea_query::{Query, ReturningClause};
use sea_orm::{
    ActiveModelTrait, ColumnTrait as _, DbBackend, EntityTrait, Iterable as _, QueryTrait as _,
    Statement, Value,
};

/// An entity, and a bit for each of its columns that is given.
type Shape = (TypeId, u128);

static TEXTS: RwLock<Option<HashMap<Shape, Arc<str>>>> = RwLock::new(None);

/// The statement that inserts a row and returns it: SeaORM's own, built by it the first time.
pub(super) fn insert_statement<A: ActiveModelTrait>(mut row: A) -> Statement {
    let Some(shape) = shape(&row) else {
        return build(row);
    };
    let texts = TEXTS.read().unwrap_or_else(PoisonError::into_inner);
    let known = texts.as_ref().and_then(|texts| texts.get(&shape)).cloned();
    drop(texts);
    if let Some(text) = known {
        return Statement::from_sql_and_values(DbBackend::Sqlite, &*text, values(&mut row));
    }
    let built = build(row.clone());
    // What binds anything else than these values is built every time.
    let bound = built.values.as_ref().map(|values| &values.0);
    if bound.is_some_and(|bound| *bound == values(&mut row)) {
        TEXTS
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_default()
            .insert(shape, built.sql.as_str().into());
    }
    built
}

/// `None` for a table too wide to tell its columns by bits, or when none is given.
fn shape<A: ActiveModelTrait>(row: &A) -> Option<Shape> {
    let mut given = 0_u128;
    for (index, column) in <A::Entity as EntityTrait>::Column::iter().enumerate() {
        let bit = 1_u128.checked_shl(u32::try_from(index).ok()?)?;
        if !row.is_not_set(column) {
            given |= bit;
        }
    }
    (given != 0).then(|| (TypeId::of::<A::Entity>(), given))
}

/// The values that are given, in the order of the columns.
fn values<A: ActiveModelTrait>(row: &mut A) -> Vec<Value> {
    <A::Entity as EntityTrait>::Column::iter()
        .filter_map(|column| row.take(column).into_value())
        .collect()
}

fn build<A: ActiveModelTrait>(row: A) -> Statement {
    let mut query = A::Entity::insert(row).into_query();
    query.returning(every_column::<A::Entity>());
    DbBackend::Sqlite.build(&query)
}

/// The clause that returns a whole row.
pub(super) fn every_column<E: EntityTrait>() -> ReturningClause {
    Query::returning().exprs(
        E::Column::iter()
            .map(|column| column.select_as(column.into_returning_expr(DbBackend::Sqlite))),
    )
}
