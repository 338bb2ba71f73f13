//! Walks dependencies that a user has written. A loop replaces recursion, because a chain may be as long as
//! the file.

use std::collections::BTreeMap;

/// The state of a name during the walk.
#[derive(Clone, Copy)]
enum Seen {
    /// The name is on the current path, at this position.
    Open(usize),
    /// The name and everything that it needs have been visited.
    Done,
}

/// Visits `roots` and everything that they need, each name once. The answer lists each name after the names
/// that it needs.
///
/// `needs` gives the needs of a name, each with a value for the report. `circle` is called for each need that
/// leads back to the current path, with the part of the path that forms the circle.
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
