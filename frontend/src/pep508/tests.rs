use super::*;

fn environment() -> Environment {
    let text = str::to_owned;
    Environment {
        os_name: text("posix"),
        sys_platform: text("linux"),
        platform_machine: text("x86_64"),
        platform_python_implementation: text("CPython"),
        platform_release: String::new(),
        platform_system: text("Linux"),
        platform_version: String::new(),
        python_version: text("3.12"),
        python_full_version: text("3.12.4"),
        implementation_name: text("cpython"),
        implementation_version: text("3.12.4"),
    }
}

fn active(extras: &[&str], groups: &[&str]) -> Active {
    let names = |names: &[&str]| names.iter().map(|name| Name::new(name).unwrap()).collect();
    Active { extras: names(extras), groups: names(groups) }
}

#[test]
fn names_are_compared_in_one_form() {
    for (given, normal) in
        [("Foo", "foo"), ("a__b.-c", "a-b-c"), ("zope.interface", "zope-interface"), ("7", "7")]
    {
        assert_eq!(Name::new(given).unwrap().as_str(), normal);
    }
    for wrong in ["", "-a", "a-", "a b", "é", "_"] {
        assert!(
            Name::new(wrong).unwrap_err().to_string().starts_with(&format!("`{wrong}` is not a valid name"))
        );
    }
    assert_eq!(Name::new("a-b-c").unwrap().escaped(), "a_b_c");
}

#[test]
fn requirements_read_and_print_the_same() {
    let cases = [
        ("bare", "Foo_Bar", "foo-bar"),
        ("versions", "a >=1.0 , <2", "a>=1.0, <2"),
        ("old parentheses", "a (>=1,<2)", "a>=1, <2"),
        ("extras", "a[B, c_d]==1.*", "a[b,c-d]==1.*"),
        ("empty extras", "a[] ", "a"),
        ("any version", "a *", ""),
        ("marker", "a; python_version<'3.9'", "a ; python_version < '3.9'"),
        (
            "url",
            "a[x] @ https://example.invalid/a-1.tar.gz ; os_name=='nt'",
            "a[x] @ https://example.invalid/a-1.tar.gz ; os_name == 'nt'",
        ),
        ("url with a semicolon", "a @ https://example.invalid/a;b", "a @ https://example.invalid/a;b"),
        ("arbitrary equality", "a===1.0", "a===1.0"),
        ("comma at the end", "a>=1,", "a>=1"),
    ];
    for (case, text, printed) in cases {
        match Requirement::parse(text) {
            Ok(requirement) => assert_eq!(requirement.to_string(), printed, "{case}"),
            Err(error) => assert_eq!(printed, "", "{case}: {error}"),
        }
    }
}

#[test]
fn errors_say_what_was_expected_and_where() {
    let cases = [
        ("", "expected a package name, found the end", 0..0),
        ("a ==", "`==` is not a version specifier", 2..4),
        ("a 1.0", "expected a version specifier, `@` and a URL, or `;` and a marker, found `1`", 2..5),
        ("a[b", "expected `,` or `]`, found the end", 3..3),
        ("a @ ", "expected a URL, found the end", 4..4),
        ("a; python == '3'", "`python` is not a marker variable", 3..9),
        ("a; python_version == '3", "the string is not closed", 21..23),
        ("a; '3' == '3'", "a comparison needs a marker variable such as `python_version` on one side", 3..13),
        ("a; os_name", "expected a comparison such as `==`, `<` or `in`, found the end", 10..10),
        ("a; (os_name == 'nt'", "expected `)`, `and` or `or`, found the end", 19..19),
    ];
    for (text, message, span) in cases {
        let error = Requirement::parse(text).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.span), (message, span.into()), "{text}");
    }
    let deep = format!("{}os_name == 'nt'", "(".repeat(100_000));
    assert_eq!(Marker::parse(&deep).unwrap_err().kind, ParseErrorKind::TooDeep);
}

#[test]
fn markers_are_evaluated_for_the_target() {
    let cases = [
        ("python_version >= '3.10'", true),
        ("python_version < '3.9'", false),
        ("'3.10' <= python_version", true),
        ("'3.13' <= python_version", false),
        ("python_full_version < '3.12.5'", true),
        ("python_full_version == '3.12.*'", true),
        ("python_version ~= '3.8'", true),
        ("python_version in '3.11 3.12'", true),
        ("python_version not in '3.11, 3.12'", false),
        ("sys_platform == 'win32'", false),
        ("sys_platform != 'win32' and platform_machine == 'x86_64'", true),
        ("'linux' in sys_platform", true),
        ("'3.13' ~= python_version", true),
        ("os_name == 'nt' or os_name == 'posix'", true),
        ("os_name == 'posix' or os_name == 'nt' and os_name == 'x'", true),
        ("(os_name == 'posix' or os_name == 'nt') and os_name == 'x'", false),
        ("platform_machine > 'a'", false),
        ("platform_release >= '5'", false),
        ("implementation_name == 'cpython' and platform_python_implementation=='CPython'", true),
        ("extra == 'Test_X'", true),
        ("extra != 'test-x'", false),
        ("extra == 'doc'", false),
        ("'test.x' in extras and 'dev' in dependency_groups", true),
        ("'doc' not in extras", true),
        ("python_implementation == 'CPython'", true),
    ];
    let active = active(&["test-x"], &["dev"]);
    for (text, expected) in cases {
        let marker = Marker::parse(text).unwrap();
        assert_eq!(marker.holds(&environment(), &active), expected, "{text}");
        let again = Marker::parse(&marker.to_string()).unwrap();
        assert_eq!(again, marker, "{text}");
    }
}

#[test]
fn a_verdict_names_the_comparisons_that_decided() {
    let marker = "(sys_platform == 'win32' or extra == 'x') and python_version >= '3'";
    let verdict = Marker::parse(marker).unwrap().explain(&environment(), &Active::default());
    assert!(!verdict.holds);
    assert_eq!(
        verdict.because,
        ["sys_platform == 'win32' (sys_platform is 'linux')", "extra == 'x' (extras: none)"]
    );
}
