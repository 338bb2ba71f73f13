//! Conditions on conflicting extras, as functions of the active extras.
//!
//! The target determines everything else that a marker asks for. So the rest of a marker is a small function.
//! Functions are stored as reduced ordered decision diagrams: two functions are equal if and only if their
//! numbers are equal.

use std::collections::BTreeMap;

use crate::pep508::{Active, Environment, Marker, Name};

/// A function, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Condition(usize);

/// The operation that joins two functions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Join {
    And,
    Or,
}

/// A decision: the function that remains if an extra is active, and the one if it is not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Node {
    variable: usize,
    on: Condition,
    off: Condition,
}

/// The maximum number of extras, more than any real lock declares. It also limits the depth of a function.
const MOST_VARIABLES: usize = 512;

/// The maximum number of decisions, more than the functions of any real lock have.
const MOST_NODES: usize = 1 << 18;

/// All functions of some extras.
pub(super) struct Conditions {
    variables: BTreeMap<Name, usize>,
    nodes: Vec<Node>,
    unique: BTreeMap<Node, Condition>,
    joined: BTreeMap<(Join, Condition, Condition), Condition>,
}

/// The error for functions that are too large to compute.
#[derive(Debug)]
pub(super) struct TooLarge;

impl Condition {
    const NEVER: Self = Self(0);
    /// The function that is always true.
    pub(super) const ALWAYS: Self = Self(1);
}

impl Conditions {
    /// Functions of `variables`, the names by which markers ask for the extras.
    pub(super) fn over(variables: impl Iterator<Item = Name>) -> Result<Self, TooLarge> {
        let variables: BTreeMap<Name, usize> = variables.enumerate().map(|(at, name)| (name, at)).collect();
        if variables.len() > MOST_VARIABLES {
            return Err(TooLarge);
        }
        // The two constants have the first two positions, so the number of a function is its position.
        let constant = |at| Node { variable: usize::MAX, on: Condition(at), off: Condition(at) };
        let nodes = vec![constant(0), constant(1)];
        Ok(Self { variables, nodes, unique: BTreeMap::new(), joined: BTreeMap::new() })
    }

    /// The rest of `marker` in `environment`. Extras that are not variables are active if they are in
    /// `settled`.
    pub(super) fn of(
        &mut self,
        marker: Option<&Marker>,
        environment: &Environment,
        settled: &Active,
    ) -> Result<Condition, TooLarge> {
        let (join, parts) = match marker {
            None => return Ok(Condition::ALWAYS),
            Some(Marker::Compare(comparison)) => {
                let asked = comparison.asks_extra();
                let variable = asked.and_then(|(name, wanted)| Some((*self.variables.get(&name)?, wanted)));
                return match variable {
                    Some((variable, wanted)) => self.decide(variable, wanted),
                    None if comparison.holds(environment, settled) => Ok(Condition::ALWAYS),
                    None => Ok(Condition::NEVER),
                };
            }
            Some(Marker::And(parts)) => (Join::And, parts),
            Some(Marker::Or(parts)) => (Join::Or, parts),
        };
        let mut whole = if join == Join::And { Condition::ALWAYS } else { Condition::NEVER };
        for part in parts {
            let part = self.of(Some(part), environment, settled)?;
            whole = self.join(join, whole, part)?;
        }
        Ok(whole)
    }

    /// True if both functions are true.
    pub(super) fn and(&mut self, left: Condition, right: Condition) -> Result<Condition, TooLarge> {
        self.join(Join::And, left, right)
    }

    /// True if one of the functions is true.
    pub(super) fn or(&mut self, left: Condition, right: Condition) -> Result<Condition, TooLarge> {
        self.join(Join::Or, left, right)
    }

    /// Whether a function is true if the variables in `on` are active.
    pub(super) fn holds(&self, condition: Condition, on: impl Fn(usize) -> bool) -> bool {
        let mut at = condition;
        while at > Condition::ALWAYS {
            let Some(node) = self.nodes.get(at.0) else { return false };
            at = if on(node.variable) { node.on } else { node.off };
        }
        at == Condition::ALWAYS
    }

    /// The number of the variable for `name`.
    pub(super) fn variable(&self, name: &Name) -> Option<usize> {
        self.variables.get(name).copied()
    }

    fn decide(&mut self, variable: usize, wanted: bool) -> Result<Condition, TooLarge> {
        let (on, off) = (Condition(usize::from(wanted)), Condition(usize::from(!wanted)));
        self.node(Node { variable, on, off })
    }

