//! A CSV file for each table, and beside it what the text of each cell stands for.

use std::io::Write;
use std::path::Path;

use csv::{ByteRecord, QuoteStyle, ReaderBuilder, WriterBuilder};
use entity_core::enums::BackupType;
use manifold_store::rows::Cell;
use manifold_store::{Frozen, StagedBuilder, Table};

use super::cell::{CellBuffer, Class, push_hex, real_text, unhex};
use super::folder::WriteError;
use super::names::file_stem;
use super::row_types::{RowTypesHeader, RowTypesReader, RowTypesWriter};
use super::strategy::rows_in;
use super::{BackupError, BackupFolder, BackupRequest, BackupSource, BackupStrategy, Saved, Watch};

/// The ending of a sidecar.
const TYPES: &str = ".types";

/// `csv`: files that any program reads. A text is written as it is, a number in the shortest form that
/// reads back to the same value, a blob as hex digits, NULL as nothing; the sidecar tells NULL from `''`
/// and text from numbers.
pub(super) struct Csv;

impl BackupStrategy for Csv {
    fn name(&self) -> BackupType {
        BackupType::Csv
    }

    fn write(
        &self,
        frozen: &Frozen,
        folder: &mut BackupFolder,
        request: &BackupRequest,
        watch: &mut Watch,
    ) -> Result<Saved, BackupError> {
        let contents = request.contents();
        // Each row is written, typed and counted.
        watch.expect(3 * rows_in(frozen, contents)?);
        for table in frozen.tables(contents)? {
            let stem = match &table.source {
                Some(source) => format!("{}-{}", file_stem(source), table.name),
                None => table.name.clone(),
            };
            let csv = format!("{stem}.csv");
            let header = RowTypesHeader {
                table: table.name.clone(),
                columns: table.columns.clone(),
                csv: csv.clone(),
            };
            watch.step("writing rows")?;
            folder.write_file(&csv, |output| write_rows(frozen, &table, output, watch))?;
            watch.step("writing types")?;
            folder.write_file(&format!("{stem}{TYPES}"), |output| {
                write_types(frozen, &table, &header, output, watch)
            })?;
        }
        Ok(Saved::default())
    }

    fn restore(
        &self,
        source: &BackupSource,
        staged: &mut StagedBuilder,
        watch: &mut Watch,
    ) -> Result<(), BackupError> {
        watch.expect(source.rows());
        for name in source.names_ending(TYPES) {
            let mut types = RowTypesReader::open(source.read_file(&name)?)?;
            watch.step("reading rows")?;
            read_rows(source, &mut types, staged, watch)?;
        }
        Ok(())
    }
}

fn write_rows(
    frozen: &Frozen,
    table: &Table,
    output: &mut dyn Write,
    watch: &mut Watch,
) -> Result<(), WriteError> {
    let mut writer = WriterBuilder::new()
        .quote_style(QuoteStyle::Necessary)
        .from_writer(output);
    writer
        .write_record(&table.titles)
        .map_err(std::io::Error::from)?;
    let mut hex = Vec::new();
    frozen.rows(table, |cells| {
        watch.row()?;
        for cell in cells {
            let written = match cell {
                Cell::Null => writer.write_field(b""),
                Cell::Int(value) => writer.write_field(value.to_string()),
                Cell::Real(value) => writer.write_field(real_text(*value)),
                Cell::Text(bytes) => writer.write_field(bytes),
                Cell::Blob(bytes) => {
                    hex.clear();
                    push_hex(bytes, &mut hex);
                    writer.write_field(&hex)
                }
            };
            written.map_err(std::io::Error::from)?;
        }
        writer
            .write_record(None::<&[u8]>)
            .map_err(std::io::Error::from)?;
        Ok::<_, WriteError>(())
    })?;
    Ok(writer.flush()?)
}

fn write_types(
    frozen: &Frozen,
    table: &Table,
    header: &RowTypesHeader,
    output: &mut dyn Write,
    watch: &mut Watch,
) -> Result<(), WriteError> {
    let mut writer = RowTypesWriter::new(output, header)?;
    frozen.rows(table, |cells| {
        watch.row()?;
        Ok::<_, WriteError>(writer.row(cells)?)
    })?;
    Ok(writer.finish()?)
}

fn read_rows(
    source: &BackupSource,
    types: &mut RowTypesReader,
    staged: &mut StagedBuilder,
    watch: &mut Watch,
) -> Result<(), BackupError> {
    let header = types.header.clone();
    let file = source.read_file(&header.csv)?;
    let path = file.path.clone();
    let mut reader = ReaderBuilder::new()
        .has_headers(true)
        .flexible(false)
        .from_reader(file.content);
    let mut load = staged.table(&header.table, &header.columns)?;
    let mut record = ByteRecord::new();
    let mut cells: Vec<CellBuffer> = header
        .columns
        .iter()
        .map(|_| CellBuffer::default())
        .collect();
    while reader
        .read_byte_record(&mut record)
        .map_err(|error| unreadable(&path, error))?
    {
        watch.row()?;
        let line = record.position().map_or(0, csv::Position::line);
        let damaged = |reason: &str| BackupError::damaged(&path, format!("line {line}: {reason}"));
        let letters = types
            .next_row()?
            .ok_or_else(|| damaged("there are more rows than types"))?;
        if record.len() != letters.len() {
            return Err(damaged(
                "it has another number of cells than the table has columns",
            ));
        }
        for ((field, letter), cell) in record.iter().zip(letters).zip(&mut cells) {
            read_cell(field, *letter, cell).ok_or_else(|| damaged("a cell is not of its type"))?;
        }
        let row: Vec<Cell<'_>> = cells.iter().map(CellBuffer::cell).collect();
        load.insert(&row)?;
    }
    match types.next_row()? {
        None => Ok(()),
        Some(_) => Err(BackupError::damaged(
            &path,
            "there are fewer rows than types",
        )),
    }
}

fn read_cell(field: &[u8], letter: u8, cell: &mut CellBuffer) -> Option<()> {
    let class = match letter {
        b'n' => field.is_empty().then_some(Class::Null)?,
        b'i' => Class::Int(std::str::from_utf8(field).ok()?.parse().ok()?),
        b'r' => Class::Real(std::str::from_utf8(field).ok()?.parse().ok()?),
        b't' | b'b' => {
            cell.bytes.clear();
            cell.bytes.extend_from_slice(field);
            if letter == b't' {
                Class::Text
            } else {
                unhex(&mut cell.bytes)?;
                Class::Blob
            }
        }
        _ => return None,
    };
    cell.set(class);
    Some(())
}

fn unreadable(path: &Path, error: csv::Error) -> BackupError {
    let reason = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(error) => BackupError::io("read", path)(error),
        _ => BackupError::damaged(path, reason),
    }
}
