//! Places for rows that stand between others.

use super::super::spool::Scratch;
use super::super::words::{WordList, WordReader};
use super::item::Place;
use std::io;

/// Rows that stand between two that keep their place.
#[derive(Debug, Clone, Copy)]
struct Gap {
    rows: u64,
    before: Option<f64>,
    behind: Option<f64>,
}

impl Gap {
    /// The place of a row of the gap, from 0: evenly between the rows around it, in steps of one before the first, natural behind
    /// the last.
    fn place(self, nth: u64) -> Place {
        // Rows stay far below 2^53.
        let (rows, nth) = (self.rows as f64, nth as f64);
        match (self.before, self.behind) {
            (_, None) => Place::Natural,
            (None, Some(behind)) => Place::At(behind - rows + nth),
            (Some(before), Some(behind)) => {
                Place::At(before + (behind - before) * ((nth + 1.0) / (rows + 1.0)))
            }
        }
    }

    /// Whether there are as many places as rows.
    fn fits(self) -> bool {
        let mut last = self.before;
        (0..self.rows).all(|nth| match self.place(nth) {
            Place::At(place) => {
                let rises = last.is_none_or(|last| place > last);
                last = Some(place);
                rises && self.behind.is_none_or(|behind| place < behind)
            }
            Place::Natural | Place::Between => true,
        })
    }

    fn pack(self) -> [u64; 3] {
        // No place is NaN.
        let bits = |place: Option<f64>| place.unwrap_or(f64::NAN).to_bits();
        [self.rows, bits(self.before), bits(self.behind)]
    }

    fn unpack([rows, before, behind]: [u64; 3]) -> Self {
        let place = |bits| Some(f64::from_bits(bits)).filter(|place| !place.is_nan());
        Self {
            rows,
            before: place(before),
            behind: place(behind),
        }
    }
}

/// All gaps that rows stand in, in the input's order.
#[derive(Debug)]
pub(super) struct Gaps {
    list: WordList<3>,
    current: Gap,
}

impl Gaps {
    pub(super) fn new(scratch: &Scratch) -> Self {
        Self {
            list: WordList::new(scratch),
            current: Gap {
                rows: 0,
                before: None,
                behind: None,
            },
        }
    }

    /// Another row stands in the gap.
    pub(super) fn add_row(&mut self) {
        self.current.rows += 1;
    }

    /// The gap ends at a row that keeps the place `behind`, or with the last row; the next one begins behind the place `next`.
    /// Answers whether there is a place for each of its rows.
    pub(super) fn end(&mut self, behind: Option<f64>, next: Option<f64>) -> io::Result<bool> {
        let gap = Gap {
            behind,
            ..self.current
        };
        self.current = Gap {
            rows: 0,
            before: next,
            behind: None,
        };
        if gap.rows > 0 {
            self.list.push(gap.pack())?;
        }
        Ok(gap.fits())
    }

    pub(super) fn places(&self) -> Places<'_> {
        Places {
            gaps: self.list.reader(),
            gap: None,
        }
    }
}

/// Tells the place of every row that stands in a gap, in the input's order.
pub(super) struct Places<'g> {
    gaps: WordReader<'g, 3>,
    /// The gap and how many of its rows were told.
    gap: Option<(Gap, u64)>,
}

impl Places<'_> {
    pub(super) fn next(&mut self) -> io::Result<Place> {
        let (gap, told) = match self.gap {
            Some((gap, told)) if told < gap.rows => (gap, told),
            _ => match self.gaps.next()? {
                Some(gap) => (Gap::unpack(gap), 0),
                None => return Ok(Place::Natural),
            },
        };
        self.gap = Some((gap, told + 1));
        Ok(gap.place(told))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::spool::Scratch;
    use super::{Gaps, Place};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn places_rise_between_the_rows_around_them(
            gaps in prop::collection::vec((0_u64..40, -1e6..1e6_f64, 1e-12..10.0_f64), 0..20),
        ) {
            let mut all = Gaps::new(&Scratch::anywhere().keeping(30));
            let (mut before, mut expected) = (None, Vec::new());
            for (rows, place, width) in gaps {
                let behind = before.map_or(place, |before| before + width);
                (0..rows).for_each(|_| all.add_row());
                if !all.end(Some(behind), Some(behind)).unwrap() {
                    return Ok(());
                }
                expected.push((rows, before, behind));
                before = Some(behind);
            }
            all.add_row();
            prop_assert!(all.end(None, None).unwrap());
            let mut places = all.places();
            for (rows, before, behind) in expected {
                let mut last = before.unwrap_or(f64::MIN);
                for _ in 0..rows {
                    let Place::At(place) = places.next().unwrap() else { panic!("natural") };
                    prop_assert!(place > last && place < behind);
                    last = place;
                }
            }
            prop_assert_eq!(places.next().unwrap(), Place::Natural);
        }
    }
}
