//! `manifold project salvage`

use clap::Args;
use manifold_store::{Projects, Salvage, SalvagedTable};
use serde_json::json;

use crate::session::Session;
use crate::shapes::project::ProjectShape;
use crate::table::{self, Align, printable};
use crate::units;

/// Which project.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold project salvage aviation
  manifold project salvage aviation --as aviation-2013

The damaged file is moved into the quarantine, if it is not there, and stays as it is. A backup, where there is one, \
is better than a salvage: it loses nothing of what was saved.")]
pub(crate) struct SalvageArgs {
    /// The damaged project: its id, its name, or the beginning of its id
    project: String,
    /// The name of the new project [default: the name with `(salvaged)`]
    #[arg(long, value_name = "NAME")]
    r#as: Option<String>,
}

/// Makes a new project of what can still be read.
pub(super) async fn run(
    arguments: SalvageArgs,
    projects: &Projects,
    session: &Session,
) -> anyhow::Result<()> {
    let found = projects.find(&arguments.project).await?;
    let name = arguments
        .r#as
        .unwrap_or_else(|| format!("{} (salvaged)", found.name));
    let salvage = Salvage::new(&session.store().await?);
    let salvaged = salvage.as_new(&Projects::id(&found)?, &name).await?;
    let made = ProjectShape::new(salvaged.project, projects);
    let document = json!({
        "project": made,
        "damaged_path": salvaged.damaged.display().to_string(),
        "tables": salvaged.tables,
        "damaged_pages": salvaged.damaged_pages,
    });
    let output = session.output();
    output.confirm(&document, || {
        format!(
            "Made the project {} ({}) of what can be read of {}: {}.\n\n{}",
            printable(&made.name),
            made.id,
            printable(&found.name),
            made.contents(),
            report(&salvaged.tables)
        )
    })?;
    if let Some(damaged) = salvaged.damaged_pages.filter(|&damaged| damaged > 0) {
        output.note(&format!(
            "{} of 4 KiB in the file {} not as {} written: rows that were read from there are among those saved, and may be \
             wrong, unless another program wrote them.",
            units::count(i64::try_from(damaged).unwrap_or(i64::MAX), "page"),
            if damaged == 1 { "is" } else { "are" },
            if damaged == 1 { "it was" } else { "they were" },
        ));
    }
    output.note(&format!(
        "The damaged file is kept: {}",
        printable(&salvaged.damaged.display().to_string())
    ));
    Ok(())
}

/// A line for each table that had rows, or may have had.
fn report(tables: &[SalvagedTable]) -> String {
    let header = [
        ("table", Align::Left),
        ("rows saved", Align::Right),
        ("lost, at most", Align::Right),
    ];
    let rows = tables
        .iter()
        .filter(|table| table.saved > 0 || table.lost != Some(0));
    let number = |count: u64| units::number(i64::try_from(count).unwrap_or(i64::MAX));
    let rows = rows.map(|table| {
        vec![
            table.name.clone(),
            number(table.saved),
            table.lost.map_or_else(|| "unknown".to_owned(), number),
        ]
    });
    table::table(&header, rows)
}
