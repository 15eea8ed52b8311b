//! Why a column is what it is.

use crate::asked_type::AskedType;
use crate::column_type::ColumnType;
use crate::count::Count;
use crate::evidence::Evidence;
use crate::verdict::{Verdict, candidates};

impl Verdict {
    /// Why the column is what it is, for people.
    #[must_use]
    pub fn why(&self) -> String {
        let asked = match self.typing.asked {
            Some(AskedType::Type { .. }) => "asked: ",
            _ => "",
        };
        match self.column_type {
            ColumnType::Empty => "no cell holds anything".to_owned(),
            ColumnType::Text if self.ambiguous_date => {
                "its dates may begin with the day or with the month; --date-order dmy or mdy decides"
                    .to_owned()
            }
            ColumnType::Text if !asked.is_empty() => "asked".to_owned(),
            ColumnType::Text => self.why_text(),
            _ => {
                let cells = Count(self.conforming + self.odd_cells, "cell");
                format!("{asked}{} of {cells} fit", self.conforming)
            }
        }
    }

    fn why_text(&self) -> String {
        let cells = self.evidence.without(&self.typing.nulls).0;
        if cells.lookalikes > 0 {
            let cells = Count(cells.lookalikes, "cell");
            return format!("{cells} would not print back as a number, as 007 and +5 would not");
        }
        let contradict = |evidence: &Evidence| {
            let mut seen = evidence.day_months.iter();
            seen.any(|dates| dates.only_day_first > 0 && dates.only_month_first > 0)
        };
        if contradict(&cells) {
            return "some of its dates begin with the day and some with the month".to_owned();
        }
        let usual = match self.typing.nulls.find {
            true => cells.usual_tokens.cells(),
            false => 0,
        };
        let others = cells.filled - usual;
        if others == 0 {
            return "its cells only say that there is no value".to_owned();
        }
        let found = candidates(&cells).into_iter().flatten();
        let best = found.max_by_key(|found| found.conforming);
        match best.filter(|best| best.conforming * 2 >= others) {
            Some(best) => {
                let percent = best.conforming * 100 / others;
                format!(
                    "{percent} % of its cells are {}, and 95 % are needed",
                    best.column_type
                )
            }
            None => "most of its cells are no number, date or boolean".to_owned(),
        }
    }
}
