//! The paths that the rules hide. The tables have the cases in which Docker's matcher is surprising.

use super::{BUILT_IN, Patterns, clean_path};

fn hides(rules: &[&str], path: &str) -> bool {
    Patterns::from_rules(rules.iter().copied()).expect("well formed").matches(path)
}

#[test]
fn single_patterns_match_as_in_docker() {
    let cases = [
        ("app", "app", true),
        ("app", "app/main.py", true),
        ("app", "apps", false),
        ("app", "src/app", false),
        ("/app", "app", true),
        ("app/", "app/main.py", true),
        ("./app/../lib", "lib/x", true),
        ("*", "app/main.py", true),
        ("*.py", "main.py", true),
        ("*.py", "app/main.py", false),
        ("*/*.py", "app/main.py", true),
        ("app/*", "app/core/x.py", true),
        ("?.py", "a.py", true),
        ("?.py", "/a.py", true),
        ("a?b", "a/b", false),
        ("**", "anything/at/all", true),
        ("**/cache", "cache", true),
        ("**/cache", "a/b/cache/x", true),
        ("**/cache", "mycache", false),
        ("**.log", "mine.log", true),
        ("**.log*", "mine.log1", false),
        ("**.log*", "a/.log1", true),
        ("app/**", "app", false),
        ("app/**", "app/x", true),
        ("app**", "apples", true),
        ("app/**/x.py", "app/x.py", true),
        ("app/**/x.py", "app/a/b/x.py", true),
        ("app/**/x.py", "app/ax.py", false),
        ("a/**/b/**", "a/b", false),
        ("a/**/b/**", "a/q/b/c", true),
        ("**/*.py[co]", "a/b.pyc", true),
        ("**/*.py[co]", "a/b.py", false),
        ("[^a]b", "cb", true),
        ("[^a]b", "ab", false),
        ("[a-c][!x]", "b!", true),
        ("a\\*b", "a*b", true),
        ("a\\*b", "axb", false),
        ("a.b", "axb", false),
        ("(a|b)+$", "(a|b)+$", true),
        ("*ä*", "xäy", true),
        (".", "app", false),
        ("/", "app", false),
        ("..", "app", false),
    ];
    for (pattern, path, hidden) in cases {
        assert_eq!(hides(&[pattern], path), hidden, "`{pattern}` on `{path}`");
    }
}

#[test]
fn the_last_matching_rule_decides() {
    let rules = ["*", "!app", "app/secret", "!app/secret/public"];
    assert!(hides(&rules, "README.md"));
    assert!(!hides(&rules, "app/main.py"));
    assert!(hides(&rules, "app/secret/key"));
    assert!(!hides(&rules, "app/secret/public/key"));
    assert!(!hides(&["!app"], "app"));
    assert!(hides(&["!app", "app"], "app"));
}

#[test]
fn the_context_itself_is_never_hidden() {
    for path in ["", ".", "/", "./"] {
        assert!(!hides(&["**"], path), "`{path}`");
    }
}

#[test]
fn the_rule_that_hides_is_reported_with_its_line() {
    let patterns =
        Patterns::parse("\u{feff}# first\r\n\r\n  app/  \r\n!app/keep\n*.log\n#x\n #y\n").expect("valid");
    assert_eq!(patterns.to_strings(), ["app", "!app/keep", "*.log", "#y"]);
    let rule = patterns.excluding_rule("app/main.py").expect("hidden");
    assert_eq!((rule.text.as_str(), rule.line), ("app/", Some(3)));
    assert_eq!(patterns.excluding_rule("app/keep/x"), None);
    assert_eq!(patterns.excluding_rule("./x.log").and_then(|rule| rule.line), Some(5));
}

#[test]
fn negations_are_trimmed_and_cleaned_like_other_rules() {
    let patterns = Patterns::parse("!  /a//b/ \n").expect("valid");
    assert_eq!(patterns.to_strings(), ["!a/b"]);
}

#[test]
fn malformed_rules_name_the_mistake_and_the_line() {
    let cases = [
        ("a\n!\n", 2, "`!` is not a valid ignore pattern: `!` needs a pattern after it"),
        // The engine's matcher cleans `!/` to `!` and refuses the transfer.
        ("!/\n", 1, "`!/` is not a valid ignore pattern: `!` needs a pattern after it"),
        ("[a", 1, "`[a` is not a valid ignore pattern: `[` is not closed"),
        (
            "x[]",
            1,
            "`x[]` is not a valid ignore pattern: the character class has an empty or incomplete range; write `\\-` \
             for a dash",
        ),
        (
            "[a-]",
            1,
            "`[a-]` is not a valid ignore pattern: the character class has an empty or incomplete range; write `\\-` \
             for a dash",
        ),
        ("\n\na\\", 3, "`a\\` is not a valid ignore pattern: `\\` at the end escapes nothing"),
    ];
    for (text, line, message) in cases {
        let error = Patterns::parse(text).expect_err(text);
        assert_eq!(error.to_string(), message, "{text}");
        assert_eq!(error.rule.line, Some(line), "{text}");
    }
}

#[test]
fn built_in_rules_are_well_formed_and_hide_what_no_image_wants() {
    let patterns = Patterns::built_in();
    assert_eq!(patterns.to_strings(), BUILT_IN);
    for hidden in [
        ".git/HEAD",
        "app/__pycache__/x.cpython-311.pyc",
        "web/node_modules/x/index.js",
        ".env",
        ".env.production",
        "services/api/.env",
        "venv/bin/python",
        ".venv/pyvenv.cfg",
        "app.egg-info/PKG-INFO",
        "docs/.DS_Store",
    ] {
        assert!(patterns.matches(hidden), "{hidden}");
    }
    for kept in
        ["app/venv/x.py", "build/x.py", "dist/x.whl", "environment.py", ".envrc", "pyproject.toml", "env.py"]
    {
        assert!(!patterns.matches(kept), "{kept}");
    }
}

#[test]
fn paths_are_cleaned_as_in_go() {
    let cases = [
        ("", "."),
        ("./", "."),
        ("a//b/./c/", "a/b/c"),
        ("a/../..", ".."),
        ("../../a", "../../a"),
        ("/../a", "/a"),
        ("/", "/"),
        ("a/..", "."),
    ];
    for (path, cleaned) in cases {
        assert_eq!(clean_path(path), cleaned, "`{path}`");
    }
}

/// Docker's parser of ignore files removes the `/` from `/!a`, and then Docker's matcher reads `!a`. Both
/// remove blanks at the ends of a rule, but the ends are different in the second step. Fuzzing found these
/// cases. The expected values follow `ignorefile.ReadAll` and `patternmatcher.New` of Moby's package
/// patternmatcher.
#[test]
fn rules_are_read_once_more_as_the_engine_gets_them() {
    for (rules, sent, path, hidden) in [
        (&["a", "/!a"][..], &["a", "!a"][..], "a", false),
        (&["/!a"], &["!a"], "!a", false),
        (&["*", "!/!a"], &["*", "!!a"], "!a", false),
        (&["/\tb"], &["\tb"], "b", true),
        (&["a\t/\t/"], &["a\t/\t"], "a", false),
        (&["a\t/\t/"], &["a\t/\t"], "a\t", true),
        (&["c/ /"], &["c/ "], "c", true),
    ] {
        assert_eq!(hides(rules, path), hidden, "{rules:?} on `{path}`");
        let patterns = Patterns::from_rules(rules.iter().copied()).expect("well formed");
        assert_eq!(patterns.to_strings(), sent, "{rules:?}");
    }
    assert!(Patterns::from_rules(["/!"]).is_err());
}
