use sea_orm::EntityTrait;

async fn projects(hub: &manifold_store::CoreDatabase) {
    let _ = entity_core::projects::Entity::find().all(hub).await;
}

fn main() {}
