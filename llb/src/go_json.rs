//! Lists of strings as Go's `encoding/json` writes them. The lists are parts of digests.

/// A JSON array of strings.
///
/// Go escapes `<`, `>` and `&` so that the text is safe in HTML, and Unicode's two line separators so that it
/// is safe in JavaScript.
pub(crate) fn strings(list: &[String]) -> String {
    let mut json = String::from("[");
    for (position, text) in list.iter().enumerate() {
        if position > 0 {
            json.push(',');
        }
        json.push('"');
        for character in text.chars() {
            push(&mut json, character);
        }
        json.push('"');
    }
    json.push(']');
    json
}

fn push(json: &mut String, character: char) {
    match character {
        '"' => json.push_str("\\\""),
        '\\' => json.push_str("\\\\"),
        '\u{8}' => json.push_str("\\b"),
        '\u{c}' => json.push_str("\\f"),
        '\n' => json.push_str("\\n"),
        '\r' => json.push_str("\\r"),
        '\t' => json.push_str("\\t"),
        '\0'..'\u{20}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
            json.push_str("\\u");
            for shift in [12, 8, 4, 0] {
                let digit = (u32::from(character) >> shift) & 0xf;
                json.push(char::from_digit(digit, 16).unwrap_or('0'));
            }
        }
        other => json.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_escaped_as_go_escapes_them() {
        let list = ["a/**".to_owned(), "<&>\"\\\u{2028}\n\u{8}\u{1}\u{7f}é".to_owned()];
        assert_eq!(strings(&list), "[\"a/**\",\"\\u003c\\u0026\\u003e\\\"\\\\\\u2028\\n\\b\\u0001\u{7f}é\"]");
        assert_eq!(strings(&[]), "[]");
    }
}
