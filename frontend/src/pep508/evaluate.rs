//! Evaluates a single comparison of a marker for a target.
//!
//! The rules are in the dependency specifiers specification. If the variable holds a version and the other
//! side is a version, versions are compared. Otherwise texts are compared, and an ordering of texts holds
//! only if the texts are equal. `extra` and the two set variables are looked up in [`Active`], also for
//! negated comparisons.

use std::collections::BTreeSet;
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifier};

use super::marker::{Comparison, Operand, Operator};
use super::{Active, Environment, Name, Variable};

impl Comparison {
    /// Whether the comparison holds.
    pub fn holds(&self, environment: &Environment, active: &Active) -> bool {
        match (&self.left, &self.right) {
            (Operand::Variable(variable), Operand::Literal(text)) => {
                holds_for(*variable, Side::Left, self.operator, text, environment, active)
            }
            (Operand::Literal(text), Operand::Variable(variable)) => {
                holds_for(*variable, Side::Right, self.operator, text, environment, active)
            }
            (Operand::Variable(left), Operand::Variable(right)) => {
                let (left, right) = (environment.value(*left), environment.value(*right));
                left.zip(right).is_some_and(|(left, right)| compare(left, self.operator, right, false))
            }
            (Operand::Literal(left), Operand::Literal(right)) => compare(left, self.operator, right, false),
        }
    }

    /// The extra that this comparison requires.
    pub(super) fn extra(&self) -> Option<Name> {
        match (&self.left, self.operator, &self.right) {
            (Operand::Variable(Variable::Extra), Operator::Equal, Operand::Literal(text))
            | (Operand::Literal(text), Operator::Equal, Operand::Variable(Variable::Extra))
            | (Operand::Literal(text), Operator::In, Operand::Variable(Variable::Extras)) => {
                Name::new(text).ok()
            }
            _ => None,
        }
    }

    /// If the comparison depends only on an extra: the extra, and whether the extra has to be active.
    pub fn asks_extra(&self) -> Option<(Name, bool)> {
        let ((Operand::Variable(Variable::Extra | Variable::Extras), Operand::Literal(text))
        | (Operand::Literal(text), Operand::Variable(Variable::Extra | Variable::Extras))) =
            (&self.left, &self.right)
        else {
            return None;
        };
        let wanted = !matches!(self.operator, Operator::NotEqual | Operator::NotIn);
        Name::new(text).ok().map(|name| (name, wanted))
    }

    /// The comparison as text, with the value of the target.
    pub(super) fn fact(&self, environment: &Environment, active: &Active) -> String {
        let ((Operand::Variable(variable), _) | (_, Operand::Variable(variable))) = (&self.left, &self.right)
        else {
            return self.to_string();
        };
        let listed = |names: &BTreeSet<Name>| {
            let names: Vec<_> = names.iter().map(Name::as_str).collect();
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        };
        match variable {
            Variable::Extra | Variable::Extras => format!("{self} (extras: {})", listed(&active.extras)),
            Variable::DependencyGroups => format!("{self} (groups: {})", listed(&active.groups)),
            other => {
                let value = environment.value(*other).unwrap_or_default();
                format!("{self} ({} is '{value}')", other.name())
            }
        }
    }
}

/// The side of the variable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

fn holds_for(
    variable: Variable,
    side: Side,
    operator: Operator,
    text: &str,
    environment: &Environment,
    active: &Active,
) -> bool {
    let among = |names: &BTreeSet<Name>| {
        let there = Name::new(text).is_ok_and(|name| names.contains(&name));
        match operator {
            Operator::NotEqual | Operator::NotIn => !there,
            _ => there,
        }
    };
    match variable {
        Variable::Extra | Variable::Extras => among(&active.extras),
        Variable::DependencyGroups => among(&active.groups),
        other => {
            let value = environment.value(other).unwrap_or_default();
            match (side, operator) {
                (Side::Left, _) => compare(value, operator, text, other.is_version()),
                // These operators have no mirrored form.
                (Side::Right, Operator::In | Operator::NotIn | Operator::Compatible) => {
                    compare(text, operator, value, other.is_version())
                }
                // `'3.9' <= python_version` is evaluated as `python_version >= '3.9'`, because a specifier
                // has the version on its right side.
                (Side::Right, _) => compare(value, operator.mirrored(), text, other.is_version()),
            }
        }
    }
}

fn compare(left: &str, operator: Operator, right: &str, as_versions: bool) -> bool {
    if as_versions && !matches!(operator, Operator::In | Operator::NotIn) {
        let specifier = VersionSpecifier::from_str(&format!("{}{right}", operator.symbol()));
        if let (Ok(specifier), Ok(version)) = (specifier, Version::from_str(left)) {
            return specifier.contains(&version);
        }
    }
    match operator {
        Operator::Equal | Operator::Exact | Operator::LessEqual | Operator::GreaterEqual => left == right,
        Operator::NotEqual => left != right,
        Operator::Less | Operator::Greater | Operator::Compatible => false,
        Operator::In => right.contains(left),
        Operator::NotIn => !right.contains(left),
    }
}
