//! Replaces the placeholders of packages by the environment's path.

use std::borrow::Cow;

/// Linux reads this number of bytes of a first line, including `#!`.
const SHEBANG_LIMIT: usize = 127;

/// Replaces each `placeholder` in `content` by `prefix`. A first line that becomes too long for the kernel is
/// rewritten.
pub(super) fn in_text(content: &[u8], placeholder: &str, prefix: &str) -> Vec<u8> {
    let mut rest = content;
    let mut out = Vec::with_capacity(content.len());
    if content.starts_with(b"#!") {
        let end = content.iter().position(|byte| *byte == b'\n').unwrap_or(content.len());
        let (first, after) = content.split_at(end);
        let line = replaced(first, placeholder.as_bytes(), prefix.as_bytes());
        out.extend_from_slice(&shebang(&line));
        rest = after;
    }
    out.extend_from_slice(&replaced(rest, placeholder.as_bytes(), prefix.as_bytes()));
    out
}

/// Replaces placeholders in strings with a zero byte at their end. A shorter string is filled with zero
/// bytes, so that nothing else in the file moves. `None` if the prefix is longer than the placeholder.
pub(super) fn in_binary(content: &[u8], placeholder: &str, prefix: &str) -> Option<Vec<u8>> {
    let (old, new) = (placeholder.as_bytes(), prefix.as_bytes());
    if new.len() > old.len() {
        return None;
    }
    let mut out = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some(start) = find(rest, old) {
        let (before, string) = rest.split_at(start);
        let end = string.iter().position(|byte| *byte == 0).unwrap_or(string.len());
        let (string, after) = string.split_at(end);
        out.extend_from_slice(before);
        let made = replaced(string, old, new);
        out.extend_from_slice(&made);
        out.resize(out.len() + (string.len() - made.len()), 0);
        rest = after;
    }
    out.extend_from_slice(rest);
    Some(out)
}

/// A first line that the kernel can read. If the path is too long, the shell starts the interpreter.
fn shebang(line: &[u8]) -> Cow<'_, [u8]> {
    let Some(text) = std::str::from_utf8(line).ok().filter(|text| text.len() > SHEBANG_LIMIT) else {
        return Cow::Borrowed(line);
    };
    let command = text.trim_start_matches("#!").trim_start();
    let (program, options) = command.find(' ').map_or((command, ""), |at| command.split_at(at));
    let name = program.rsplit('/').next().unwrap_or(program);
    let made = if name.starts_with("python") {
        format!("#!/bin/sh\n'''exec' \"{program}\"{options} \"$0\" \"$@\" #'''")
    } else {
        format!("#!/usr/bin/env {name}{options}")
    };
    Cow::Owned(made.into_bytes())
}

fn replaced(content: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some(at) = find(rest, old) {
        let (before, found) = rest.split_at(at);
        out.extend_from_slice(before);
        out.extend_from_slice(new);
        rest = found.get(old.len()..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

/// The position of `needle`. Placeholders begin with `/`, which is rare in binary files, so a search for this
/// byte is fast.
fn find(content: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    while let Some(at) = content.get(from..)?.iter().position(|byte| *byte == first) {
        if content.get(from + at..)?.starts_with(needle) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "/home/build/placehold_placehold";

    #[test]
    fn text_is_replaced_wherever_it_stands() {
        let content = format!("#!{OLD}/bin/python\nA = '{OLD}'\nB = '{OLD}/lib:{OLD}'\n");
        let made = in_text(content.as_bytes(), OLD, "/venv");
        assert_eq!(made, b"#!/venv/bin/python\nA = '/venv'\nB = '/venv/lib:/venv'\n");
    }

    #[test]
    fn binaries_keep_their_length_and_the_ends_of_their_strings() {
        let content = format!("\u{1}{OLD}/lib:{OLD}/share\0next\0{OLD}\0");
        let made = in_binary(content.as_bytes(), OLD, "/venv").unwrap();
        assert_eq!(made.len(), content.len());
        let strings: Vec<_> = made.split(|byte| *byte == 0).filter(|part| !part.is_empty()).collect();
        assert_eq!(strings, [&b"\x01/venv/lib:/venv/share"[..], b"next", b"/venv"]);
        let place = |bytes: &[u8]| bytes.windows(4).position(|part| part == b"next");
        assert_eq!(place(&made), place(content.as_bytes()));
    }

    #[test]
    fn a_binary_without_room_is_not_changed() {
        assert_eq!(in_binary(b"/short\0", "/short", "/a/longer/prefix"), None);
    }

    #[test]
    fn a_first_line_that_is_too_long_is_taken_apart() {
        let long = format!("/{}", "x".repeat(130));
        let python = in_text(format!("#!{OLD}/bin/python3.11 -E\n").as_bytes(), OLD, &long);
        let expected = format!("#!/bin/sh\n'''exec' \"{long}/bin/python3.11\" -E \"$0\" \"$@\" #'''\n");
        assert_eq!(String::from_utf8(python).unwrap(), expected);
        let perl = in_text(format!("#!{OLD}/bin/perl -w\n").as_bytes(), OLD, &long);
        assert_eq!(perl, b"#!/usr/bin/env perl -w\n");
    }
}
