//! `exclude-newer`: the time after which uv ignores files.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::lock::Timestamp;
use crate::pep508::Name;

const DAY: i64 = 24 * 60 * 60;

/// The time in a manifest or a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Moment {
    /// No limit.
    Never,
    /// A fixed time.
    Fixed(Timestamp),
    /// A calendar day in the time zone of the machine that locks.
    Day(Timestamp),
    /// A time relative to now, in seconds.
    Ago(i64),
    /// A time in an unknown format.
    Unknown,
}

/// Whether the `exclude-newer` of the lock equals that of the settings.
pub(super) fn agree(options: Option<&Value>, settings: &Value) -> bool {
    let get = |key: &str| options.and_then(|options| options.get(key));
    let locked = match (get("exclude-newer-span"), get("exclude-newer")) {
        (Some(span), _) => written(span),
        (None, Some(moment)) => written(moment),
        (None, None) => Moment::Never,
    };
    let now = settings.get("exclude-newer").map_or(Moment::Never, written);
    same(&locked, &now)
}

/// Whether the lock's exceptions for packages equal those of the settings. A new exception for a package that
/// is not in the lock changes nothing.
pub(super) fn agree_for_packages(
    options: Option<&Value>,
    settings: &Value,
    is_locked: impl Fn(&str) -> bool,
) -> bool {
    let locked = options.and_then(|options| options.get("exclude-newer-package")).and_then(Value::as_object);
    let now = settings.get("exclude-newer-package").and_then(Value::as_object);
    let normal = |name: &String| Name::new(name).map_or_else(|_| name.clone(), |name| name.to_string());
    let names = |table: Option<&serde_json::Map<String, Value>>| -> BTreeSet<String> {
        table.into_iter().flatten().map(|(name, _)| normal(name)).collect()
    };
    let find = |table: Option<&serde_json::Map<String, Value>>, wanted: &str| {
        let found = table.into_iter().flatten().find(|(name, _)| normal(name) == wanted);
        found.map_or(Moment::Unknown, |(_, value)| written(value))
    };
    let all = names(locked);
    let now_all: BTreeSet<String> =
        names(now).into_iter().filter(|name| all.contains(name) || is_locked(name)).collect();
    all == now_all && all.iter().all(|name| same(&find(locked, name), &find(now, name)))
}

fn same(locked: &Moment, now: &Moment) -> bool {
    match (locked, now) {
        // The lock contains the end of the day in a time zone that is not known here.
        (Moment::Fixed(locked), Moment::Day(day)) => (locked.0 - day.0 - DAY).abs() <= DAY,
        (Moment::Never, Moment::Unknown) | (Moment::Unknown, Moment::Never) => false,
        (Moment::Unknown, _) | (_, Moment::Unknown) => true,
        (one, other) => one == other,
    }
}

fn written(value: &Value) -> Moment {
    match value {
        Value::Bool(false) => Moment::Never,
        Value::String(text) => read(text),
        Value::Object(table) => {
            table.get("span").or_else(|| table.get("timestamp")).map_or(Moment::Unknown, written)
        }
        _ => Moment::Unknown,
    }
}

fn read(text: &str) -> Moment {
    let text = text.trim();
    if let Some(moment) = Timestamp::parse(text) {
        return Moment::Fixed(moment);
    }
    if let Some(day) = Timestamp::parse(&format!("{text}T00:00:00Z")) {
        return Moment::Day(day);
    }
    ago(text).map_or(Moment::Unknown, Moment::Ago)
}

/// Reads `P7D`, `PT36H`, `P2W`, `7 days`, `2 weeks`, `36h`.
fn ago(text: &str) -> Option<i64> {
    let lower = text.to_ascii_lowercase();
    let lower = lower.strip_suffix(" ago").unwrap_or(&lower);
    let body = lower.strip_prefix('p').map_or_else(|| lower.to_owned(), |body| body.replace('t', " "));
    let (mut seconds, mut rest) = (0_i64, body.trim());
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|one: char| !one.is_ascii_digit())?;
        let (number, more) = rest.split_at_checked(digits)?;
        let more = more.trim_start();
        let word = more.find(|one: char| !one.is_ascii_alphabetic()).unwrap_or(more.len());
        let (unit, more) = more.split_at_checked(word)?;
        let unit = match unit {
            "w" | "week" | "weeks" => 7 * DAY,
            "d" | "day" | "days" => DAY,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600,
            "m" | "min" | "mins" | "minute" | "minutes" => 60,
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)?;
        rest = more.trim_start_matches([' ', ',']);
    }
    Some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times are those that uv 0.13.9 writes into a lock for these settings (`uv lock`).
    #[test]
    fn moments_are_read_as_uv_reads_them() {
        let cases = [
            (r#"{"exclude-newer": "2025-02-02T00:00:00Z"}"#, "2025-02-01", true),
            (r#"{"exclude-newer": "2025-02-02T00:00:00Z"}"#, "2025-02-05", false),
            (r#"{"exclude-newer": "2025-01-31T22:00:00Z"}"#, "2025-02-01T00:00:00+02:00", true),
            (r#"{"exclude-newer": "0001-01-01T00:00:00Z", "exclude-newer-span": "P7D"}"#, "7 days", true),
            (r#"{"exclude-newer": "0001-01-01T00:00:00Z", "exclude-newer-span": "P2W"}"#, "P2W", true),
            (r#"{"exclude-newer": "0001-01-01T00:00:00Z", "exclude-newer-span": "P7D"}"#, "8 days", false),
            (
                r#"{"exclude-newer": "0001-01-01T00:00:00Z", "exclude-newer-span": "P7D"}"#,
                "2025-02-01",
                false,
            ),
            ("{}", "2025-02-01", false),
        ];
        for (options, setting, expected) in cases {
            let options: Value = serde_json::from_str(options).unwrap();
            let settings = serde_json::json!({ "exclude-newer": setting });
            assert_eq!(agree(Some(&options), &settings), expected, "{options} {setting}");
        }
    }
}
