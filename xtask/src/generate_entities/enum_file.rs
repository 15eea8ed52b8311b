//! The enums of a schema: text in the database, in JSON and on the screen.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::ensure;

use super::{BANNER, entity_file::upper_camel_case};

/// What parsing reports; one for all enums of the crate.
const UNKNOWN_VALUE: &str = r#"
/// A text that is none of an enum's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownValue {
    /// The text.
    pub value: String,
    /// The values there are.
    pub expected: &'static [&'static str],
}

impl std::fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "unknown value `{}`: expected one of {}", self.value, self.expected.join(", "))
    }
}

impl std::error::Error for UnknownValue {}
"#;

type Entry = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

/// The generator's enums, stored as text and not as a type of the database, with their text form.
pub(super) fn rewrite(generated: &str, entries: &[Entry]) -> anyhow::Result<String> {
    let body = generated
        .split_once('\n')
        .map_or(generated, |(_banner, body)| body)
        .replace(
            r#"rs_type = "Enum" , db_type = "Enum""#,
            r#"rs_type = "String" , db_type = "Text""#,
        )
        .replace("\n# [derive", "\n\n# [derive");
    ensure!(
        !body.contains(r#"db_type = "Enum""#),
        "an enum would be a type of the database: the generator writes its attribute in another way"
    );
    let mut file = format!("{BANNER}\n{body}\n{UNKNOWN_VALUE}");
    for (name, values) in by_name(entries)? {
        write_text_form(&mut file, name, values)?;
    }
    Ok(file)
}

/// Each enum once. Two columns may share one if they allow the same values.
fn by_name(entries: &[Entry]) -> anyhow::Result<BTreeMap<&'static str, &'static [&'static str]>> {
    let mut enums = BTreeMap::new();
    for (table, column, name, values) in entries {
        let first = *enums.entry(*name).or_insert(*values);
        ensure!(
            first == *values,
            "`{table}.{column}` allows other values than the column that named `{name}` first"
        );
    }
    Ok(enums)
}

fn write_text_form(file: &mut String, name: &str, values: &[&str]) -> anyhow::Result<()> {
    let (mut to_text, mut from_text) = (String::new(), String::new());
    for value in values {
        let variant = upper_camel_case(value);
        write!(to_text, "Self::{variant} => {value:?},")?;
        write!(from_text, "{value:?} => Ok(Self::{variant}),")?;
    }
    write!(
        file,
        r#"
        impl {name} {{
            /// The text of every value, in the schema's order.
            pub const VALUES: &'static [&'static str] = &{values:?};

            /// The text that stands for the value in the database and in JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {{
                match self {{ {to_text} }}
            }}
        }}

        impl std::fmt::Display for {name} {{
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{
                f.pad(self.as_str())
            }}
        }}

        impl std::str::FromStr for {name} {{
            type Err = UnknownValue;

            fn from_str(text: &str) -> Result<Self, UnknownValue> {{
                match text {{
                    {from_text}
                    _ => Err(UnknownValue {{ value: text.to_owned(), expected: Self::VALUES }}),
                }}
            }}
        }}
        "#
    )?;
    Ok(())
}
