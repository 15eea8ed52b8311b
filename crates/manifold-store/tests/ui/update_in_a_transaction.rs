use sea_orm::EntityTrait;

async fn update(transaction: &manifold_store::ProjectTransaction) {
    let _ = transaction.exec(entity_core::projects::Entity::update_many()).await;
}

fn main() {}
