//! Workers that the system starts.

use serde_json::Value as Json;

use crate::folder::Folder;

const UNIT: &str = "home/.config/systemd/user/manifold-worker.service";

#[test]
fn a_unit_is_shown_written_and_removed() {
    let folder = Folder::new();
    let dry = [
        "worker",
        "install",
        "--concurrency",
        "4",
        "--queue",
        "nightly",
    ];
    let plan = folder.json(&[&dry[..], &["--dry-run"]].concat());
    assert!(!folder.path("home").exists());
    let text = plan["plan"]["text"].as_str().unwrap().to_owned();
    let program = env!("CARGO_BIN_EXE_manifold");
    let data = folder.path("data");
    let data = data.display();
    let line = format!(
        r#"ExecStart="{program}" "--data-dir" "{data}" "worker" "--concurrency" "4" "--queue" "nightly""#
    );
    assert!(text.contains(&line), "{text}");

    let installed = folder.run(&dry);
    assert_eq!(installed.code, 0, "{}", installed.stderr);
    assert!(
        installed
            .stderr
            .contains("systemctl --user enable --now manifold-worker.service"),
        "{}",
        installed.stderr
    );
    assert_eq!(folder.read(UNIT), text.as_bytes());
    folder.ok(&dry); // the same again is no question
    assert_eq!(
        folder.fails(&["worker", "install"]),
        (2, "needs_yes".to_owned()),
        "another one is"
    );
    assert_eq!(folder.read(UNIT), text.as_bytes());
    folder.ok(&["worker", "install", "--yes"]);
    assert_ne!(folder.read(UNIT), text.as_bytes());

    folder.ok(&["worker", "uninstall", "--dry-run"]);
    assert!(folder.path(UNIT).exists());
    let removed: Json = folder.json(&["worker", "uninstall"]);
    assert!(
        removed["unit"]["disable"][0]
            .as_str()
            .unwrap()
            .contains("disable --now")
    );
    assert!(!folder.path(UNIT).exists());
    assert_eq!(
        folder.fails(&["worker", "uninstall"]),
        (1, "not_found".to_owned())
    );
    for name in ["", "../x", ".hidden", "a b"] {
        let bad = ["worker", "install", "--name", name];
        assert_eq!(folder.fails(&bad), (2, "usage".to_owned()));
    }
    assert!(
        !folder.path("data").exists(),
        "no data folder is made for it"
    );
}
