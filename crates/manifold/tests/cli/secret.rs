//! Secrets: kept, listed by name, never shown.

use serde_json::json;

use crate::folder::{Folder, Said, listing};

const PLANTED: &str = "hunter2-planted";

/// Runs the command with this on stdin.
fn with_input(folder: &Folder, arguments: &[&str], input: &[u8]) -> Said {
    let mut command = folder.command(arguments);
    command.env("PLANTED", PLANTED);
    Said::from(command.write_stdin(input).output().unwrap())
}

fn kept(folder: &Folder) -> String {
    String::from_utf8(folder.read("data/secrets.toml")).unwrap()
}

#[test]
fn a_value_is_taken_from_stdin_a_file_or_the_environment() {
    let folder = Folder::new();
    folder.write("value.txt", "b\r\n");
    let set = |more: &[&str], input: &str| {
        let arguments = [&["source", "secret", "set"], more].concat();
        let said = with_input(&folder, &arguments, input.as_bytes());
        assert_eq!(said.code, 0, "{more:?}: {}", said.stderr);
    };
    set(&["A"], "a\n");
    set(&["B", "--from-file", "value.txt"], "");
    set(&["C", "-"], "c\n\n");
    set(&["D", "--from-env", "PLANTED"], "");
    let kept = kept(&folder);
    for line in ["A = \"a\"", "B = \"b\"", "D = \"hunter2-planted\""] {
        assert!(kept.contains(line), "{kept}");
    }
    assert!(kept.contains("C = \"\"\"\nc\n\"\"\""), "{kept}");

    folder.ok(&["source", "secret", "unset", "C"]);
    assert_eq!(
        folder.json(&["source", "secret", "list"]),
        json!({ "secrets": [{ "name": "A" }, { "name": "B" }, { "name": "D" }] })
    );
    assert_eq!(
        folder.fails(&["source", "secret", "unset", "C"]),
        (1, "not_found".to_owned())
    );
}

#[test]
fn a_planted_secret_is_in_no_output_and_no_other_file() {
    let folder = Folder::new();
    folder.write("value.txt", PLANTED);
    let set = ["source", "secret", "set"];
    let long = [PLANTED; 10_000].concat();
    let runs: &[(&[&str], &[u8], i32)] = &[
        (&["A", "--verbose"], PLANTED.as_bytes(), 0),
        (&["B", "--json", "--from-file", "value.txt"], b"", 0),
        (&["C", "--from-env", "PLANTED"], b"", 0),
        // In the wrong place.
        (&["D", PLANTED], b"", 2),
        (&["D", PLANTED, "more words", "--json"], b"", 2),
        (&["D", "-", PLANTED], b"", 2),
        (&["D", "--from-env", PLANTED], b"", 1),
        (&[PLANTED, "-", "--from-env", "X"], b"", 2),
        (&["hunter2-planted is no name"], b"x", 1),
        // What is refused.
        (&["D"], long.as_bytes(), 1),
        (&["D"], b"hunter2-planted\xff", 1),
    ];
    for (more, input, code) in runs {
        let said = with_input(&folder, &[&set, *more].concat(), input);
        assert_eq!(said.code, *code, "{more:?}: {}", said.stderr);
        let text = said.stdout + &said.stderr;
        assert!(!text.contains("hunter2"), "{more:?}: {text}");
    }
    let config = r#"{"url": "https://example.com", "auth": {"bearer": "${secret:A}"}}"#;
    folder.ok(&["project", "create", "p"]);
    folder.ok(&[
        "source", "create", "p", "s", "--type", "http", "--config", config,
    ]);
    for arguments in [
        &["source", "secret", "list"][..],
        &["source", "show", "p", "s"],
        &["doctor"],
        &["settings", "list"],
        &["job", "list"],
    ] {
        for more in [&[][..], &["--json"], &["--verbose"]] {
            let said = folder.run(&[arguments, more].concat());
            assert_eq!(said.code, 0, "{arguments:?}: {}", said.stderr);
            let text = said.stdout + &said.stderr;
            assert!(!text.contains("hunter2"), "{arguments:?}: {text}");
        }
    }
    assert!(kept(&folder).contains(PLANTED));
    for (path, _) in listing(&folder.path("data")) {
        let bytes = std::fs::read(&path).unwrap();
        let holds = bytes.windows(7).any(|part| part == b"hunter2");
        assert_eq!(holds, path.ends_with("secrets.toml"), "{}", path.display());
    }
}

#[test]
fn nothing_is_set_without_a_value() {
    let folder = Folder::new();
    for (more, code, error) in [
        (&["A"][..], 1, "invalid_value"),
        (&["A", "--from-env", "NOT_SET"], 1, "variable_not_set"),
        (&["A", "--from-env", ""], 1, "variable_not_set"),
        (&["A", "--from-env", "X=Y"], 1, "variable_not_set"),
        (&["A", "--from-file", "nothing.txt"], 1, "file_unreadable"),
        (&["no/name", "-"], 1, "invalid_name"),
        (&["A", "--from-env", "X", "--from-file", "Y"], 2, "usage"),
        (&[], 2, "usage"),
    ] {
        let arguments = [&["source", "secret", "set"], more].concat();
        assert_eq!(
            folder.fails(&arguments),
            (code, error.to_owned()),
            "{more:?}"
        );
    }
    assert_eq!(
        folder.json(&["source", "secret", "list"])["secrets"],
        json!([])
    );
    folder.write("data/secrets.toml", "A = hunter2\n");
    for arguments in [&["list"][..], &["set", "B", "--from-env", "HOME"]] {
        let (code, error) = folder.error(&[&["source", "secret"], arguments].concat());
        assert_eq!((code, &error["code"]), (1, &json!("bad_secrets_file")));
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
    assert_eq!(kept(&folder), "A = hunter2\n", "it is left alone");
}
