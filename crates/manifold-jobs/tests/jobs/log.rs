use entity_core::enums::LogLevel;
use entity_core::job_logs;
use manifold_jobs::{Observer, run_foreground};
use manifold_store::{JobId, JobLog, LogBuffer, LogLine, Timestamp};

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

fn lines(messages: impl Iterator<Item = String>) -> LogBuffer {
    let lines = LogBuffer::default();
    for message in messages {
        lines.push(line(message));
    }
    lines
}

async fn kept(store: &Store, job: &JobId) -> Vec<job_logs::Model> {
    let kept = store.jobs().logs(job).await.unwrap();
    assert!(
        kept.is_sorted_by_key(|line| line.seq),
        "the order of time is the order in which it was said"
    );
    kept
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_job_says_is_kept_in_order() {
    let store = Store::new().await;
    let finished = run_foreground(&store.manager, Try::Say(1_000), None, Observer::default())
        .await
        .unwrap();
    let lines = kept(&store, &finished.job.id.parse().unwrap()).await;
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
async fn a_log_that_is_full_keeps_its_beginning_and_its_end() {
    let store = Store::new().await;
    let claim = store.jobs().start(new_job(None)).await.unwrap();
    let mut log = JobLog::new(&store.jobs(), &claim);
    let say = |range: std::ops::Range<i32>| lines(range.map(|at| at.to_string()));
    log.append(&say(0..4_999)).await.unwrap();
    log.append(&say(4_999..10_000)).await.unwrap();
    let all = kept(&store, &claim.job_id).await;
    assert_eq!(all.len(), 10_000, "nothing is left out yet");

    log.append(&say(10_000..10_001)).await.unwrap();
    log.append(&say(10_001..10_006)).await.unwrap();
    let all = kept(&store, &claim.job_id).await;
    assert_eq!(all.len(), 10_001);
    assert_eq!(
        (&*all[4_999].message, &*all[5_001].message),
        ("4999", "5006")
    );
    assert_eq!(all[5_000].message, "the log is full: 6 lines left out here");
    assert_eq!(all[10_000].message, "10005");

    // More at once than there is room for.
    log.append(&say(10_006..50_000)).await.unwrap();
    let all = kept(&store, &claim.job_id).await;
    assert_eq!(all.len(), 10_001);
    assert_eq!((&*all[0].message, &*all[5_001].message), ("0", "45000"));
    assert_eq!(
        all[5_000].message,
        "the log is full: 40000 lines left out here"
    );
    assert_eq!(all[10_000].message, "49999");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_limited_in_bytes_too() {
    let store = Store::new().await;
    let claim = store.jobs().start(new_job(None)).await.unwrap();
    let mut log = JobLog::new(&store.jobs(), &claim);
    // 20,000 bytes are cut to 16 KiB, within the two-byte `ä`.
    let long = lines((0..400).map(|at| format!("{at:03}{}", "xä".repeat(6_667))));
    log.append(&long).await.unwrap();
    let lines = kept(&store, &claim.job_id).await;
    assert!(lines[0].message.len() <= 16 << 10 && lines[0].message.len() > (16 << 10) - 4);
    let bytes: usize = lines.iter().map(|line| line.message.len()).sum();
    assert!(bytes < 2 << 20 && bytes > 3 << 19, "{bytes}");
    assert!(
        lines
            .iter()
            .any(|line| line.message.starts_with("the log is full: 27"))
    );
    assert!(lines.last().unwrap().message.starts_with("399"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_could_not_be_written_are_written_the_next_time() {
    let store = Store::new().await;
    let claim = store.jobs().start(new_job(None)).await.unwrap();
    let mut log = JobLog::new(&store.jobs(), &claim);
    let waiting = lines((0..3).map(|at| at.to_string()));
    // Without its table the hub cannot keep a log.
    let hub = store.manager.layout().core();
    let hub = rusqlite::Connection::open_with_flags_and_vfs(
        hub,
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    hub.execute_batch("ALTER TABLE job_logs RENAME TO away")
        .unwrap();
    log.append(&waiting).await.unwrap_err();
    waiting.push(line("3".to_owned()));
    hub.execute_batch("ALTER TABLE away RENAME TO job_logs")
        .unwrap();
    log.append(&waiting).await.unwrap();
    let lines = kept(&store, &claim.job_id).await;
    let messages: Vec<_> = lines.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(messages, ["0", "1", "2", "3"]);
}
