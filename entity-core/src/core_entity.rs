use sea_orm::EntityTrait;

/// An entity that is stored in the hub.
///
/// A database handle of the hub takes queries of these entities and of no others; the implementations are generated
/// with the entities.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not stored in the `Core` database",
    label = "not a hub entity",
    note = "entities of a project are queried through the handle that `manager.project(id)` returns"
)]
pub trait CoreEntity: EntityTrait {}
