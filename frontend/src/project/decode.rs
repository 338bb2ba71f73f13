//! The text of a requirements file, in the encodings that pip reads.
//!
//! PowerShell writes `pip freeze > requirements.txt` as UTF-16. pip looks for a byte order mark, then for a line such as
//! `# -*- coding: latin-1 -*-` among the first two, and takes UTF-8 otherwise.

/// The text, or `None` where the bytes are no text in the encoding that the file says.
pub(super) fn decoded(bytes: &[u8]) -> Option<String> {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return String::from_utf8(rest.to_vec()).ok();
    }
    // Before UTF-16: its mark is the beginning of this one.
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe\0\0") {
        return utf32(rest, u32::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(b"\0\0\xfe\xff") {
        return utf32(rest, u32::from_be_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return utf16(rest, u16::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return utf16(rest, u16::from_be_bytes);
    }
    if is_latin1(bytes) {
        return Some(bytes.iter().map(|byte| char::from(*byte)).collect());
    }
    String::from_utf8(bytes.to_vec()).ok()
}

/// A text that a tool has written, which is UTF-8: what is none is replaced, to be refused by who reads the text.
pub(super) fn lossy(bytes: Vec<u8>) -> String {
    // Locks have megabytes, and nearly all of them are what they should be.
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Whether the bytes are UTF-8 as they are.
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok() && !is_latin1(bytes)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    text.ok().filter(|_| rest.is_empty())
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32) -> Option<String> {
    let (fours, rest) = bytes.as_chunks::<4>();
    let text: Option<String> = fours.iter().map(|four| char::from_u32(unit(*four))).collect();
    text.filter(|_| rest.is_empty())
}

/// Whether one of the first two lines is a comment that says so.
fn is_latin1(bytes: &[u8]) -> bool {
    let lines = bytes.split(|byte| *byte == b'\n').take(2).filter(|line| line.starts_with(b"#"));
    lines.filter_map(|line| std::str::from_utf8(line).ok()).any(|line| {
        let name = line.split_once("coding").and_then(|(_, rest)| rest.strip_prefix([':', '=']));
        let name = name.map(|rest| rest.trim_start().to_ascii_lowercase());
        name.is_some_and(|name| {
            ["latin-1", "latin1", "iso-8859-1", "iso8859-1"].iter().any(|known| name.starts_with(known))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::decoded;

    // What `pip install -r FILE` reads of such files: the names and versions as they are.
    #[test]
    fn a_byte_order_mark_says_the_encoding() {
        let text = "six==1.17.0\r\n";
        let units: Vec<u16> = text.encode_utf16().collect();
        let little: Vec<u8> =
            [0xff, 0xfe].into_iter().chain(units.iter().flat_map(|u| u.to_le_bytes())).collect();
        let big: Vec<u8> =
            [0xfe, 0xff].into_iter().chain(units.iter().flat_map(|u| u.to_be_bytes())).collect();
        let wide = [0xff, 0xfe, 0, 0].into_iter().chain(text.chars().flat_map(|c| (c as u32).to_le_bytes()));
        let wide: Vec<u8> = wide.collect();
        for bytes in [text.as_bytes(), b"\xef\xbb\xbfsix==1.17.0\r\n", &little, &big, &wide] {
            assert_eq!(decoded(bytes).as_deref(), Some(text), "{bytes:?}");
        }
        assert_eq!(decoded(little.get(..little.len() - 1).unwrap()), None);
    }

    #[test]
    fn a_comment_can_say_the_encoding() {
        assert_eq!(
            decoded(b"# -*- coding: latin-1 -*-\n# caf\xe9\nsix\n").unwrap().lines().nth(1),
            Some("# café")
        );
        assert_eq!(decoded(b"# caf\xe9\nsix\n"), None);
    }
}
