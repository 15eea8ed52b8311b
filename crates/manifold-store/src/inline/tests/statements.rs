//! The texts of inserts that are kept are the ones that SeaORM writes.

use proptest::prelude::*;
use sea_orm::{ActiveModelTrait as _, DbBackend, EntityTrait as _, Iterable as _, QueryTrait as _};

use super::every_type::{Column, Entity, row};
use crate::inline::insert_statement::{every_column, insert_statement};

proptest! {
    #[test]
    fn an_insert_is_the_one_that_seaorm_builds(row in row(), left_out in any::<u32>()) {
        let mut model = row.to_insert();
        for (index, column) in Column::iter().enumerate() {
            if left_out & (1 << index) != 0 {
                model.not_set(column);
            }
        }
        let mut query = Entity::insert(model.clone()).into_query();
        query.returning(every_column::<Entity>());
        let expected = DbBackend::Sqlite.build(&query);
        prop_assert_eq!(&insert_statement(model.clone()), &expected); // perhaps written now
        prop_assert_eq!(&insert_statement(model), &expected); // certainly kept
    }
}