    fn node(&mut self, node: Node) -> Result<Condition, TooLarge> {
        if node.on == node.off {
            return Ok(node.on);
        }
        if let Some(known) = self.unique.get(&node) {
            return Ok(*known);
        }
        if self.nodes.len() >= MOST_NODES {
            return Err(TooLarge);
        }
        let number = Condition(self.nodes.len());
        self.nodes.push(node);
        self.unique.insert(node, number);
        Ok(number)
    }

    fn join(&mut self, join: Join, left: Condition, right: Condition) -> Result<Condition, TooLarge> {
        let (neutral, final_one) = match join {
            Join::And => (Condition::ALWAYS, Condition::NEVER),
            Join::Or => (Condition::NEVER, Condition::ALWAYS),
        };
        if left == final_one || right == final_one {
            return Ok(final_one);
        }
        if left == neutral || left == right {
            return Ok(right);
        }
        if right == neutral {
            return Ok(left);
        }
        let key = (join, left.min(right), left.max(right));
        if let Some(known) = self.joined.get(&key) {
            return Ok(*known);
        }
        let (Some(first), Some(second)) = (self.nodes.get(left.0).copied(), self.nodes.get(right.0).copied())
        else {
            return Err(TooLarge);
        };
        let variable = first.variable.min(second.variable);
        let parts = |node: Node, whole: Condition| {
            if node.variable == variable { (node.on, node.off) } else { (whole, whole) }
        };
        let ((left_on, left_off), (right_on, right_off)) = (parts(first, left), parts(second, right));
        let on = self.join(join, left_on, right_on)?;
        let off = self.join(join, left_off, right_off)?;
        let whole = self.node(Node { variable, on, off })?;
        self.joined.insert(key, whole);
        Ok(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tags::{Architecture, Libc, Python, Target};

    fn environment() -> Environment {
        let python = Python { major: 3, minor: 12, patch: None, free_threaded: false };
        let libc = Libc::Glibc { major: 2, minor: 36 };
        Target { python, architecture: Architecture::X86_64, libc }.environment()
    }

    fn names(names: &[&str]) -> Vec<Name> {
        names.iter().map(|name| Name::new(name).unwrap()).collect()
    }

    /// For every choice of three extras, the condition of a marker has the same result as the marker itself.
    #[test]
    fn a_condition_is_what_is_left_of_a_marker() {
        let markers = [
            "extra == 'a'",
            "extra != 'a'",
            "'b' not in extras",
            "sys_platform == 'win32' and extra == 'a'",
            "sys_platform == 'linux' and extra == 'a'",
            "extra == 'a' or extra != 'b' and extra == 'c'",
            "(extra == 'a' or extra == 'b') and (extra != 'a' or extra == 'c')",
            "extra == 'settled' and extra != 'b'",
            "extra == 'unknown' or extra == 'c'",
        ];
        let variables = names(&["a", "b", "c"]);
        let mut conditions = Conditions::over(variables.iter().cloned()).unwrap();
        let settled = Active { extras: names(&["settled"]).into_iter().collect(), ..Active::default() };
        for text in markers {
            let marker = Marker::parse(text).unwrap();
            let condition = conditions.of(Some(&marker), &environment(), &settled).unwrap();
            for choice in 0..8_u32 {
                let on = |at: usize| choice >> at & 1 == 1;
                let mut active = settled.clone();
                let chosen = variables.iter().enumerate().filter(|(at, _)| on(*at));
                active.extras.extend(chosen.map(|(_, name)| name.clone()));
                let expected = marker.holds(&environment(), &active);
                assert_eq!(conditions.holds(condition, on), expected, "{text} with {active:?}");
            }
        }
    }

    #[test]
    fn equal_functions_have_equal_numbers() {
        let mut conditions = Conditions::over(names(&["a", "b"]).into_iter()).unwrap();
        let mut of = |text: &str| {
            let marker = Marker::parse(text).unwrap();
            conditions.of(Some(&marker), &environment(), &Active::default()).unwrap()
        };
        assert_eq!(of("extra == 'a' and extra == 'b'"), of("extra == 'b' and extra == 'a'"));
        assert_eq!(of("extra == 'a' or extra != 'a'"), Condition::ALWAYS);
        assert_eq!(of("extra == 'a' or (extra == 'a' and extra == 'b')"), of("extra == 'a'"));
        let none: Vec<Name> = Vec::new();
        assert!(Conditions::over(none.into_iter()).is_ok());
        let many = (0..=MOST_VARIABLES).map(|number| Name::new(&format!("n{number}")).unwrap());
        assert!(Conditions::over(many).is_err());
    }
}
