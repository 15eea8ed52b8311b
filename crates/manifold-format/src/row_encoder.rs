//! Encodes the cells of rows and counts what they are.

use crate::encoding::Encoding;
use crate::evidence::Evidence;
use crate::null_token::CountedTokens;
use crate::number;
use crate::quirk::set_deviation;
use crate::quoting::Quoting;
use crate::record::{Record, Slot};
use crate::syntax::Syntax;
use crate::value::Value;
use std::sync::Arc;

/// Encodes the cells of rows and counts what they are.
pub(crate) struct RowEncoder {
    pub(crate) encodings: Vec<Encoding>,
    pub(crate) evidence: Vec<Evidence>,
    quoting: Vec<Quoting>,
    all_minimal: bool,
    syntax: Syntax,
}

impl RowEncoder {
    /// Counts cells that are one of `null_tokens`, too.
    pub(crate) fn new(
        encodings: Vec<Encoding>,
        quoting: Vec<Quoting>,
        syntax: Syntax,
        null_tokens: &Arc<[String]>,
    ) -> Self {
        let evidence = Evidence {
            counted_tokens: CountedTokens::new(null_tokens),
            ..Evidence::default()
        };
        Self {
            evidence: vec![evidence; encodings.len()],
            encodings,
            all_minimal: quoting.iter().all(|quoting| *quoting == Quoting::Minimal),
            quoting,
            syntax,
        }
    }

    /// Fills the record's slots from its fields; missing fields are NULL.
    #[inline]
    pub(crate) fn encode(&mut self, record: &mut Record) {
        let utf8 = record.fields.ascii || std::str::from_utf8(&record.raw).is_ok();
        let mut slots = std::mem::take(&mut record.slots);
        for (index, evidence) in self.evidence.iter_mut().enumerate() {
            let cell = record.raw_cell(index);
            let slot = if cell.is_empty() {
                let quoted = record
                    .fields
                    .fields
                    .get(index)
                    .is_some_and(|field| field.quoted);
                if quoted && self.quoting[index] != Quoting::Always {
                    evidence.empties += 1;
                    Slot::Text
                } else {
                    evidence.nulls += 1;
                    Slot::Null
                }
            } else {
                let number = number::scan(cell);
                evidence.count(cell, number);
                match self.encodings[index].encode_scanned(cell, number) {
                    Some(Value::Int(value)) => Slot::Int(value),
                    Some(Value::Real(value)) => Slot::Real(value),
                    _ if utf8 || std::str::from_utf8(cell).is_ok() => Slot::Text,
                    _ => {
                        evidence.invalid += 1;
                        Slot::Blob
                    }
                }
            };
            slots.push(slot);
        }
        record.slots = slots;
    }

    /// Fills the record's mask with the columns that are quoted otherwise than the dialect says.
    #[inline]
    pub(crate) fn note_deviations(&self, record: &mut Record) {
        // Without quotes and carriage returns no cell needs quotes, and empty ones are NULL.
        if !record.fields.special && self.all_minimal {
            return;
        }
        let plain = record.fields.plain;
        let mut mask = std::mem::take(&mut record.mask);
        for (index, quoting) in self.quoting.iter().enumerate() {
            if plain && *quoting == Quoting::Minimal && !record.fields.fields[index].quoted {
                continue;
            }
            let null = matches!(record.slots[index], Slot::Null);
            let expected = quoting.quotes(null, record.raw_cell(index), &self.syntax);
            if expected != record.fields.fields[index].quoted {
                set_deviation(&mut mask, index);
            }
        }
        record.mask = mask;
    }
}
