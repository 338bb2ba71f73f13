//! The requirements of a project, from its lock and from its manifest.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::VersionSpecifiers;
use serde_json::{Map, Value};

use super::super::Reason;
use super::super::markers::{Machines, holds_anywhere};
use super::origin::{Around, Asked, Origin, locked, of_requirement, of_source};
use super::versions;
use crate::pep508::{Active, Comparison, Marker, Name, Operand, Operator, Requirement, Variable};

/// A requirement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: Name,
    extras: BTreeSet<Name>,
    origin: Origin,
    /// The marker, which includes the extra that requires the package.
    marker: Option<Marker>,
}

impl Entry {
    /// Whether only an extra requires the package.
    pub(super) fn is_of_extra(&self) -> bool {
        self.marker.as_ref().is_some_and(|marker| !marker.alternatives().contains(&None))
    }
}

/// The part of a project that has the requirement.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asker<'a> {
    /// The extra. A source of `[tool.uv.sources]` can apply to one extra only.
    pub(super) extra: Option<&'a Name>,
    /// The group. A source of `[tool.uv.sources]` can apply to one group only.
    pub(super) group: Option<&'a Name>,
    /// The Python bounds of the group and of the groups that include it.
    pub(super) pythons: &'a [Marker],
}

/// The entries of a list in a lock; `None` if one of them cannot be read.
pub(super) fn locked_entries(list: Option<&Value>) -> Option<Vec<Entry>> {
    let entries = list.and_then(Value::as_array).into_iter().flatten();
    entries.map(locked_entry).collect()
}

fn locked_entry(entry: &Value) -> Option<Entry> {
    let extras = entry.get("extras").or_else(|| entry.get("extra"));
    let extras = extras.and_then(Value::as_array).into_iter().flatten();
    let marker = match entry.get("marker").and_then(Value::as_str) {
        Some(text) => Some(Marker::parse(text).ok()?),
        None => None,
    };
    Some(Entry {
        name: Name::new(entry.get("name")?.as_str()?).ok()?,
        extras: extras.map(|extra| Name::new(extra.as_str()?).ok()).collect::<Option<_>>()?,
        origin: locked(entry)?,
        marker,
    })
}

/// The tables of sources that apply to a project: first its own, then that of the workspace's root.
pub(super) struct Sources<'m> {
    pub(super) tables: Vec<(&'m Map<String, Value>, Around<'m>)>,
}

impl<'m> Sources<'m> {
    fn of(&self, name: &Name) -> Option<(&'m Value, &Around<'m>)> {
        self.tables.iter().find_map(|(table, around)| {
            let found = table.iter().find(|(key, _)| Name::new(key).is_ok_and(|key| key == *name));
            found.map(|(_, sources)| (sources, around))
        })
    }

    /// The entries of a requirement; `None` if the text is not a valid requirement.
    pub(super) fn entries(&self, text: &str, asker: Asker<'_>) -> Option<Vec<Entry>> {
        let requirement = Requirement::parse(text).ok()?;
        let Requirement { name, extras, wanted, marker, .. } = requirement;
        let for_extra = asker.extra.map(|extra| {
            Marker::Compare(Comparison {
                left: Operand::Variable(Variable::Extra),
                operator: Operator::Equal,
                right: Operand::Literal(extra.as_str().to_owned()),
            })
        });
        let all_of = |parts: Vec<Marker>| match parts.len() {
            0 => None,
            1 => parts.into_iter().next(),
            _ => Some(Marker::And(parts)),
        };
        let entry = |origin: Origin, more: Vec<Marker>| {
            let pythons = asker.pythons.iter().cloned();
            let parts = marker.iter().cloned().chain(more).chain(pythons).chain(for_extra.clone()).collect();
            Entry { name: name.clone(), extras: extras.clone(), origin, marker: all_of(parts) }
        };
        let Some((sources, around)) = self.of(&name) else {
            return Some(vec![entry(of_requirement(&wanted), Vec::new())]);
        };
        let sources = match sources {
            Value::Array(list) => list.iter().collect(),
            one => vec![one],
        };
        let is_for = |source: &&Value, key: &str, asker: Option<&Name>| {
            let only = source.get(key).and_then(Value::as_str);
            only.is_none_or(|only| Name::new(only).is_ok_and(|only| asker == Some(&only)))
        };
        let (mut entries, mut elsewhere, mut is_everywhere) = (Vec::new(), Vec::new(), false);
        for source in sources {
            if !is_for(&source, "extra", asker.extra) || !is_for(&source, "group", asker.group) {
                continue;
            }
            let (origin, condition) = of_source(&name, &wanted, source, around)?;
            match &condition {
                Some(condition) => elsewhere.push(negated(condition)),
                None => is_everywhere = true,
            }
            entries.push(entry(origin, condition.into_iter().collect()));
        }
        // If no source applies, the package comes from an index.
        if !is_everywhere {
            entries.push(entry(of_requirement(&wanted), elsewhere));
        }
        Some(entries)
    }

