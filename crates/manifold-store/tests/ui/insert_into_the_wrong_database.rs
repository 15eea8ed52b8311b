async fn insert(project: &manifold_store::ProjectDatabase) {
    let job = entity_core::jobs::ActiveModel::default();
    let _ = project.insert(job).await;
}

fn main() {}
