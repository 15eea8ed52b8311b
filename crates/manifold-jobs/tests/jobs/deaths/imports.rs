//! Imports that die.

use manifold_store::ImportSource;

use super::csv;
use super::stage::Stage;
use super::work::Work;
use crate::store::Store;

#[tokio::test(flavor = "multi_thread")]
async fn a_first_import_that_dies_anywhere_is_done_once() {
    let store = Store::new().await;
    let mut import = store.import_of(&store.write("1.csv", csv(1)));
    import.target.source = ImportSource::Named("made".to_owned());
    let stage = Stage::of("a first import", store, None).await;
    stage
        .survives(|folder| {
            let mut import = import.clone();
            import.file.path = folder.join("1.csv");
            Work::Import(Box::new(import))
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_import_that_dies_anywhere_is_done_once() {
    for key in [&[][..], &["id"]] {
        let store = Store::with_key(key).await;
        store.import(csv(1)).await;
        let import = store.import_of(&store.write("2.csv", csv(2)));
        let stage = Stage::of("a later import", store, None).await;
        stage
            .survives(|folder| {
                let mut import = import.clone();
                import.file.path = folder.join("2.csv");
                Work::Import(Box::new(import))
            })
            .await;
    }
}