    /// The entries of a list of requirements.
    pub(super) fn all<'t>(
        &self,
        texts: impl IntoIterator<Item = &'t str>,
        asker: Asker<'_>,
    ) -> Option<Vec<Entry>> {
        let lists = texts.into_iter().map(|text| self.entries(text, asker));
        lists.collect::<Option<Vec<_>>>().map(|lists| lists.into_iter().flatten().collect())
    }
}

/// The opposite of a marker.
fn negated(marker: &Marker) -> Marker {
    // The recursion is bounded, because the parser limits the depth of a marker.
    match marker {
        Marker::And(parts) => Marker::Or(parts.iter().map(negated).collect()),
        Marker::Or(parts) => Marker::And(parts.iter().map(negated).collect()),
        Marker::Compare(Comparison { left, operator, right }) => {
            let operator = match operator {
                Operator::Equal | Operator::Exact => Operator::NotEqual,
                Operator::NotEqual => Operator::Equal,
                Operator::Less => Operator::GreaterEqual,
                Operator::LessEqual => Operator::Greater,
                Operator::Greater => Operator::LessEqual,
                Operator::GreaterEqual => Operator::Less,
                Operator::In => Operator::NotIn,
                Operator::NotIn => Operator::In,
                Operator::Compatible => return not_compatible(left, right),
            };
            Marker::Compare(Comparison { left: left.clone(), operator, right: right.clone() })
        }
    }
}

/// The opposite of `~= 'X.Y'`, which means `>= 'X.Y'` and `== 'X.*'`.
fn not_compatible(left: &Operand, right: &Operand) -> Marker {
    let compare = |operator: Operator, right: Operand| {
        Marker::Compare(Comparison { left: left.clone(), operator, right })
    };
    let below = compare(Operator::Less, right.clone());
    let Operand::Literal(text) = right else { return below };
    let series = text.rsplit_once('.').map_or(text.as_str(), |(series, _)| series);
    Marker::Or(vec![below, compare(Operator::NotEqual, Operand::Literal(format!("{series}.*")))])
}

