//! SQL that tries to run for ever or to use everything.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::super::{Excess, MAX_VALUE, QueryError, SandboxOptions};
use super::project::{Project, options};

/// SQLite's bound of memory is the process's: one bomb at a time.
static ONE_BOMB: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_BOMB.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Statements that go on for ever without using much.
const ENDLESS: &[&str] = &[
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n",
    "WITH a(x) AS (VALUES (1), (2), (3), (4), (5), (6), (7), (8)) SELECT count(*) FROM a, a b, a c, a d, a e, a f, a g, a h, a i, a j, a k, a l",
    "SELECT count(*) FROM orders a, orders b, orders c, orders d, orders e, orders f, orders g, orders h, orders i, orders j, orders k, \
     orders l, orders m, orders n, orders o, orders p, orders q, orders r, orders s, orders t, orders u, orders v, orders w, orders x",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, length(randomblob(10000)) FROM n WHERE i < 0",
    "SELECT count(*) FROM json_each('[1,2,3,4,5,6,7,8,9]') a, json_each('[1,2,3,4,5,6,7,8,9]') b, json_each('[1,2,3,4,5,6,7,8,9]') c, \
     json_each('[1,2,3,4,5,6,7,8,9]') d, json_each('[1,2,3,4,5,6,7,8,9]') e, json_each('[1,2,3,4,5,6,7,8,9]') f, json_each('[1,2,3,4,5,6,7,8,9]') g, \
     json_each('[1,2,3,4,5,6,7,8,9]') h, json_each('[1,2,3,4,5,6,7,8,9]') i, json_each('[1,2,3,4,5,6,7,8,9]') j, json_each('[1,2,3,4,5,6,7,8,9]') k",
    // One call that SQLite itself would not come back from for hours.
    "SELECT instr(hex(zeroblob(20000000)), hex(zeroblob(10000000)) || '1')",
    "SELECT replace(hex(zeroblob(20000000)), hex(zeroblob(10000000)) || '1', '')",
    "SELECT trim(hex(zeroblob(20000000)), replace(hex(zeroblob(1000000)), '0', '1') || '0')",
];

#[test]
fn what_never_ends_is_stopped_by_the_timeout() {
    let _alone = alone();
    let project = Project::new();
    let before = project.files();
    let timeout = Duration::from_millis(150);
    let mut sandbox = project.sandbox_with(SandboxOptions {
        timeout: Some(timeout),
        ..options()
    });
    for sql in ENDLESS {
        let error = sandbox.lines(sql).unwrap_err();
        assert!(
            matches!(error, QueryError::TimedOut { after } if after >= timeout),
            "{sql}: {error:?}"
        );
        sandbox.assert_usable();
    }
    assert_eq!(project.files(), before);
}

#[test]
fn what_never_ends_can_be_cancelled() {
    let _alone = alone();
    let project = Project::new();
    for sql in ENDLESS {
        let cancel = Arc::new(AtomicBool::new(false));
        let mut sandbox = project.sandbox_with(SandboxOptions {
            timeout: None,
            cancel: Arc::clone(&cancel),
            ..options()
        });
        let canceller = thread::spawn({
            let cancel = Arc::clone(&cancel);
            move || {
                thread::sleep(Duration::from_millis(50));
                cancel.store(true, Ordering::Relaxed);
            }
        });
        assert!(
            matches!(sandbox.lines(sql).unwrap_err(), QueryError::Cancelled),
            "{sql}"
        );
        canceller.join().unwrap();
        cancel.store(false, Ordering::Relaxed);
        sandbox.assert_usable();
    }
}

#[test]
fn no_value_grows_beyond_its_limit() {
    let _alone = alone();
    let project = Project::new();
    let before = project.files();
    let mut sandbox = project.sandbox();
    for sql in [
        "SELECT zeroblob(1000000000000)",
        "SELECT length(randomblob(1000000000))",
        "SELECT length(hex(zeroblob(60000000)))",
        "SELECT length(replace(hex(zeroblob(500000)), '0', hex(zeroblob(5000000))))",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) SELECT group_concat(hex(zeroblob(1000000))) FROM n",
        "WITH RECURSIVE n(s) AS (SELECT 'ab' UNION ALL SELECT s || s FROM n) SELECT count(s) FROM n",
        "SELECT concat(zeroblob(60000000), hex(zeroblob(10000000)))",
        "SELECT quote(zeroblob(60000000))",
    ] {
        let error = sandbox.lines(sql).expect_err(sql);
        assert!(
            matches!(error, QueryError::TooBig(Excess::Value)),
            "{sql}: {error:?}"
        );
        sandbox.assert_usable();
    }
    // SQLite's answer to a format that would not fit.
    for sql in [
        "SELECT printf('%*d', 1000000000, 1)",
        "SELECT printf('%.1000000000f', 1.0)",
        "SELECT format('%1000000000s', 'x')",
    ] {
        assert_eq!(sandbox.lines(sql).unwrap(), ["NULL"], "{sql}");
    }
    let largest = format!("SELECT length(zeroblob({MAX_VALUE}))");
    assert_eq!(sandbox.lines(&largest).unwrap(), [MAX_VALUE.to_string()]);
    assert_eq!(project.files(), before);
}

