//! Walking through the stored and the incoming rows side by side.

use super::super::cell::Cell;
use super::super::error::ImportError;
use super::super::original::QuirkShare;
use super::super::spool::Scratch;
use super::comparison::{Comparison, Likeness};
use super::findings::{Findings, IncomingOrphan, Run, StoredOrphan, Update};
use super::windows::{Incoming, IncomingSide, Stored, StoredAt, StoredSide, nearest_common};

/// The window that is tried first. It is small because a single moved or inserted row must cost
/// little.
const FIRST_WINDOW: usize = 4;

/// The walk.
pub(super) struct Lockstep<'w, 'i, 'a> {
    stored: StoredSide<'w>,
    incoming: IncomingSide<'i, 'a>,
    comparison: Comparison,
    new_columns: Vec<usize>,
    window: usize,
    findings: Findings,
    run: Option<Run>,
    packed: Vec<u8>,
}

impl<'w, 'i, 'a> Lockstep<'w, 'i, 'a> {
    /// `new_columns` are the columns of the input that no stored row has; `window` is the most
    /// rows to look ahead.
    pub(super) fn new(
        stored: StoredSide<'w>,
        incoming: IncomingSide<'i, 'a>,
        comparison: Comparison,
        new_columns: Vec<usize>,
        window: usize,
        share: QuirkShare,
        scratch: &Scratch,
    ) -> Self {
        Self {
            stored,
            incoming,
            comparison,
            new_columns,
            window: window.max(1),
            findings: Findings::new(share, scratch),
            run: None,
            packed: Vec::new(),
        }
    }

    /// Walks to the end of both sides.
    pub(super) fn walk(mut self) -> Result<Findings, ImportError> {
        while self.step()? {}
        loop {
            while let Some(stored) = self.stored.window.pop_front() {
                self.orphan_stored(stored)?;
            }
            if self.stored.next(|_| ((), true))?.is_none() {
                break;
            }
        }
        loop {
            while let Some(incoming) = self.incoming.window.pop_front() {
                self.orphan_incoming(incoming)?;
            }
            if !self.incoming.read()? {
                break;
            }
        }
        if let Some(run) = self.run {
            self.findings.runs.push(run.pack())?;
        }
        self.findings.rows = self.incoming.rows();
        Ok(self.findings)
    }

    /// Compares the next row of either side; `false` when one side has no more.
    fn step(&mut self) -> Result<bool, ImportError> {
        if self.incoming.window.is_empty() && !self.incoming.read()? {
            return Ok(false);
        }
        let incoming = &self.incoming.window[0].row;
        let (at, likeness) = if let Some(stored) = self.stored.window.front() {
            let likeness = self.comparison.of(incoming, |cell| stored.row.cell(cell));
            if likeness != Likeness::Different
                && let Some(stored) = self.stored.window.pop_front()
            {
                let at = stored.at;
                self.stored.recycle(stored);
                (at, likeness)
            } else {
                return self.resynchronise();
            }
        } else {
            // Most rows take this way: compared where SQLite holds them, never copied.
            let comparison = &self.comparison;
            let looked = self.stored.next(|placed| {
                let likeness = comparison.of(incoming, |cell| placed.cell(cell));
                (likeness, likeness == Likeness::Different)
            })?;
            match looked {
                None => return Ok(false),
                Some((_, Likeness::Different)) => return self.resynchronise(),
                Some(looked) => looked,
            }
        };
        let Some(incoming) = self.incoming.window.pop_front() else {
            return Ok(false);
        };
        self.meet(at, incoming, likeness)?;
        Ok(true)
    }

