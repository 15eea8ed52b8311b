async fn sources(hub: &manifold_store::CoreDatabase) {
    let loader = entity_project::data_sources::Entity::load().with(entity_project::snapshots::Entity);
    let _ = hub.load(loader).await;
}

fn main() {}