#[test]
fn memory_is_bounded() {
    let _alone = alone();
    let project = Project::new();
    let mut sandbox = project.sandbox();
    let many = vec!["hex(zeroblob(33000000))"; 40].join(", ");
    let error = sandbox.lines(&format!("SELECT {many}")).unwrap_err();
    assert!(
        matches!(error, QueryError::TooBig(Excess::Memory { .. })),
        "{error:?}"
    );
    sandbox.assert_usable();
    // The only aggregate without a bound of its own. It fails at the end of the rows.
    let collected = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) SELECT json_group_array(hex(zeroblob(30000000))) FROM n";
    let error = sandbox.lines(collected).unwrap_err();
    assert!(
        matches!(
            error,
            QueryError::TooBig(Excess::Memory { .. } | Excess::Value)
        ),
        "{error:?}"
    );
    sandbox.assert_usable();
}

/// Without a bound, these fill the disk.
#[test]
fn temporary_files_are_bounded() {
    let _alone = alone();
    let project = Project::new();
    let before = project.files();
    let limit = 64 << 20;
    let mut sandbox = project.sandbox_with(SandboxOptions {
        temp_limit: limit,
        ..options()
    });
    for sql in [
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n ORDER BY randomblob(100)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT randomblob(1000), count(*) FROM n GROUP BY 1",
        "WITH RECURSIVE n(i) AS (SELECT randomblob(1000) UNION SELECT randomblob(1000) FROM n) SELECT count(*) FROM n",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT DISTINCT randomblob(1000) FROM n WHERE i > 0 ORDER BY 1",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n), m AS MATERIALIZED (SELECT i, randomblob(5000) b FROM n) SELECT count(*) FROM m a, m b",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT row_number() OVER (ORDER BY randomblob(2000)) FROM n",
    ] {
        let error = sandbox.lines(sql).unwrap_err();
        if cfg!(target_os = "linux") {
            assert!(
                matches!(error, QueryError::TooBig(Excess::TemporaryFiles { used, limit: set }) if used > set && set == limit),
                "{sql}: {error:?}"
            );
        } else {
            assert!(
                matches!(error, QueryError::TooBig(Excess::Memory { .. })),
                "{sql}: {error:?}"
            );
        }
        sandbox.assert_usable();
    }
    assert_eq!(project.files(), before);
}

/// Fifty megabytes of temporary files.
const SPILLS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000), \
    s AS MATERIALIZED (SELECT i FROM n ORDER BY randomblob(1000)) SELECT count(*) FROM s";

#[test]
fn a_sort_within_the_limit_may_spill() {
    let _alone = alone();
    assert_eq!(Project::new().sandbox().lines(SPILLS).unwrap(), ["50000"]);
}

/// A sort or an index of another connection is not the query's.
#[cfg(target_os = "linux")]
#[test]
fn temporary_files_of_others_do_not_count() {
    let _alone = alone();
    let others = tempfile::Builder::new()
        .prefix("etilqs_")
        .tempfile()
        .unwrap();
    others.as_file().set_len(1 << 30).unwrap();
    let _open = others.as_file().try_clone().unwrap();
    others.close().unwrap();
    let mut sandbox = Project::new().sandbox_with(SandboxOptions {
        temp_limit: 512 << 20,
        ..options()
    });
    assert_eq!(sandbox.lines(SPILLS).unwrap(), ["50000"]);
}

/// Each WITH clause doubles what the compiler expands.
#[test]
fn a_statement_that_grows_while_it_is_compiled_is_stopped() {
    let _alone = alone();
    let project = Project::new();
    let mut sandbox = project.sandbox_with(SandboxOptions {
        timeout: Some(Duration::from_secs(2)),
        ..options()
    });
    let mut sql = "WITH a0 AS (SELECT id FROM orders)".to_owned();
    for step in 1..40 {
        sql += &format!(
            ", a{step} AS (SELECT x.id FROM a{} x, a{} y)",
            step - 1,
            step - 1
        );
    }
    let error = sandbox
        .lines(&(sql + " SELECT count(*) FROM a39"))
        .unwrap_err();
    assert!(
        matches!(error, QueryError::TimedOut { .. } | QueryError::TooBig(_)),
        "{error:?}"
    );
    sandbox.assert_usable();
}

#[test]
fn long_patterns_are_refused() {
    let _alone = alone();
    let mut sandbox = Project::new().sandbox();
    let error = sandbox
        .lines(&format!(
            "SELECT customer LIKE '{}' FROM orders",
            "%a".repeat(400)
        ))
        .unwrap_err();
    assert!(
        matches!(error, QueryError::TooBig(Excess::Statement { .. })),
        "{error:?}"
    );
    assert!(
        sandbox
            .lines(&format!(
                "SELECT customer LIKE '{}' FROM orders",
                "%a".repeat(200)
            ))
            .is_ok()
    );
}
