use sea_orm::EntityTrait;

async fn jobs_of(project: &manifold_store::ProjectDatabase) {
    let _ = project.all(entity_core::jobs::Entity::find()).await;
}

fn main() {}
