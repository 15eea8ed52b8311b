//! About how many different hashes there were.

/// HyperLogLog over 64-bit hashes (Flajolet et al. 2007), read with the estimator of Ertl, "New cardinality
/// estimation algorithms for HyperLogLog sketches" (2017, algorithm 6), which needs no correction tables. The
/// standard error is 1.04 / sqrt(registers): 1.6 % with 4,096.
///
/// A register changes about `registers * ln(hashes / registers)` times in all, so nearly every hash ends at one
/// comparison with the lowest register.
#[derive(Clone, Debug)]
pub(super) struct Cardinality {
    registers: Vec<u8>,
    /// What every register has at least.
    floor: u8,
    at_floor: usize,
    /// Hashes above it have no higher rank than the floor.
    most: u64,
}

impl Cardinality {
    /// With 2 to the power of `bits` registers of a byte each.
    pub(super) fn new(bits: u32) -> Self {
        let registers = 1 << bits;
        Self {
            registers: vec![0; registers],
            floor: 0,
            at_floor: registers,
            most: u64::MAX,
        }
    }

    #[inline]
    pub(super) fn add(&mut self, hash: u64) {
        if hash <= self.most {
            self.raise(hash);
        }
    }

    /// The low bits of a hash choose its register; its rank is one more than the number of zeros before the others.
    #[cold]
    fn raise(&mut self, hash: u64) {
        let low = self.registers.len() as u64 - 1;
        let rank = (hash | low).leading_zeros() as u8 + 1; // at most 64
        let register = &mut self.registers[(hash & low) as usize];
        if rank <= *register {
            return;
        }
        let before = std::mem::replace(register, rank);
        if before == self.floor {
            self.at_floor -= 1;
            while self.at_floor == 0 {
                self.floor += 1;
                self.most = u64::MAX >> self.floor;
                let floor = self.floor;
                self.at_floor = self.registers.iter().filter(|r| **r == floor).count();
            }
        }
    }

    /// About how many different hashes were added.
    pub(super) fn estimate(&self) -> u64 {
        // The rank is one more when there are only zeros.
        let most = 64 - self.registers.len().ilog2() as usize;
        let mut counts = vec![0u32; most + 2];
        for rank in &self.registers {
            counts[usize::from(*rank)] += 1;
        }
        let m = self.registers.len() as f64;
        let mut z = m * tau(1.0 - f64::from(counts[most + 1]) / m);
        for count in counts[1..=most].iter().rev() {
            z = 0.5 * (z + f64::from(*count));
        }
        z += m * sigma(f64::from(counts[0]) / m);
        let alpha = 0.5 / std::f64::consts::LN_2;
        (alpha * m * m / z).round() as u64
    }
}

fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column_profile::fingerprint::of_blob;
    use proptest::prelude::*;

    fn of(numbers: impl Iterator<Item = u64>, bits: u32) -> Cardinality {
        let mut cardinality = Cardinality::new(bits);
        numbers.for_each(|n| cardinality.add(of_blob(&n.to_le_bytes())));
        cardinality
    }

    #[test]
    fn estimates_are_within_four_standard_errors() {
        for bits in [10, 12] {
            let error = 4.0 * 1.04 / f64::from(1 << bits).sqrt();
            for n in [0u64, 1, 100, 512, 5_000, 12_000, 100_000] {
                let found = of(0..n, bits).estimate();
                let off = found.abs_diff(n) as f64;
                assert!(off <= n as f64 * error, "{found} for {n} with {bits} bits");
            }
        }
    }

    #[test]
    fn the_last_rank_has_a_register_value() {
        let mut cardinality = Cardinality::new(12);
        cardinality.add(0);
        assert_eq!(cardinality.registers[0], 53);
        assert_eq!(cardinality.estimate(), 1);
    }

    proptest! {
        #[test]
        fn order_and_repetition_change_nothing(mut numbers in prop::collection::vec(0u64..50_000, 0..3_000)) {
            let once = of(numbers.iter().copied(), 10);
            numbers.extend(numbers.clone());
            numbers.reverse();
            let again = of(numbers.iter().copied(), 10);
            prop_assert_eq!(once.registers, again.registers);
            prop_assert_eq!(once.floor, again.floor);
        }
    }
}
