//! The whole source in another dress: what earlier versions of the benchmark did to it.

use crate::{clean, folder, read};

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn the_source_is_read_in_every_dress() {
    let source = std::fs::read_to_string(folder().join("source.csv")).unwrap();
    let expected = clean("source.csv");
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |name: &str, bytes: &[u8]| files.push((name.to_owned(), bytes.to_vec()));
    add("byte order mark", format!("\u{feff}{source}").as_bytes());
    for (name, text) in [
        ("", source.clone()),
        (" with its mark", format!("\u{feff}{source}")),
    ] {
        add(&format!("UTF-16LE{name}"), &utf16(&text, u16::to_le_bytes));
        add(&format!("UTF-16BE{name}"), &utf16(&text, u16::to_be_bytes));
    }
    for lines in 1..=3 {
        let preamble = "Sales of the year\r\n".repeat(lines);
        add("preamble", format!("{preamble}{source}").as_bytes());
        add(
            "preamble and a blank line",
            format!("{preamble}\r\n{source}").as_bytes(),
        );
        let preamble = "PREAMBLE,,,,,,,,\r\n".repeat(lines);
        add(
            "delimited preamble",
            format!("{preamble}{source}").as_bytes(),
        );
    }
    for line in (0..84).step_by(9) {
        for end in ["\n", "\r\n\r\n"] {
            let mut at = 0;
            let lines = source.split_inclusive("\r\n").map(|text| {
                at += 1;
                let bare = text.trim_end();
                let other = at - 1 == line;
                if other {
                    format!("{bare}{end}")
                } else {
                    text.to_owned()
                }
            });
            let text: String = lines.collect();
            add(&format!("line {line} ends in {end:?}"), text.as_bytes());
        }
    }
    for delimiter in ["|", ";", "\t", ", "] {
        let mut quoted = false;
        let text: String = source.chars().fold(String::new(), |mut text, c| {
            quoted ^= c == '"';
            if c == ',' && !quoted {
                text.push_str(delimiter);
            } else {
                text.push(c);
            }
            text
        });
        add(&format!("delimiter {delimiter:?}"), text.as_bytes());
    }
    let differ = files.iter().filter(|(name, bytes)| {
        let found = read(bytes);
        if found != expected {
            println!("{name}: {}", crate::score::difference(&expected, &found));
        }
        found != expected
    });
    let differ: Vec<&String> = differ.map(|(name, _)| name).collect();
    assert!(differ.is_empty(), "{differ:?}");
}