    /// Records that both sides have the same row here.
    fn meet(
        &mut self,
        at: StoredAt,
        mut incoming: Box<Incoming>,
        likeness: Likeness,
    ) -> Result<(), ImportError> {
        let place = at.position.place;
        match &mut self.run {
            Some(run)
                if run.incoming + run.len == incoming.ordinal
                    && run.stored + run.len == at.ordinal =>
            {
                run.len += 1;
                run.last = place;
            }
            ended => {
                let next = Run {
                    incoming: incoming.ordinal,
                    stored: at.ordinal,
                    len: 1,
                    first: place,
                    last: place,
                };
                if let Some(run) = ended.replace(next) {
                    self.findings.runs.push(run.pack())?;
                }
            }
        }
        self.note(&mut incoming, Some(at.position.rid))?;
        if likeness == Likeness::Changed {
            let content = self.set_aside(&incoming)?;
            let update = Update {
                incoming: incoming.ordinal,
                place,
                rid: at.position.rid,
                content,
            };
            self.findings.updates.push(update.pack())?;
        } else if self
            .new_columns
            .iter()
            .any(|&column| !incoming.row.cell(column).is_null())
        {
            self.packed.clear();
            Cell::Int(at.position.rid).pack(&mut self.packed);
            for &column in &self.new_columns {
                incoming.row.cell(column).pack(&mut self.packed);
            }
            self.findings.fills.push(&self.packed)?;
        }
        self.incoming.recycle(incoming);
        Ok(())
    }

    /// Looks for the place nearest ahead where both sides have the same row, and gives up on the
    /// rows before it; on all of the largest window when there is none.
    fn resynchronise(&mut self) -> Result<bool, ImportError> {
        let mut size = FIRST_WINDOW.min(self.window);
        let (stored, incoming) = loop {
            self.stored.fill(size, &mut self.comparison)?;
            self.incoming.fill(size, &mut self.comparison)?;
            let (stored, incoming) = (&self.stored.window, &self.incoming.window);
            if let Some(found) = nearest_common(stored, incoming, size) {
                break found;
            }
            let all_seen = stored.len() < size && incoming.len() < size;
            if size == self.window || all_seen {
                break (stored.len().min(size), incoming.len().min(size));
            }
            size = (size * 4).min(self.window);
        };
        for _ in 0..stored {
            let Some(stored) = self.stored.window.pop_front() else {
                break;
            };
            self.orphan_stored(stored)?;
        }
        for _ in 0..incoming {
            let Some(incoming) = self.incoming.window.pop_front() else {
                break;
            };
            self.orphan_incoming(incoming)?;
        }
        Ok(true)
    }

    fn orphan_stored(&mut self, stored: Stored) -> Result<(), ImportError> {
        let identity = stored
            .identity
            .unwrap_or_else(|| self.comparison.of_stored(&stored.row));
        let orphan = StoredOrphan {
            identity,
            at: stored.at,
        };
        self.findings.stored.push(orphan.pack())?;
        self.stored.recycle(stored);
        Ok(())
    }

    fn orphan_incoming(&mut self, mut incoming: Box<Incoming>) -> Result<(), ImportError> {
        let identity = incoming
            .identity
            .unwrap_or_else(|| self.comparison.of_incoming(&incoming.row));
        self.note(&mut incoming, None)?;
        let content = self.set_aside(&incoming)?;
        let orphan = IncomingOrphan {
            identity,
            incoming: incoming.ordinal,
            content,
        };
        self.findings.incoming.push(orphan.pack())?;
        self.incoming.recycle(incoming);
        Ok(())
    }

    fn set_aside(&mut self, incoming: &Incoming) -> Result<u64, ImportError> {
        self.packed.clear();
        incoming.row.pack(&mut self.packed);
        Ok(self.findings.contents.push(&self.packed)?)
    }

    /// Remembers the row if its rid will be asked for.
    fn note(&mut self, incoming: &mut Incoming, rid: Option<i64>) -> Result<(), ImportError> {
        let mut quirk = incoming.row.quirk.take();
        if quirk.is_some() {
            self.findings.share.count(incoming.ordinal + 1);
            quirk = quirk.filter(|_| self.findings.share.keeps_quirks());
        }
        if quirk.is_some() || incoming.behind_reject {
            let (ordinal, rid) = (incoming.ordinal, rid.unwrap_or_default());
            let noted = [ordinal, rid].map(i64::cast_unsigned);
            self.findings.noted.push(noted)?;
        }
        if let Some(data) = quirk {
            self.packed.clear();
            Cell::Int(incoming.ordinal).pack(&mut self.packed);
            Cell::Blob(&data).pack(&mut self.packed);
            self.findings.quirks.push(&self.packed)?;
        }
        Ok(())
    }
}
