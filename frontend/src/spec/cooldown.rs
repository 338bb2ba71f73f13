//! `[dependencies] cooldown`: the time that a file must have been on its index before a build installs it.
//!
//! Most malicious releases are found and removed within days. A build that waits never installs them.

use std::collections::BTreeSet;

use super::reader::{Context, Located, Node, Read};
use crate::diagnostics::{Problem, Span};
use crate::pep508::Name;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The longest waiting time, in days: about ten years.
const LONGEST: u64 = 3660;

/// The waiting time of files, and the packages that are exempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cooldown {
    /// The minimum time since the upload of a file, in seconds.
    pub seconds: u64,
    /// The packages whose files are installed without waiting.
    pub except: BTreeSet<Name>,
    /// The place in the file.
    pub span: Span,
}

/// A time in weeks, days, hours or minutes, stored in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Age(u64);

impl Age {
    /// Reads `7d`, `36h`, `2w`, and the long forms that uv accepts, such as `7 days`.
    fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at(digits);
        let scale = match unit.trim() {
            "w" | "week" | "weeks" => 7 * DAY,
            "d" | "day" | "days" => DAY,
            "h" | "hour" | "hours" => HOUR,
            "m" | "minute" | "minutes" => MINUTE,
            _ => return None,
        };
        let seconds = number.parse::<u64>().ok()?.checked_mul(scale)?;
        (seconds <= LONGEST * DAY).then_some(Self(seconds))
    }
}

impl Read for Age {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let value = String::read(node, cx)?;
        let parsed = Self::parse(&value);
        if parsed.is_none() {
            cx.report(node.span, Problem::BadAge { value });
        }
        parsed
    }
}

/// The name of a package.
struct Package(Name);

impl Read for Package {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let value = String::read(node, cx)?;
        if let Ok(name) = Name::new(&value) {
            return Some(Self(name));
        }
        let reason = "a name has letters, digits and `._-`, and begins and ends with a letter or digit";
        cx.report(node.span, Problem::BadName { what: "package name", value, reason });
        None
    }
}

impl Read for Cooldown {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        if let Some(mut table) = node.table("`cooldown`") {
            let age: Option<Located<Age>> = table.require(cx, "age");
            let except: Vec<Package> = table.get_or_default(cx, "except");
            table.finish(cx);
            let age = age?;
            let except = except.into_iter().map(|package| package.0).collect();
            return Some(Self { seconds: age.value.0, except, span: age.span });
        }
        if node.value.as_str().is_none() {
            return node.wrong_type(cx, "a string or a table");
        }
        Some(Self { seconds: Age::read(node, cx)?.0, except: BTreeSet::new(), span: node.span })
    }
}

/// A time in the largest unit that divides it, such as `7 days`. The resolver can read this text.
pub fn in_words(seconds: u64) -> String {
    let (number, unit) = match seconds {
        _ if seconds.is_multiple_of(DAY) => (seconds / DAY, "day"),
        _ if seconds.is_multiple_of(HOUR) => (seconds / HOUR, "hour"),
        _ => (seconds / MINUTE, "minute"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_a_number_and_a_unit() {
        let seconds = |text| Age::parse(text).map(|age| age.0);
        assert_eq!(seconds("7d"), Some(604_800));
        assert_eq!(seconds("2w"), seconds("14 days"));
        assert_eq!(seconds("36h"), seconds("2160m"));
        assert_eq!(seconds("1 week"), seconds("7 days"));
        assert_eq!(seconds("0d"), Some(0));
        for wrong in ["", "7", "d", "-7d", "7 d d", "1.5d", "7s", "99999999d", "99999999999999999999d", "P7D"]
        {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        assert_eq!(in_words(7 * DAY), "7 days");
        assert_eq!(in_words(DAY), "1 day");
        assert_eq!(in_words(36 * HOUR), "36 hours");
        assert_eq!(in_words(90 * MINUTE), "90 minutes");
    }
}
