//! Inserts that are read back, a hundred to a transaction.

use std::hint::black_box;

use manifold_store::DatabaseManager as _;
use sea_orm::{ActiveModelTrait as _, TransactionTrait as _};

use super::support::{self, ROUNDS, cpu_us};

const TRANSACTIONS: usize = 20;
const INSERTS: usize = 100;

pub(crate) async fn bench() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let manager = support::manager(&folder).await;
    let (id, _) = support::project(&manager, "ours").await;
    let (_, path) = support::project(&manager, "bare").await;
    let pool = support::bare_pool(&path).await;
    let mut number = 0;
    let mut next = || {
        number += 1;
        support::source(number)
    };

    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..=ROUNDS {
        let cpu = cpu_us();
        for _ in 0..TRANSACTIONS {
            let spoke = manager.project(&id).await.unwrap();
            let transaction = spoke.begin().await.unwrap();
            for _ in 0..INSERTS {
                black_box(transaction.insert(next()).await.unwrap());
            }
            transaction.commit().await.unwrap();
        }
        ours.push((cpu_us() - cpu) / (TRANSACTIONS * INSERTS) as f64);

        let cpu = cpu_us();
        for _ in 0..TRANSACTIONS {
            let transaction = pool.begin().await.unwrap();
            for _ in 0..INSERTS {
                black_box(next().insert(&transaction).await.unwrap());
            }
            transaction.commit().await.unwrap();
        }
        bare.push((cpu_us() - cpu) / (TRANSACTIONS * INSERTS) as f64);
    }
    support::verdict(
        "insert in a transaction of 100",
        "us CPU",
        &ours,
        &bare,
        0.5,
    )
}
