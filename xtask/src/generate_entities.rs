//! `cargo xtask generate-entities`: migrations in, entity crates out.

mod entity_file;
mod enum_file;
mod library_file;
mod routing_file;
mod rustfmt;
mod source_folder;
mod tables;

use anyhow::bail;
use clap::Args;
use sea_orm_codegen::{
    BannerVersion, BigIntegerType, DateTimeCrate, EntityFormat, EntityTransformer,
    EntityWriterContext, OutputFile, WithPrelude, WithSerde,
};

use crate::schema::Schema;
use source_folder::SourceFolder;

/// First words of every generated file; what starts otherwise was written by hand and stays.
const BANNER: &str =
    "//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.";
/// What the generator calls the file of enums, and what we call it.
const GENERATOR_ENUMS: &str = "sea_orm_active_enums";
const ENUMS: &str = "enums";

/// Generate the entity crates from the migrations.
#[derive(Debug, Args)]
pub(crate) struct GenerateEntities {
    /// Only this schema.
    schema: Option<Schema>,
    /// Write nothing; fail if a file is not what would be written.
    #[arg(long)]
    check: bool,
}

impl GenerateEntities {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let mut stale = Vec::new();
        for schema in Schema::ALL {
            if self.schema.is_some_and(|only| only != schema) {
                continue;
            }
            let folder = SourceFolder::new(schema.entity_sources());
            let files = generate(schema).await?;
            if self.check {
                stale.extend(folder.stale(&files)?);
            } else {
                folder.write(&files)?;
            }
        }
        if !stale.is_empty() {
            for file in &stale {
                println!("{}", file.display());
            }
            bail!(
                "{} entity files differ from the migrations: run `cargo xtask generate-entities`",
                stale.len()
            );
        }
        Ok(())
    }
}

/// Every generated file of a schema's entity crate, formatted.
pub(crate) async fn generate(schema: Schema) -> anyhow::Result<Vec<OutputFile>> {
    let statements = tables::create_statements(schema).await?;
    let mut files = Vec::new();
    let mut modules = Vec::new();
    for file in EntityTransformer::transform(statements)?
        .generate(&context())
        .files
    {
        match file.name.strip_suffix(".rs").unwrap_or(&file.name) {
            "lib" => {}
            GENERATOR_ENUMS => files.push(OutputFile {
                name: format!("{ENUMS}.rs"),
                content: enum_file::rewrite(&file.content, schema.enums())?,
            }),
            table => {
                modules.push(table.to_owned());
                files.push(OutputFile {
                    content: entity_file::rewrite(table, &file.content, schema)?,
                    name: file.name,
                });
            }
        }
    }
    files.push(OutputFile {
        name: "routing.rs".to_owned(),
        content: routing_file::write(schema, &modules),
    });
    files.push(OutputFile {
        name: "lib.rs".to_owned(),
        content: library_file::write(schema, &modules),
    });
    for file in &mut files {
        file.content = rustfmt::format(&file.content)?;
    }
    Ok(files)
}

fn context() -> EntityWriterContext {
    let copy_enums = true;
    let library = true;
    let (skip_key_on_read, skip_hidden_columns) = (false, false);
    let seaography = false;
    let active_model_behavior = true;
    EntityWriterContext::new(
        EntityFormat::Dense,
        WithPrelude::None,
        WithSerde::Both,
        copy_enums,
        DateTimeCrate::Chrono,
        BigIntegerType::I64,
        None,
        library,
        skip_key_on_read,
        skip_hidden_columns,
        vec![],
        vec![],
        vec!["Hash".to_owned()],
        vec!["serde(rename_all = \"snake_case\")".to_owned()],
        vec![],
        seaography,
        active_model_behavior,
        BannerVersion::Off,
    )
}

#[cfg(test)]
mod tests;
