//! All incoming rows in their order, as the parts that were found.

use super::super::spool::Scratch;
use super::super::words::WordReader;
use super::findings::{Findings, Run};
use super::pairs::{Added, Pair, Pairing};
use super::stays::{Chosen, Stays};
use std::io;

/// Incoming rows.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// Rows that were met, one after the other. `stays`: they keep their place.
    Run { run: Run, stays: bool },
    /// A row that was found elsewhere. `stays`: it keeps its place all the same.
    Pair { pair: Pair, stays: bool },
    /// A row that is new.
    Added(Added),
}

/// Reads the parts in the input's order.
pub(super) struct Course<'f> {
    runs: WordReader<'f, 5>,
    pairs: WordReader<'f, 6>,
    added: WordReader<'f, 2>,
    run: Option<Run>,
    pair: Option<Pair>,
    new: Option<Added>,
    chosen: &'f Chosen,
    stretches: u64,
}

impl<'f> Course<'f> {
    pub(super) fn new(
        findings: &'f Findings,
        pairing: &'f Pairing,
        chosen: &'f Chosen,
    ) -> io::Result<Self> {
        let mut course = Self {
            runs: findings.runs.reader(),
            pairs: pairing.pairs.reader(),
            added: pairing.added.reader(),
            run: None,
            pair: None,
            new: None,
            chosen,
            stretches: 0,
        };
        course.next_run()?;
        course.next_pair()?;
        course.next_added()?;
        Ok(course)
    }

    fn next_run(&mut self) -> io::Result<Option<Run>> {
        let next = self.runs.next()?.map(Run::unpack);
        Ok(std::mem::replace(&mut self.run, next))
    }

    fn next_pair(&mut self) -> io::Result<Option<Pair>> {
        let next = self.pairs.next()?.map(Pair::unpack);
        Ok(std::mem::replace(&mut self.pair, next))
    }

    fn next_added(&mut self) -> io::Result<Option<Added>> {
        let next = self.added.next()?.map(Added::unpack);
        Ok(std::mem::replace(&mut self.new, next))
    }

    /// The next part; `None` behind the last.
    pub(super) fn next(&mut self) -> io::Result<Option<Part>> {
        let run = self.run.map_or(i64::MAX, |run| run.incoming);
        let pair = self.pair.map_or(i64::MAX, |pair| pair.incoming);
        let new = self.new.map_or(i64::MAX, |new| new.incoming);
        if new < run.min(pair) {
            return Ok(self.next_added()?.map(Part::Added));
        }
        let stays = |course: &mut Self| {
            course.stretches += 1;
            course.chosen.has(course.stretches - 1)
        };
        if pair < run {
            let pair = self.next_pair()?;
            return Ok(pair.map(|pair| Part::Pair {
                pair,
                stays: stays(self),
            }));
        }
        let run = self.next_run()?;
        Ok(run.map(|run| Part::Run {
            run,
            stays: stays(self),
        }))
    }
}

/// Which runs and pairs keep their place, so that most rows do.
pub(super) fn choose(
    findings: &Findings,
    pairing: &Pairing,
    scratch: &Scratch,
) -> io::Result<Chosen> {
    // Runs alone were met in both orders.
    if pairing.pairs.len() == 0 {
        return Ok(Chosen::all());
    }
    let all = Chosen::all();
    let mut course = Course::new(findings, pairing, &all)?;
    let mut stays = Stays::new(scratch);
    while let Some(part) = course.next()? {
        match part {
            Part::Run { run, .. } => stays.push(run.stored, run.len)?,
            Part::Pair { pair, .. } => stays.push(pair.stored.ordinal, 1)?,
            Part::Added(_) => {}
        }
    }
    stays.finish()
}
