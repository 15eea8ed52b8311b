use sea_orm::EntityTrait;

async fn backups_of_sources(hub: &manifold_store::CoreDatabase) {
    let both = entity_core::projects::Entity::find().find_also_related(entity_project::snapshots::Entity);
    let _ = hub.all(both).await;
}

fn main() {}
