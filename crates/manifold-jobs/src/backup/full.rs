//! The project as one JSON document, written and read row by row.

use std::io::Write;

use entity_core::enums::BackupType;
use manifold_store::rows::Cell;
use manifold_store::{Contents, Frozen, StagedBuilder};

use super::cell::{CellBuffer, push_hex, real_text};
use super::folder::WriteError;
use super::json_reader::JsonReader;
use super::strategy::rows_in;
use super::{BackupError, BackupFolder, BackupRequest, BackupSource, BackupStrategy, Saved, Watch};

const FILE: &str = "project.json";

/// `full`: `{"tables": [{"name", "columns", "rows": [[cell, ..], ..]}, ..]}`.
///
/// A cell is null, a number (with a point or an exponent when it is a real), a string, or an object with one
/// key: `$blob` and hex digits, `$real` and `inf` or `-inf`, `$text` and the hex digits of bytes that are not
/// UTF-8.
pub(super) struct Full;

impl BackupStrategy for Full {
    fn name(&self) -> BackupType {
        BackupType::Full
    }

    fn write(
        &self,
        frozen: &Frozen,
        folder: &mut BackupFolder,
        request: &BackupRequest,
        watch: &mut Watch,
    ) -> Result<Saved, BackupError> {
        let contents = request.contents();
        folder.write_file(FILE, |output| write_tables(frozen, contents, output, watch))?;
        Ok(Saved::default())
    }

    fn restore(
        &self,
        source: &BackupSource,
        staged: &mut StagedBuilder,
        watch: &mut Watch,
    ) -> Result<(), BackupError> {
        let mut reader = JsonReader::new(source.read_file(FILE)?);
        reader.punctuation(b'{')?;
        watch.expect(source.rows());
        reader.key("tables")?;
        reader.punctuation(b'[')?;
        let mut first = true;
        while reader.element(&mut first)? {
            read_table(&mut reader, staged, watch)?;
        }
        reader.punctuation(b'}')?;
        reader.end()
    }
}

fn write_tables(
    frozen: &Frozen,
    contents: Contents<'_>,
    output: &mut dyn Write,
    watch: &mut Watch,
) -> Result<(), WriteError> {
    output.write_all(b"{\"tables\": [")?;
    let mut line = Vec::new();
    let mut between_tables: &[u8] = b"\n";
    // Each row is written and counted.
    watch.expect(2 * rows_in(frozen, contents)?);
    for table in frozen.tables(contents)? {
        watch.step("writing rows")?;
        output.write_all(between_tables)?;
        between_tables = b",\n";
        output.write_all(b"{\"name\": ")?;
        to_json(output, &table.name)?;
        output.write_all(b", \"columns\": ")?;
        to_json(output, &table.columns)?;
        output.write_all(b", \"rows\": [")?;
        let mut between_rows: &[u8] = b"\n";
        frozen.rows(&table, |cells| {
            watch.row()?;
            line.clear();
            line.extend_from_slice(between_rows);
            between_rows = b",\n";
            push_row(cells, &mut line)?;
            Ok::<_, WriteError>(output.write_all(&line)?)
        })?;
        output.write_all(b"\n]}")?;
    }
    Ok(output.write_all(b"\n]}\n")?)
}

fn to_json(output: &mut dyn Write, value: &impl serde::Serialize) -> std::io::Result<()> {
    Ok(serde_json::to_writer(output, value)?)
}

fn push_row(cells: &[Cell<'_>], out: &mut Vec<u8>) -> std::io::Result<()> {
    let mut before = b'[';
    for cell in cells {
        out.push(before);
        before = b',';
        match cell {
            Cell::Null => out.extend_from_slice(b"null"),
            Cell::Int(value) => out.extend_from_slice(value.to_string().as_bytes()),
            Cell::Real(value) if value.is_finite() => {
                out.extend_from_slice(real_text(*value).as_bytes());
            }
            Cell::Real(value) => {
                out.extend_from_slice(b"{\"$real\":\"");
                out.extend_from_slice(real_text(*value).as_bytes());
                out.extend_from_slice(b"\"}");
            }
            Cell::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => serde_json::to_writer(&mut *out, text)?,
                Err(_) => push_object("$text", bytes, out),
            },
            Cell::Blob(bytes) => push_object("$blob", bytes, out),
        }
    }
    out.push(b']');
    Ok(())
}

fn push_object(key: &str, bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":\"");
    push_hex(bytes, out);
    out.extend_from_slice(b"\"}");
}

fn read_table(
    reader: &mut JsonReader,
    staged: &mut StagedBuilder,
    watch: &mut Watch,
) -> Result<(), BackupError> {
    reader.punctuation(b'{')?;
    reader.key("name")?;
    let name = reader.text()?;
    reader.punctuation(b',')?;
    reader.key("columns")?;
    reader.punctuation(b'[')?;
    let mut columns = Vec::new();
    let mut first = true;
    while reader.element(&mut first)? {
        columns.push(reader.text()?);
    }
    reader.punctuation(b',')?;
    reader.key("rows")?;
    reader.punctuation(b'[')?;
    watch.step("reading rows")?;
    let mut load = staged.table(&name, &columns)?;
    let mut cells: Vec<CellBuffer> = columns.iter().map(|_| CellBuffer::default()).collect();
    let mut first = true;
    while reader.element(&mut first)? {
        watch.row()?;
        reader.row(&mut cells)?;
        let row: Vec<Cell<'_>> = cells.iter().map(CellBuffer::cell).collect();
        load.insert(&row)?;
    }
    reader.punctuation(b'}')
}
