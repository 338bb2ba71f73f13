//! Converts TOML to JSON, and writes JSON as Python's `json.dumps(…, sort_keys=True)` does.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use toml::de::{DeTable, DeValue};

/// The text after `,` and `:`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Spacing {
    /// A space, which is Python's default.
    Wide,
    /// Nothing.
    Tight,
}

/// A TOML document as JSON; `None` if it is invalid.
pub(super) fn of_toml(text: &str) -> Option<Value> {
    let tree = DeTable::parse(text).ok()?;
    Some(object(tree.get_ref()))
}

fn object(table: &DeTable<'_>) -> Value {
    let entries = table.iter().map(|(key, value)| (key.get_ref().to_string(), convert(value.get_ref())));
    Value::Object(entries.collect())
}

/// A TOML value as JSON.
pub(in super::super) fn convert(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Null, Value::from)
        }
        DeValue::Float(number) => number.as_str().parse::<f64>().map_or(Value::Null, Value::from),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        // Dates occur only in tables of other tools, which are not a part of any hash.
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Array(items) => Value::Array(items.iter().map(|item| convert(item.get_ref())).collect()),
        DeValue::Table(table) => object(table),
    }
}

/// The text that Python writes: with sorted keys, and with all non-ASCII characters escaped.
pub(super) fn to_python(value: &Value, spacing: Spacing) -> String {
    let mut text = String::new();
    write_value(&mut text, value, spacing);
    text
}

fn write_value(out: &mut String, value: &Value, spacing: Spacing) {
    let (comma, colon) = match spacing {
        Spacing::Wide => (", ", ": "),
        Spacing::Tight => (",", ":"),
    };
    match value {
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { comma });
                write_value(out, item, spacing);
            }
            out.push(']');
        }
        Value::Object(entries) => {
            out.push('{');
            let sorted: BTreeMap<_, _> = entries.iter().collect();
            for (index, (key, item)) in sorted.into_iter().enumerate() {
                out.push_str(if index == 0 { "" } else { comma });
                write_text(out, key);
                out.push_str(colon);
                write_value(out, item, spacing);
            }
            out.push('}');
        }
        // Both languages write `null`, `true`, `false` and numbers in the same way.
        other => out.push_str(&other.to_string()),
    }
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    // Writing to a `String` cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_written_as_python_does() {
        let value =
            of_toml("b = [\"é😀\\u007f\", 1, true, 0x10]\na = {z = \"\\\"\\\\\\n\", y = 1.5}\n").unwrap();
        let wide = r#"{"a": {"y": 1.5, "z": "\"\\\n"}, "b": ["\u00e9\ud83d\ude00\u007f", 1, true, 16]}"#;
        assert_eq!(to_python(&value, Spacing::Wide), wide);
        assert_eq!(to_python(&serde_json::json!([null, {}, []]), Spacing::Tight), "[null,{},[]]");
    }
}
