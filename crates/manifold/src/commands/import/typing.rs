//! What the arguments of `manifold import` say about columns.

use clap::{Args, ValueEnum};
use manifold_format::{AskedType, DateOrder, Typing};

/// What is said about the columns of the files.
#[derive(Debug, Args)]
pub(super) struct TypingArgs {
    /// Show cells that are this token as NULL; COL=TOKEN: in one column (=TOKEN where it holds an `=`); `none`: find none
    /// [default: found, such as NA among numbers]
    #[arg(long = "null", value_name = "TOKEN", allow_negative_numbers = true)]
    nulls: Vec<String>,
    #[arg(long = "type", value_name = "COL=TYPE", value_parser = column_type,
          help = "The type of a column: text, integer, real, decimal[:DIGITS], boolean, date[:FORMAT], time[:FORMAT], \
                  timestamp[:FORMAT], or auto [default: found]")]
    types: Vec<(String, AskedType)>,
    /// What comes first in dates whose column does not tell it: dmy, mdy or ymd
    #[arg(long, value_enum, value_name = "O", hide_possible_values = true)]
    date_order: Option<DateOrderArg>,
}

/// The order of the parts of a date.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum DateOrderArg {
    Dmy,
    Mdy,
    Ymd,
}

impl From<DateOrderArg> for DateOrder {
    fn from(order: DateOrderArg) -> Self {
        match order {
            DateOrderArg::Dmy => Self::Dmy,
            DateOrderArg::Mdy => Self::Mdy,
            DateOrderArg::Ymd => Self::Ymd,
        }
    }
}

impl TypingArgs {
    /// What they say.
    pub(super) fn typing(&self) -> Typing {
        let mut typing = Typing {
            types: self.types.iter().cloned().collect(),
            date_order: self.date_order.map(Into::into),
            ..Typing::default()
        };
        for said in &self.nulls {
            typing.say_null(said);
        }
        typing
    }
}

fn column_type(text: &str) -> Result<(String, AskedType), String> {
    let (column, asked) = text
        .rsplit_once('=')
        .filter(|(column, _)| !column.is_empty())
        .ok_or_else(|| "it is a column, `=` and a type, such as zip=text".to_owned())?;
    let asked = asked.parse::<AskedType>();
    Ok((column.to_owned(), asked.map_err(|error| error.to_string())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        typing: TypingArgs,
    }

    fn said(arguments: &[&str]) -> Result<String, String> {
        let words = ["import"].iter().chain(arguments);
        let command = Command::try_parse_from(words).map_err(|error| error.to_string())?;
        Ok(serde_json::to_string(&command.typing.typing()).unwrap())
    }

    #[test]
    fn tokens_are_of_all_columns_or_of_one() {
        for (arguments, expected) in [
            (
                &["--null", "-999"][..],
                r#"{"nulls":{"tokens":["-999"],"find":true}}"#,
            ),
            (
                &["--null=--", "--null", "-"],
                r#"{"nulls":{"tokens":["--","-"],"find":true}}"#,
            ),
            (
                &["--null", "none"],
                r#"{"nulls":{"tokens":[],"find":false}}"#,
            ),
            (
                &["--null", "none", "--null", "NA"],
                r#"{"nulls":{"tokens":["NA"],"find":false}}"#,
            ),
            (
                &["--null", "speed=0", "--null", "year=none"],
                r#"{"column_nulls":{"speed":{"tokens":["0"],"find":true},"year":{"tokens":[],"find":false}}}"#,
            ),
            (
                &["--null", "=none", "--null", "=a=b", "--null", ""],
                r#"{"nulls":{"tokens":["none","a=b",""],"find":true}}"#,
            ),
            (&[], "{}"),
        ] {
            assert_eq!(said(arguments).unwrap(), expected);
        }
    }

    #[test]
    fn types_are_those_that_there_are() {
        let expected = r#"{"types":{"a=b":"text","when":"date:%d.%m.%Y"},"date_order":"mdy"}"#;
        let arguments = [
            "--type",
            "a=b=text",
            "--type",
            "when=date:%d.%m.%Y",
            "--date-order",
            "mdy",
        ];
        assert_eq!(said(&arguments).unwrap(), expected);
        for wrong in ["text", "=text", "a=", "a=int"] {
            assert!(said(&["--type", wrong]).is_err(), "{wrong}");
        }
        assert!(said(&["--date-order", "dm"]).is_err());
    }
}
