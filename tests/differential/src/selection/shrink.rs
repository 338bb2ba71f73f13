//! Makes a case that disagrees as small as it gets.

use serde_json::Value;

use super::case::{Ask, Case};
use super::compare::Bench;
use crate::desk::Verdict;
use crate::failure::Failure;

/// The most comparisons for one case.
const MOST: usize = 400;

/// The smallest case found that still disagrees, and how.
///
/// Every part of the case's JSON is left out in turn: items of lists, keys of tables, texts that may be
/// empty. What then is no case any more, is refused by the tool, or agrees, is put back.
pub(crate) fn shrink(case: &Case, text: &str, bench: &mut Bench) -> Result<(Case, String), Failure> {
    let (mut best, mut words, mut left) = (case.clone(), text.to_owned(), MOST);
    loop {
        let mut smaller = false;
        let mut number = 0;
        while left > 0 {
            let value = serde_json::to_value(&best).map_err(|error| Failure::Other(error.to_string()))?;
            let mut counter = number;
            let Some(candidate) = without(&value, &mut counter) else { break };
            let parsed: Option<Case> = serde_json::from_value(candidate).ok();
            let valid = |case: &Case| *case != best && is_whole(case);
            if let Some(candidate) = parsed.filter(valid) {
                left -= 1;
                // A part that others refer to may be what is left out: then it is no case any more.
                if let Ok(Verdict::Different(text)) = bench.compare(&candidate)
                    && kind_of(&text) == kind_of(&words)
                {
                    (best, words, smaller) = (candidate, text, true);
                    // The part that now has this number has not been tried.
                    continue;
                }
            }
            number += 1;
        }
        if !smaller || left == 0 {
            return Ok((best, words));
        }
    }
}

/// What kind of disagreement a text is about: a case must not shrink into another one. Names and numbers are
/// left out.
fn kind_of(text: &str) -> String {
    let mut lines = text.lines().filter(|line| line.contains("refuses and"));
    if lines.next().is_none() {
        return "packages".to_owned();
    }
    let reason = text.lines().nth(2).unwrap_or_default();
    let reason = reason.split_once(": ").map_or(reason, |(_, reason)| reason);
    let plain = reason.split('`').step_by(2).collect::<String>();
    text.lines()
        .nth(1)
        .unwrap_or_default()
        .chars()
        .chain(plain.chars())
        .filter(|one| !one.is_numeric())
        .collect()
}

/// Whether a case has everything that it speaks of.
fn is_whole(case: &Case) -> bool {
    let member = |ask: &Ask| match ask.member.as_str() {
        "" => case.members.first(),
        name => case.members.iter().find(|member| member.name == name),
    };
    let known = |ask: &Ask| {
        member(ask).is_some_and(|member| {
            ask.extras.iter().all(|extra| member.extras.contains_key(extra))
                && ask.groups.iter().all(|group| member.groups.contains_key(group))
        })
    };
    !case.members.is_empty()
        && !case.indexes.is_empty()
        && !case.targets.is_empty()
        && !case.asks.is_empty()
        && case.asks.iter().all(known)
}

/// The value without its part number `counter`, counted from the outside in; `None` where there are fewer
/// parts.
pub(crate) fn without(value: &Value, counter: &mut usize) -> Option<Value> {
    match value {
        Value::Array(items) => {
            for place in 0..items.len() {
                if *counter == 0 {
                    let kept = items.iter().enumerate().filter(|(other, _)| *other != place);
                    return Some(Value::Array(kept.map(|(_, item)| item.clone()).collect()));
                }
                *counter -= 1;
            }
            for (place, item) in items.iter().enumerate() {
                if let Some(smaller) = without(item, counter) {
                    let mut items = items.clone();
                    if let Some(item) = items.get_mut(place) {
                        *item = smaller;
                    }
                    return Some(Value::Array(items));
                }
            }
            None
        }
        Value::Object(table) => {
            for key in table.keys() {
                if *counter == 0 {
                    let mut table = table.clone();
                    table.remove(key);
                    return Some(Value::Object(table));
                }
                *counter -= 1;
            }
            for (key, item) in table {
                if let Some(smaller) = without(item, counter) {
                    let mut table = table.clone();
                    table.insert(key.clone(), smaller);
                    return Some(Value::Object(table));
                }
            }
            None
        }
        _ => None,
    }
}
