use sea_orm::EntityTrait;

async fn snapshots(manager: &dyn manifold_store::DatabaseManager) {
    let _ = manager.core().all(entity_project::snapshots::Entity::find()).await;
}

fn main() {}
