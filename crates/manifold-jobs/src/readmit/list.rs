//! A list of rejected records that somebody has edited.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;

use serde::Deserialize;
use serde_json::Value as Json;

use super::ReadmitError;
use crate::import::OpenedFile;

/// The columns, or fields, of a list that are read; it may have others.
const FIELDS: [&str; 3] = ["snapshot_id", "id", "record"];

/// A rejected record in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListedReject {
    /// The snapshot that it was rejected from.
    pub(super) snapshot_id: String,
    /// Its id.
    pub(super) id: i64,
    /// Its text, mended or not.
    pub(super) record: String,
}

/// A record of a list in JSON.
#[derive(Deserialize)]
struct JsonReject {
    snapshot_id: String,
    id: Json,
    record: String,
}

/// Reads the list at `path`: delimited text with a header, JSON, or JSON Lines. Blocks.
pub(super) fn read_list(path: &Path) -> Result<Vec<ListedReject>, ReadmitError> {
    let (file, _) = OpenedFile::open(path)?;
    read(BufReader::with_capacity(1 << 16, file)).map_err(|reason| ReadmitError::NoList {
        path: path.to_owned(),
        reason,
    })
}

fn read(mut list: BufReader<impl Read>) -> Result<Vec<ListedReject>, String> {
    let start = list.fill_buf().map_err(|error| error.to_string())?;
    if start.starts_with(b"\xef\xbb\xbf") {
        list.consume(3);
    }
    let start = list.fill_buf().map_err(|error| error.to_string())?;
    let is_json = start
        .iter()
        .find(|byte| !byte.is_ascii_whitespace())
        .is_some_and(|byte| matches!(byte, b'{' | b'['));
    let listed = if is_json {
        in_json(list)?
    } else {
        delimited(list)?
    };
    let mut seen = HashSet::new();
    match listed
        .iter()
        .find(|one| !seen.insert((&one.snapshot_id, one.id)))
    {
        Some(twice) => Err(format!("record {} stands in it twice", twice.id)),
        None => Ok(listed),
    }
}

fn in_json(list: impl Read) -> Result<Vec<ListedReject>, String> {
    let mut listed = Vec::new();
    for value in serde_json::Deserializer::from_reader(list).into_iter::<Json>() {
        let mut value = value.map_err(|error| error.to_string())?;
        if let Some(rejects) = value.get_mut("rejects") {
            value = rejects.take();
        }
        let records = match value {
            Json::Array(records) => records,
            record => vec![record],
        };
        for record in records {
            let record = JsonReject::deserialize(record)
                .map_err(|error| format!("record {}: {error}", listed.len() + 1))?;
            let id = match &record.id {
                Json::Number(number) => number.as_i64(),
                Json::String(text) => text.parse().ok(),
                _ => None,
            };
            listed.push(ListedReject {
                snapshot_id: record.snapshot_id,
                id: id.ok_or_else(|| format!("{} is no id of a record", record.id))?,
                record: record.record,
            });
        }
    }
    Ok(listed)
}

fn delimited(mut list: BufReader<impl Read>) -> Result<Vec<ListedReject>, String> {
    let mut header = Vec::new();
    list.read_until(b'\n', &mut header)
        .map_err(|error| error.to_string())?;
    let (delimiter, fields) = [b',', b';', b'\t']
        .into_iter()
        .find_map(|delimiter| Some((delimiter, fields_of(&header, delimiter)?)))
        .ok_or_else(|| format!("its first line does not name {}", FIELDS.join(", ")))?;
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(list);
    let mut listed = Vec::new();
    for (number, record) in reader.records().enumerate() {
        let record = record.map_err(|error| match error.kind() {
            csv::ErrorKind::Utf8 { .. } => {
                format!("record {} is no UTF-8 text; save it as UTF-8", number + 1)
            }
            _ => error.to_string(),
        })?;
        if record.len() != fields.width {
            return Err(format!(
                "its record {} has {} cells for {} columns; a record that holds a delimiter stands in quotes",
                number + 1,
                record.len(),
                fields.width
            ));
        }
        let [snapshot, id, text] = fields.places.map(|place| record.get(place).unwrap_or(""));
        listed.push(ListedReject {
            snapshot_id: snapshot.trim().to_owned(),
            id: id
                .trim()
                .parse()
                .map_err(|_| format!("`{id}` is no id of a record"))?,
            record: text.to_owned(),
        });
    }
    Ok(listed)
}

/// Where the fields stand in a header.
struct Fields {
    width: usize,
    places: [usize; 3],
}

fn fields_of(header: &[u8], delimiter: u8) -> Option<Fields> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .from_reader(header);
    let header = reader.records().next()?.ok()?;
    let place = |name: &str| {
        let mut names = header.iter();
        names.position(|found| found.trim().eq_ignore_ascii_case(name))
    };
    let [snapshot, id, record] = FIELDS.map(place);
    Some(Fields {
        width: header.len(),
        places: [snapshot?, id?, record?],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<ListedReject>, String> {
        read(BufReader::new(text.as_bytes()))
    }

    fn listed(id: i64, record: &str) -> ListedReject {
        ListedReject {
            snapshot_id: "s".to_owned(),
            id,
            record: record.to_owned(),
        }
    }

    #[test]
    fn lists_are_read_however_they_were_saved() {
        let expected = vec![listed(1, "a,\"b\""), listed(2, "c\nd")];
        for text in [
            "snapshot_id,id,line,reason,record\ns,1,4,too long,\"a,\"\"b\"\"\"\ns,2,5,,\"c\nd\"\n",
            "\u{feff}snapshot_id;id;line;reason;record\r\ns;1;4;too long;\"a,\"\"b\"\"\"\r\ns;2;5;;\"c\nd\"\r\n",
            "RECORD\tID\tSnapshot_Id\n\"a,\"\"b\"\"\"\t1\ts\n\"c\nd\"\t 2\ts\n",
            r#"{"rejects": [{"snapshot_id": "s", "id": "1", "record": "a,\"b\"", "line": 4},
                            {"snapshot_id": "s", "id": 2, "record": "c\nd"}]}"#,
            "{\"snapshot_id\":\"s\",\"id\":1,\"record\":\"a,\\\"b\\\"\"}\n{\"snapshot_id\":\"s\",\"id\":\"2\",\"record\":\"c\\nd\"}\n",
        ] {
            assert_eq!(parse(text).as_ref(), Ok(&expected), "{text}");
        }
        assert_eq!(parse("snapshot_id,id,record\n"), Ok(Vec::new()));
        assert_eq!(parse(r#"{"rejects": []}"#), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_list_is_told() {
        for (text, expected) in [
            ("", "does not name"),
            ("a,b\n1,2\n", "does not name"),
            ("snapshot_id,id,record\ns,1,a,b\n", "has 4 cells for 3"),
            ("snapshot_id,id,record\ns,one,a\n", "`one` is no id"),
            ("snapshot_id,id,record\ns,1,a\ns,1,b\n", "twice"),
            (r#"{"rows": []}"#, "missing field"),
            (r#"[{"snapshot_id":"s","id":1}"#, "EOF"),
            (
                r#"[{"snapshot_id":"s","id":1.5,"record":""}]"#,
                "1.5 is no id",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
