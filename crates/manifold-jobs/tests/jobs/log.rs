use entity_core::enums::LogLevel;
use manifold_jobs::{Observer, run_foreground};
use manifold_store::{JobLog, LogLine, Timestamp};

use crate::store::{Store, Try, new_job};

fn line(message: String) -> LogLine {
    LogLine {
        at: Timestamp::now(),
        level: LogLevel::Info,
        target: "test".to_owned(),
        message,
        fields: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_job_says_is_kept_in_order() {
    let store = Store::new().await;
    let finished = run_foreground(&store.manager, Try::Say(1_000), None, Observer::default())
        .await
        .unwrap();
    let lines = store
        .jobs()
        .logs(&finished.job.id.parse().unwrap())
        .await
        .unwrap();
    assert_eq!(lines.len(), 1_000);
    assert!(
        lines
            .iter()
            .enumerate()
            .all(|(at, line)| line.message == format!("line {at}") && line.seq == at as i64)
    );
    assert!(
        lines
            .iter()
            .all(|line| line.target == "try" && line.level == LogLevel::Info)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_full_says_how_much_is_missing() {
    let store = Store::new().await;
    let claim = store.jobs().start(new_job(None)).await.unwrap();
    let mut log = JobLog::new(&store.jobs(), &claim);
    log.append((0..9_999).map(|at| line(at.to_string())).collect())
        .await
        .unwrap();
    log.append(vec![line("last".to_owned())]).await.unwrap();
    assert_eq!(
        store.jobs().logs(&claim.job_id).await.unwrap().len(),
        10_000
    );
    log.append(vec![line("lost".to_owned())]).await.unwrap();
    log.append((0..5).map(|at| line(at.to_string())).collect())
        .await
        .unwrap();
    let lines = store.jobs().logs(&claim.job_id).await.unwrap();
    assert_eq!(lines.len(), 10_001);
    assert_eq!(lines[9_999].message, "last");
    assert_eq!(
        lines[10_000].message,
        "the log is full: 6 further lines left out"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_limited_in_bytes_too() {
    let store = Store::new().await;
    let claim = store.jobs().start(new_job(None)).await.unwrap();
    let mut log = JobLog::new(&store.jobs(), &claim);
    // 20,000 bytes are cut to 16 KiB, within the two-byte `ä`.
    log.append((0..200).map(|_| line("xä".repeat(6_667))).collect())
        .await
        .unwrap();
    let lines = store.jobs().logs(&claim.job_id).await.unwrap();
    assert!(lines[0].message.len() <= 16 << 10 && lines[0].message.len() > (16 << 10) - 4);
    let kept: usize = lines.iter().map(|line| line.message.len()).sum();
    assert!(kept < 2 << 20 && kept > 1 << 20, "{kept}");
    assert!(lines.last().unwrap().message.starts_with("the log is full"));
}