/// The difference between two lists of requirements.
///
/// As in uv, lists are compared by meaning. On each machine, and for each extra, the requirements of one
/// package must together allow the same versions of the same source with the same extras. Requirements that
/// another one implies, or whose marker never holds, do not count.
pub(super) fn differ(
    locked: &[Entry],
    wanted: &[Entry],
    pythons: Option<&VersionSpecifiers>,
) -> Option<Reason> {
    let mut by_name: BTreeMap<&Name, (Vec<&Entry>, Vec<&Entry>)> = BTreeMap::new();
    for entry in locked {
        by_name.entry(&entry.name).or_default().0.push(entry);
    }
    for entry in wanted {
        by_name.entry(&entry.name).or_default().1.push(entry);
    }
    let is_somewhere =
        |entry: &&Entry| entry.marker.as_ref().is_none_or(|marker| holds_anywhere(marker, pythons));
    let (mut added, mut removed, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    for (name, (locked, wanted)) in by_name {
        if mean_the_same(&locked, &wanted, pythons) {
            continue;
        }
        match (locked.iter().any(is_somewhere), wanted.iter().any(is_somewhere)) {
            (false, true) => added.push(name.to_string()),
            (true, false) => removed.push(name.to_string()),
            _ => changed.push(name.to_string()),
        }
    }
    if !added.is_empty() {
        return Some(Reason::Added(added));
    }
    if !removed.is_empty() {
        return Some(Reason::Removed(removed));
    }
    (!changed.is_empty()).then_some(Reason::Changed(changed))
}

/// Whether the requirements of one package have the same meaning.
fn mean_the_same(locked: &[&Entry], wanted: &[&Entry], pythons: Option<&VersionSpecifiers>) -> bool {
    // The usual case: one requirement on each side, with the same text.
    if let ([locked], [wanted]) = (locked, wanted)
        && locked.extras == wanted.extras
        && locked.origin.is(&wanted.origin)
        && locked.marker == wanted.marker
    {
        return true;
    }
    let markers: Vec<&Marker> =
        locked.iter().chain(wanted).filter_map(|entry| entry.marker.as_ref()).collect();
    let none = Active::default();
    let mut same = true;
    Machines::of(&markers, pythons).each(|environment, active| {
        let holding = |entries: &[&Entry]| -> Vec<usize> {
            let holds = |entry: &Entry, active: &Active| {
                entry.marker.as_ref().is_none_or(|marker| marker.holds(environment, active))
            };
            // The requirements of an extra are compared without those that always apply.
            let is_in =
                |entry: &Entry| holds(entry, active) && (active.extras.is_empty() || !holds(entry, &none));
            (0..).zip(entries).filter(|(_, entry)| is_in(entry)).map(|(place, _)| place).collect()
        };
        let pick = |entries: &'_ [&'_ Entry], places: &[usize]| -> Vec<Entry> {
            places.iter().filter_map(|place| entries.get(*place).map(|entry| (*entry).clone())).collect()
        };
        let (mine, yours) = (holding(locked), holding(wanted));
        same = agree(&pick(locked, &mine), &pick(wanted, &yours));
        same
    });
    same
}

/// Whether requirements that all apply ask for the same.
fn agree(locked: &[Entry], wanted: &[Entry]) -> bool {
    if locked.is_empty() || wanted.is_empty() {
        return locked.is_empty() && wanted.is_empty();
    }
    let extras = |entries: &[Entry]| -> BTreeSet<Name> {
        entries.iter().flat_map(|entry| entry.extras.iter().cloned()).collect()
    };
    if extras(locked) != extras(wanted) {
        return false;
    }
    let split = |entries: &[Entry]| {
        let (mut bounds, mut indexes, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for entry in entries {
            match &entry.origin {
                Origin::Index { specifiers, index } => {
                    bounds.extend(specifiers.iter().cloned());
                    indexes.push(index.clone());
                }
                other => others.push(other.clone()),
            }
        }
        (bounds, indexes, others)
    };
    let ((bounds, indexes, others), (wanted_bounds, wanted_indexes, wanted_others)) =
        (split(locked), split(wanted));
    if wanted_others.contains(&Origin::Unknown) {
        return true;
    }
    let is_known = |index: &Asked| wanted_indexes.iter().any(|wanted| index.is(wanted));
    let is_asked = |wanted: &Asked| indexes.iter().any(|index| index.is(wanted));
    let is_there = |other: &Origin| wanted_others.iter().any(|wanted| other.is(wanted));
    let is_locked = |wanted: &Origin| others.iter().any(|other| other.is(wanted));
    indexes.iter().all(is_known)
        && wanted_indexes.iter().all(is_asked)
        && others.iter().all(is_there)
        && wanted_others.iter().all(is_locked)
        && versions::same(&bounds.iter().collect::<Vec<_>>(), &wanted_bounds.iter().collect::<Vec<_>>())
}

impl Entry {
    /// Whether a constraint has no effect. For uv, an index alone has no effect.
    pub(super) fn is_empty(&self) -> bool {
        matches!(&self.origin, Origin::Index { specifiers, .. } if specifiers.is_empty())
    }
}
