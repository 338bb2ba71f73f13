//! Walks through what a user has written, in a loop: a chain that is as long as the file costs no stack.

use std::collections::BTreeMap;

/// What the walk knows of a name.
#[derive(Clone, Copy)]
enum Seen {
    /// On the way to where the walk is, at this place of the way.
    Open(usize),
    /// With all that it needs.
    Done,
}

/// Visits `roots` and everything that they need, each once. The answer has each name after those that it needs.
///
/// `needs` says what a name needs, each with what it is told with. `circle` is called for each need that leads back to
/// the way itself, with the part of the way from there on.
pub(crate) fn depth_first<'n, T: Copy>(
    roots: &[&'n str],
    needs: impl Fn(&'n str) -> Vec<(&'n str, T)>,
    mut circle: impl FnMut(&[&'n str], (&'n str, T)),
) -> Vec<&'n str> {
    let mut seen: BTreeMap<&str, Seen> = BTreeMap::new();
    let mut order = Vec::new();
    for root in roots.iter().copied() {
        if seen.contains_key(root) {
            continue;
        }
        seen.insert(root, Seen::Open(0));
        let mut way = vec![root];
        let mut open = vec![needs(root).into_iter()];
        while let Some(needed) = open.last_mut() {
            match needed.next() {
                Some((next, told)) => match seen.get(next) {
                    Some(Seen::Done) => {}
                    Some(Seen::Open(at)) => circle(way.get(*at..).unwrap_or_default(), (next, told)),
                    None => {
                        seen.insert(next, Seen::Open(way.len()));
                        way.push(next);
                        open.push(needs(next).into_iter());
                    }
                },
                None => {
                    open.pop();
                    if let Some(done) = way.pop() {
                        seen.insert(done, Seen::Done);
                        order.push(done);
                    }
                }
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_comes_after_what_it_needs_and_circles_are_told() {
        let needs = |name: &'static str| -> Vec<(&'static str, u32)> {
            match name {
                "a" => vec![("b", 1), ("c", 2)],
                "b" => vec![("d", 3)],
                "c" => vec![("d", 4), ("a", 5)],
                "d" => vec![("b", 6)],
                _ => Vec::new(),
            }
        };
        let mut circles = Vec::new();
        let order = depth_first(&["a", "e"], needs, |way, (next, told)| {
            circles.push((way.join(" "), next, told));
        });
        assert_eq!(order, ["d", "b", "c", "a", "e"]);
        assert_eq!(circles, [("b d".to_owned(), "b", 6), ("a c".to_owned(), "a", 5)]);
    }

    #[test]
    fn a_chain_of_any_length_is_walked() {
        let names: Vec<String> = (0..200_000).map(|at| at.to_string()).collect();
        let next = |name: &str| name.parse::<usize>().ok().and_then(|at| names.get(at + 1));
        let order = depth_first(
            &[names[0].as_str()],
            |name| next(name).map(|next| (next.as_str(), ())).into_iter().collect(),
            |_, _| {},
        );
        assert_eq!(order.len(), names.len());
    }
}
