use std::path::Path;

use sea_orm_codegen::OutputFile;

use super::{BANNER, entity_file, enum_file, generate, source_folder::SourceFolder};
use crate::schema::Schema;

fn file(name: &str, content: &str) -> OutputFile {
    OutputFile {
        name: name.to_owned(),
        content: content.to_owned(),
    }
}

fn read(folder: &Path, name: &str) -> Option<String> {
    std::fs::read_to_string(folder.join(name)).ok()
}

#[tokio::test]
async fn entity_crates_are_what_the_migrations_make() {
    for schema in Schema::ALL {
        let files = generate(schema).await.unwrap();
        let stale = SourceFolder::new(schema.entity_sources())
            .stale(&files)
            .unwrap();
        assert!(
            stale.is_empty(),
            "run `cargo xtask generate-entities`: {stale:?}"
        );
    }
}

#[tokio::test]
async fn generating_twice_gives_the_same_files() {
    let texts = |files: Vec<OutputFile>| -> Vec<(String, String)> {
        files
            .into_iter()
            .map(|file| (file.name, file.content))
            .collect()
    };
    let first = texts(generate(Schema::Project).await.unwrap());
    assert_eq!(first, texts(generate(Schema::Project).await.unwrap()));
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test's own files, gone after it"
)]
fn stale_missing_and_left_over_files_are_found_and_put_right() {
    let folder = tempfile::tempdir().unwrap();
    let current = format!("{BANNER}\n// current");
    for (name, content) in [
        ("same.rs", &*current),
        ("old.rs", "an earlier text"),
        ("left_over.rs", &*current),
        ("written.rs", "//! By hand."),
    ] {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let sources = SourceFolder::new(folder.path().to_owned());
    let files = [
        file("same.rs", &current),
        file("old.rs", &current),
        file("missing.rs", &current),
    ];
    let stale = sources.stale(&files).unwrap();
    let expected = ["left_over.rs", "missing.rs", "old.rs"].map(|name| folder.path().join(name));
    assert_eq!(stale, expected);

    sources.write(&files).unwrap();
    assert!(sources.stale(&files).unwrap().is_empty());
    assert_eq!(read(folder.path(), "left_over.rs"), None);
    assert_eq!(
        read(folder.path(), "written.rs").as_deref(),
        Some("//! By hand.")
    );
    assert_eq!(read(folder.path(), "missing.rs"), Some(current));
}

#[test]
fn references_are_named_after_their_columns_and_lists_after_their_tables() {
    let generated = "//! banner\n# [sea_orm (has_many)] pub histories : HasMany < super :: history :: Entity > , \
                     # [sea_orm (belongs_to , relation_enum = \"Sources2\" , from = \"to_source_id\" , to = \"id\")] \
                     pub sources_2 : BelongsTo < super :: sources :: Entity > , pub at : DateTimeWithTimeZone , ";
    let rewritten = entity_file::rewrite("any", generated, Schema::Project).unwrap();
    assert!(rewritten.contains("pub history : HasMany"), "{rewritten}");
    assert!(
        rewritten.contains("relation_enum = \"ToSource\""),
        "{rewritten}"
    );
    assert!(
        rewritten.contains("pub to_source : BelongsTo"),
        "{rewritten}"
    );
    assert!(rewritten.contains("pub at : DateTimeUtc ,"), "{rewritten}");
}

#[test]
fn a_json_type_for_a_column_that_is_none_is_an_error() {
    for column in ["", "pub key_columns : String ,"] {
        let generated = format!("//! banner\n {column}");
        let refused =
            entity_file::rewrite("data_sources", &generated, Schema::Project).unwrap_err();
        assert!(
            refused.to_string().contains("data_sources.key_columns"),
            "{refused}"
        );
    }
}

#[test]
fn one_enum_cannot_have_two_lists_of_values() {
    let entries: [(&str, &str, &str, &[&str]); 2] = [
        ("a", "state", "State", &["on", "off"]),
        ("b", "state", "State", &["on"]),
    ];
    assert!(enum_file::rewrite("//! banner\n", &entries).is_err());
}
