use super::*;

#[test]
fn unknown_versions_name_what_can_be_read() {
    let cases = [
        (
            Format::Uv,
            "version = 2",
            "uv.lock has version `2` of its format; version 1, of any revision, can be read",
        ),
        (
            Format::Pylock,
            "lock-version = '2.0'",
            "pylock.toml has version `2.0` of its format; version 1.x can be read",
        ),
        (
            Format::Poetry,
            "[metadata]\nlock-version = '1.0'",
            "poetry.lock has version `1.0` of its format; version 1.1 or 2.x can be read",
        ),
        (
            Format::Pdm,
            "[metadata]\nlock_version = '3.1'",
            "pdm.lock has version `3.1` of its format; version 4.x can be read",
        ),
        (
            Format::Pipfile,
            "{\"_meta\": {\"pipfile-spec\": 7}}",
            "Pipfile.lock has version `7` of its format; version 6 can be read",
        ),
    ];
    for (format, text, message) in cases {
        assert_eq!(read(format, text, None).unwrap_err().to_string(), message);
    }
}

#[test]
fn what_is_wrong_is_marked() {
    let source = "version = 1\n[[package]]\nname = 'a'\n";
    let cases = [
        ("no source", source.to_owned(), "`source` is missing", "[[package]]"),
        ("a type", "version = 1\npackage = 'x'".to_owned(), "`package` must be a list, not a string", "'x'"),
        (
            "a name",
            source.replace("'a'", "'a b'"),
            "`a b` is not a valid name: letters, digits, `-`, `_` and `.` only, beginning and ending with a letter or digit",
            "'a b'",
        ),
        (
            "a kind",
            format!("{source}source = {{ svn = 'x' }}"),
            "the source of `a` is not one that is known here",
            "{ svn = 'x' }",
        ),
        (
            "a version",
            format!("{source}version = 'x'\nsource = {{ virtual = '.' }}"),
            "`x` is not a version",
            "'x'",
        ),
        (
            "a marker",
            "version = 1\nsupported-markers = [\"python = '3'\"]".to_owned(),
            "`python` is not a marker variable",
            "python",
        ),
        (
            "a hash",
            format!(
                "{source}source = {{ registry = 'https://example.invalid' }}\nsdist = {{ url = 'https://example.invalid/a.zip', hash = 'sha256:12' }}"
            ),
            "`sha256:12` is not a hash such as `sha256:…`",
            "'sha256:12'",
        ),
    ];
    for (case, text, message, marked) in cases {
        let error = read(Format::Uv, &text, None).unwrap_err();
        assert_eq!(error.to_string(), message, "{case}");
        let span = error.at.span;
        assert_eq!(&text[span.start..span.end], marked, "{case}");
    }
}

#[test]
fn broken_files_are_reported_where_they_break() {
    let error = read(Format::Uv, "version = ", None).unwrap_err();
    assert!(matches!(error.kind, LockErrorKind::Syntax { .. }));
    let error = read(Format::Pipfile, "{\n  \"a\": x\n}", None).unwrap_err();
    assert_eq!(error.at.span.start, 9);
}
