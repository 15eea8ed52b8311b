//! The evidence over a column without the cells that stand for NULL.

use crate::evidence::{DayMonths, Evidence, Times};
use crate::null_token::{NullToken, USUAL};
use crate::number;
use crate::typing::Nulls;

impl Evidence {
    /// The evidence over the cells that are none of the tokens that `nulls` names; and those of them that were seen.
    ///
    /// Only tokens that were counted are known.
    pub(crate) fn without(&self, nulls: &Nulls) -> (Self, Vec<NullToken>) {
        let (mut rest, mut seen) = (self.clone(), Vec::new());
        let mut note = |token: &str, cells: u64| {
            if cells > 0 {
                let token = token.to_owned();
                seen.push(NullToken { token, cells });
            }
        };
        let is_null = |token: &String| nulls.tokens.contains(token);
        if nulls.tokens.iter().any(String::is_empty) {
            note("", rest.empties);
            rest.empties = 0;
        }
        if let Some(counted) = &self.counted_tokens {
            let counted = counted.tokens.iter().zip(&counted.cells);
            for (token, cells) in counted.filter(|(token, _)| is_null(token)) {
                note(token, cells.iter().sum());
                let mut one = Self::default();
                if !token.is_empty() {
                    one.count(token.as_bytes(), number::scan(token.as_bytes()));
                    rest.take(&mut one, cells[0]);
                    let mut one = Self::default();
                    one.count_text(token.as_bytes());
                    rest.take(&mut one, cells[1]);
                }
            }
        }
        (rest, seen)
    }

    /// The usual tokens that were seen.
    pub(crate) fn usual_nulls(&self) -> Vec<NullToken> {
        let seen = USUAL.iter().zip(self.usual_tokens.0);
        let seen = seen.filter(|(_, cells)| *cells > 0);
        seen.map(|(token, cells)| NullToken {
            token: (*token).to_owned(),
            cells,
        })
        .collect()
    }

    /// Takes away `times` cells that were each counted as `one`.
    fn take(&mut self, one: &mut Self, times: u64) {
        for (count, one) in self.counts().into_iter().zip(one.counts()) {
            *count -= *one * times;
        }
    }

    fn counts(&mut self) -> Vec<&mut u64> {
        let Self {
            nulls,
            empties,
            filled,
            invalid,
            integers,
            bits,
            fixed,
            shorts,
            lookalikes,
            booleans,
            dates,
            day_months,
            timestamps,
            times,
            usual_tokens,
            counted_tokens: _,
        } = self;
        let mut counts = vec![
            nulls, empties, filled, invalid, integers, bits, shorts, lookalikes,
        ];
        counts.extend(fixed);
        counts.extend(booleans.iter_mut().flatten());
        counts.extend(dates);
        for seen in day_months {
            let DayMonths {
                day_first,
                month_first,
                only_day_first,
                only_month_first,
            } = seen;
            counts.extend(day_first.iter_mut().chain(month_first));
            counts.extend([only_day_first, only_month_first]);
        }
        for Times { count, fractions } in timestamps.iter_mut().chain(times) {
            counts.extend([count, fractions]);
        }
        counts.extend(&mut usual_tokens.0);
        counts
    }
}
