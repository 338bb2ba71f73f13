//! The text of a requirements file, in the encodings that pip reads.
//!
//! PowerShell writes `pip freeze > requirements.txt` as UTF-16. pip looks for a byte order mark first. Then
//! it looks for a line such as `# -*- coding: latin-1 -*-` among the first two lines. Otherwise it reads
//! UTF-8.

/// The text, or `None` if the bytes are not valid in the encoding of the file.
pub(super) fn decoded(bytes: &[u8]) -> Option<String> {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return String::from_utf8(rest.to_vec()).ok();
    }
    // UTF-32 is tested before UTF-16, because its byte order mark begins with that of UTF-16.
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

/// The text of a file that a tool has written in UTF-8. Invalid bytes are replaced, and the reader of the
/// text refuses them.
pub(super) fn lossy(bytes: Vec<u8>) -> String {
    // Locks have megabytes and are almost always valid, so a valid text is not copied.
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Whether the bytes can be read as UTF-8 without conversion.
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

/// Whether a comment in the first two lines declares Latin-1.
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

    // `pip install -r FILE` reads the same names and versions from such files.
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
