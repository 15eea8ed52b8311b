//! Which rows stay where they are when others move.

/// Chooses, of stretches of rows in their new order, those that keep their old order too and
/// together weigh most. `stretches` gives the old order and the weight of each; no two may have
/// the same old order. Answers for each whether it stays.
///
/// Takes O(n log n) time and about 36 bytes a stretch.
pub(super) fn heaviest_increasing(stretches: &[(i64, i64)]) -> Vec<bool> {
    let mut by_order: Vec<usize> = (0..stretches.len()).collect();
    by_order.sort_unstable_by_key(|&at| stretches[at].0);
    let mut rank = vec![0; stretches.len()];
    for (order, &at) in by_order.iter().enumerate() {
        rank[at] = order + 1;
    }
    drop(by_order);
    // A Fenwick tree over the ranks: the heaviest chain that ends at or below a rank, as its
    // weight and its last stretch.
    let mut heaviest: Vec<(i64, Option<usize>)> = vec![(0, None); stretches.len() + 1];
    let mut before: Vec<Option<usize>> = vec![None; stretches.len()];
    let mut best: (i64, Option<usize>) = (0, None);
    for at in 0..stretches.len() {
        let mut below = (0, None);
        let mut node = rank[at] - 1;
        while node > 0 {
            if heaviest[node].0 > below.0 {
                below = heaviest[node];
            }
            node &= node - 1;
        }
        before[at] = below.1;
        let chain = (below.0 + stretches[at].1, Some(at));
        if chain.0 > best.0 {
            best = chain;
        }
        let mut node = rank[at];
        while node < heaviest.len() {
            if chain.0 > heaviest[node].0 {
                heaviest[node] = chain;
            }
            node += node & node.wrapping_neg();
        }
    }
    let mut stays = vec![false; stretches.len()];
    let mut next = best.1;
    while let Some(at) = next {
        stays[at] = true;
        next = before[at];
    }
    stays
}

#[cfg(test)]
mod tests {
    use super::heaviest_increasing;
    use proptest::prelude::*;

    /// The weight of the heaviest increasing choice, by trying all.
    fn heaviest(stretches: &[(i64, i64)]) -> i64 {
        let choices = 0_u32..1 << stretches.len();
        let weight = |choice: u32| {
            let mut last = i64::MIN;
            let mut weight = 0;
            for (at, (order, heavy)) in stretches.iter().enumerate() {
                if choice >> at & 1 == 1 {
                    if *order < last {
                        return 0;
                    }
                    (last, weight) = (*order, weight + heavy);
                }
            }
            weight
        };
        choices.map(weight).max().unwrap_or(0)
    }

    proptest! {
        #[test]
        fn what_stays_keeps_its_order_and_weighs_most(
            order in Just((0..9_i64).collect::<Vec<_>>()).prop_shuffle(),
            weights in prop::collection::vec(1..5_i64, 0..9),
        ) {
            let stretches: Vec<(i64, i64)> = order.into_iter().zip(weights).collect();
            let stays = heaviest_increasing(&stretches);
            let kept: Vec<_> =
                stretches.iter().zip(&stays).filter(|(_, stays)| **stays).map(|(s, _)| *s).collect();
            prop_assert!(kept.windows(2).all(|pair| pair[0].0 < pair[1].0));
            prop_assert_eq!(kept.iter().map(|(_, weight)| weight).sum::<i64>(), heaviest(&stretches));
        }
    }
}
