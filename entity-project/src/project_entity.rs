use sea_orm::EntityTrait;

/// An entity that is stored in a project's spoke.
///
/// A database handle of a project takes queries of these entities and of no others; the implementations are generated
/// with the entities.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not stored in the `Project` database",
    label = "not an entity of a project",
    note = "entities of the hub are queried through the handle that `manager.core()` returns"
)]
pub trait ProjectEntity: EntityTrait {}
