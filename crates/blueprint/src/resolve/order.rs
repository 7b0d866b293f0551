//! A stable order of nodes: those that nothing leads to first, each after what leads to it, else by name.

use std::collections::BTreeSet;

/// Positions of `names` in such an order, given arrows between positions. `first` is preferred where there is
/// a choice. On a cycle the smallest name goes first.
pub(super) fn stable(names: &[&str], arrows: &BTreeSet<(usize, usize)>, first: Option<usize>) -> Vec<usize> {
    let mut waiting = vec![0_usize; names.len()];
    for (from, to) in arrows {
        if from != to {
            waiting[*to] += 1;
        }
    }
    let rank = |index: usize| (Some(index) != first, names[index], index);
    let mut ready: BTreeSet<_> = (0..names.len()).filter(|index| waiting[*index] == 0).map(rank).collect();
    let mut blocked: BTreeSet<_> = (0..names.len()).filter(|index| waiting[*index] > 0).map(rank).collect();
    let mut order = Vec::with_capacity(names.len());
    while let Some((_, _, index)) = ready.pop_first().or_else(|| blocked.pop_first()) {
        order.push(index);
        for (_, to) in arrows.range((index, 0)..=(index, usize::MAX)) {
            waiting[*to] = waiting[*to].saturating_sub(1);
            if waiting[*to] == 0 && blocked.remove(&rank(*to)) {
                ready.insert(rank(*to));
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], arrows: &[(usize, usize)], first: Option<usize>, expected: &[usize]) {
        assert_eq!(stable(names, &arrows.iter().copied().collect(), first), expected);
    }

    #[test]
    fn sources_come_first_and_names_decide_the_rest() {
        check(&["c", "b", "a"], &[(0, 1), (1, 2)], None, &[0, 1, 2]);
        check(&["join", "right", "left", "source"], &[(3, 1), (3, 2), (1, 0), (2, 0)], None, &[3, 2, 1, 0]);
        check(&["b", "a"], &[], Some(0), &[0, 1]);
    }

    #[test]
    fn a_cycle_does_not_lose_a_node() {
        check(&["a", "b", "c"], &[(0, 1), (1, 0), (1, 2)], None, &[0, 1, 2]);
        check(&["a"], &[(0, 0)], None, &[0]);
    }
}
