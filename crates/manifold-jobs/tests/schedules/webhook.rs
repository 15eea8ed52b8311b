//! A request is made when a job of a schedule fails.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread::JoinHandle;

use entity_core::enums::JobState;
use entity_core::jobs;
use manifold_jobs::new_job;
use manifold_jobs::schedule::{OnFailure, ScheduleError, ScheduleSpec};
use manifold_store::{JobFilter, Secret, Secrets, StoreError};

use crate::scene::{Chore, Scene};

const HIDDEN: &str = "hunter2hunter2";

/// Answers one request with this status line and gives what it was asked.
fn server(answer: &'static str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            let read = stream.read(&mut chunk).unwrap();
            request.extend_from_slice(&chunk[..read]);
            let text = String::from_utf8_lossy(&request).into_owned();
            if read == 0 || text.ends_with("}}}") {
                break;
            }
        }
        let head = format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    (address, serving)
}

async fn told(scene: &Scene, on_failure: OnFailure) -> jobs::Model {
    let spec = ScheduleSpec {
        job: new_job(&Chore::Fails, None).unwrap(),
        on_failure: Some(on_failure),
        ..scene.hourly()
    };
    scene.schedules.create(spec).await.unwrap();
    scene.advance(60);
    scene.worker().drain().await.unwrap();
    let filter = JobFilter {
        kind: Some("notify_failure".to_owned()),
        ..JobFilter::default()
    };
    scene.jobs.list(&filter).await.unwrap().remove(0)
}

/// Everything in the data folder but the file of secrets.
fn everything(folder: &std::path::Path, found: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            everything(&path, found);
        } else if path.file_name().unwrap() != "secrets.toml" {
            found.extend(std::fs::read(&path).unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_tells_of_the_failure_and_its_secrets_are_nowhere_else() {
    let scene = Scene::new().await;
    let secrets = Secrets::new(scene.manager.layout());
    let secret = Secret::from(HIDDEN.to_owned());
    secrets.set("hook", secret).await.unwrap();
    let (address, serving) = server("204 No Content");
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let tell = told(
        &scene,
        OnFailure::Webhook {
            url: format!("http://{address}/${{secret:hook}}"),
            headers: BTreeMap::from([
                header("Authorization", "Bearer ${secret:hook}"),
                header("X-From", "${env:HOME_OF_TEST}"),
            ]),
            timeout_seconds: 10,
        },
    )
    .await;
    assert_eq!(tell.error_message, None);
    assert_eq!(tell.state, JobState::Completed);
    let request = serving.join().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with(&format!("POST /{HIDDEN} HTTP/1.1")),
        "{head}"
    );
    assert!(
        head.contains(&format!("authorization: Bearer {HIDDEN}")),
        "{head}"
    );
    assert!(head.contains("x-from: the test"), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["job"]["schedule"], "hourly");
    assert_eq!(body["job"]["error"]["code"], "broken_chore");

    // Neither when all is well nor in the error of one that cannot be sent.
    drop(told_of_nobody(&scene).await);
    let mut found = Vec::new();
    everything(scene.folder(), &mut found);
    let hidden = HIDDEN.as_bytes();
    assert!(!found.windows(hidden.len()).any(|part| part == hidden));
}

/// A request to a port where nobody listens.
async fn told_of_nobody(scene: &Scene) -> jobs::Model {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let spec = ScheduleSpec {
        name: "other".to_owned(),
        job: new_job(&Chore::Fails, None).unwrap(),
        on_failure: Some(OnFailure::webhook(format!(
            "http://{port}/${{secret:hook}}"
        ))),
        ..scene.hourly()
    };
    scene.schedules.create(spec).await.unwrap();
    scene.advance(60);
    scene.worker().drain().await.unwrap();
    let filter = JobFilter {
        state: Some(JobState::Pending),
        ..JobFilter::default()
    };
    let mut waiting = scene.jobs.list(&filter).await.unwrap();
    waiting.retain(|job| job.error_code.as_deref() == Some("webhook"));
    let tell = waiting.remove(0);
    let message = tell.error_message.clone().unwrap();
    assert!(message.contains("was not answered"), "{message}");
    assert!(!message.contains(HIDDEN), "{message}");
    tell
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_pass_is_asked_again_and_what_will_not_is_not() {
    for (answer, state) in [
        ("500 Internal Server Error", JobState::Pending),
        ("429 Too Many Requests", JobState::Pending),
        ("404 Not Found", JobState::Failed),
        ("302 Found\r\nlocation: /elsewhere", JobState::Failed),
    ] {
        let scene = Scene::new().await;
        let (address, serving) = server(answer);
        let tell = told(&scene, OnFailure::webhook(format!("http://{address}/"))).await;
        serving.join().unwrap();
        assert_eq!(
            (tell.state, tell.error_code.as_deref()),
            (state, Some("webhook"))
        );
        let message = tell.error_message.unwrap();
        assert!(message.contains(&answer[..3]), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_secret_is_named_and_one_as_a_literal_is_refused() {
    let scene = Scene::new().await;
    let tell = told(
        &scene,
        OnFailure::webhook("https://example.com/${env:NOT_SET}"),
    )
    .await;
    assert_eq!(tell.error_code.as_deref(), Some("variable_not_set"));

    for (on_failure, wanted) in [
        (OnFailure::webhook("https://me:secret@example.com/"), true),
        (OnFailure::webhook("ftp://example.com/"), false),
    ] {
        let spec = ScheduleSpec {
            on_failure: Some(on_failure),
            name: "refused".to_owned(),
            ..scene.hourly()
        };
        let refused = scene.schedules.create(spec).await.unwrap_err();
        let literal = matches!(
            &refused,
            ScheduleError::Store(StoreError::SecretLiteral { .. })
        );
        assert_eq!(literal, wanted, "{refused}");
    }
}
