//! The beginning and the end of something that may be long.

use std::collections::VecDeque;

/// How much of a log is kept at its beginning, and how much at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// Lines.
    pub(super) lines: usize,
    /// Bytes of text.
    pub(super) bytes: usize,
}

/// Takes items one by one and keeps the first and the last ones, as many as there is room for at either end.
#[derive(Debug, Clone)]
pub(super) struct Excerpt<T> {
    room: Room,
    head_bytes: usize,
    head_is_full: bool,
    pub(super) head: Vec<T>,
    tail: VecDeque<(T, usize)>,
    tail_bytes: usize,
}

impl<T> Excerpt<T> {
    pub(super) fn new(room: Room) -> Self {
        Self {
            room,
            head_bytes: 0,
            head_is_full: false,
            head: Vec::new(),
            tail: VecDeque::new(),
            tail_bytes: 0,
        }
    }

    /// Whether nothing was kept yet.
    pub(super) fn is_empty(&self) -> bool {
        self.head.is_empty() && self.tail.is_empty()
    }

    /// Takes the next item, of `size` bytes. Gives back what there is no room for any more, oldest first.
    pub(super) fn push(&mut self, item: T, size: usize) -> Vec<T> {
        let fits = self.head.len() < self.room.lines && self.head_bytes + size <= self.room.bytes;
        // Once one has gone to the end, so do all behind it.
        self.head_is_full |= !fits;
        if !self.head_is_full {
            self.head_bytes += size;
            self.head.push(item);
            return Vec::new();
        }
        self.tail_bytes += size;
        self.tail.push_back((item, size));
        let mut out = Vec::new();
        while self.tail.len() > self.room.lines || self.tail_bytes > self.room.bytes {
            let Some((item, size)) = self.tail.pop_front() else {
                break;
            };
            self.tail_bytes -= size;
            out.push(item);
        }
        out
    }

    /// The items at the beginning, and those at the end.
    pub(super) fn into_parts(self) -> (Vec<T>, Vec<T>) {
        let tail = self.tail.into_iter().map(|(item, _)| item).collect();
        (self.head, tail)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What is kept is the beginning and the end, in order, within its room, and nothing is lost unsaid.
        #[test]
        fn the_beginning_and_the_end_are_kept(
            sizes in proptest::collection::vec(0_usize..20, 0..200),
            lines in 1_usize..30,
            bytes in 20_usize..200,
        ) {
            let mut excerpt = Excerpt::new(Room { lines, bytes });
            let mut out = Vec::new();
            for (at, size) in sizes.iter().enumerate() {
                out.extend(excerpt.push(at, *size));
            }
            let (head, tail) = excerpt.into_parts();
            let all: Vec<usize> = head.iter().chain(&out).chain(&tail).copied().collect();
            prop_assert_eq!(all, (0..sizes.len()).collect::<Vec<_>>());
            for part in [&head, &tail] {
                prop_assert!(part.len() <= lines);
                prop_assert!(part.iter().map(|at| sizes[*at]).sum::<usize>() <= bytes);
            }
            if !out.is_empty() {
                // One more would not have had room.
                let next = sizes[*tail.first().unwrap_or(&sizes.len()) - 1];
                let used: usize = tail.iter().map(|at| sizes[*at]).sum();
                prop_assert!(tail.len() == lines || used + next > bytes);
            }
        }
    }
}
