//! Examines a project in memory, as `pybuild check` does.

use std::collections::BTreeSet;
use std::sync::Arc;

use buildkit_llb::Platform;

use super::*;
use crate::ignore::Patterns;
use crate::project::memory::Memory;
use crate::project::{Files, Ignored};
use crate::spec::{Arguments, Spec};

/// The warnings about a `pybuild.toml`, as `LINE: RULE: MESSAGE`. Warnings about other files begin with the
/// file name. Warnings about locks are left out, because each test is about a single rule.
pub(super) fn warnings(file: &str, context: &[(&'static str, &'static str)]) -> Vec<String> {
    let all = warnings_for("linux/amd64", file, context);
    all.into_iter()
        .map(|line| line.strip_prefix("pybuild.toml:").map_or(line.clone(), str::to_owned))
        .collect()
}

/// Like [`warnings`], for a build file with another name. The name is always shown.
pub(super) fn warnings_in(name: &str, file: &str, context: &[(&'static str, &str)]) -> Vec<String> {
    let context: Vec<(&'static str, &'static str)> = context
        .iter()
        .map(|(path, text)| -> (&'static str, &'static str) { (path, Box::leak(Box::from(*text))) })
        .collect();
    run(name, "linux/amd64", file, &context)
}

/// Like [`warnings`], for a platform.
pub(super) fn warnings_for(
    platform: &str,
    file: &str,
    context: &[(&'static str, &'static str)],
) -> Vec<String> {
    run("pybuild.toml", platform, file, context)
}

fn run(name: &str, platform: &str, file: &str, context: &[(&'static str, &'static str)]) -> Vec<String> {
    let context = Memory(context.iter().copied().collect());
    let source = Arc::new(Source::new(name, file));
    let (spec, mut found) = Spec::parse(&source, Arguments::default());
    let ignored = match context.0.get(".dockerignore") {
        Some(text) => {
            Ignored { patterns: Patterns::parse(text).unwrap(), file: Some(".dockerignore".into()) }
        }
        None => Ignored { patterns: Patterns::built_in(), file: None },
    };
    let files = Files { context: &context, ignored: &ignored };
    let options = CheckOptions::of(&source, None, &mut found);
    let (platform, native) = (Platform::parse(platform).unwrap(), Platform::new("linux", "amd64"));
    let asked = Asked { target: None, platform: &platform, build_platform: &native, epoch: None, named: &[] };
    examine(&spec.expect("a file"), &files, asked, &options, &mut found).unwrap();
    assert_eq!(found.errors(), Vec::<&crate::diagnostics::Diagnostic>::new());
    let line = |one: &crate::diagnostics::Diagnostic| {
        format!("{}:{}: {}", one.source.name, one.line(), labelled(&one.problem))
    };
    let warnings = found.warnings().into_iter();
    warnings.filter(|one| matches!(one.problem, Problem::Lint { .. })).map(line).collect()
}

#[test]
fn every_rule_has_a_page_and_every_page_a_rule() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rules");
    let pages: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".md").map(str::to_owned))
        .filter(|name| name != "README")
        .collect();
    let rules: BTreeSet<String> = RULES.iter().map(|rule| rule.id.to_owned()).collect();
    assert_eq!(pages, rules);
    let index = std::fs::read_to_string(format!("{folder}/README.md")).unwrap();
    for rule in RULES {
        let page = std::fs::read_to_string(format!("{folder}/{}.md", rule.id)).unwrap();
        assert!(page.starts_with(&format!("# {}\n\n{}", rule.id, rule.summary)), "{}", rule.id);
        assert!(page.contains(&format!("skip={}", rule.id)), "{}", rule.id);
        assert!(index.contains(&format!("[{0}]({0}.md) | {1}", rule.id, rule.summary)), "{}", rule.id);
    }
}

#[test]
fn rules_are_in_order_and_each_once() {
    let ids: Vec<_> = RULES.iter().map(|rule| rule.id).collect();
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(ids, sorted);
}

#[test]
fn a_rule_that_is_skipped_says_nothing() {
    let file = "# check=skip=ShellFormCommand\npython.version = \"3.13\"\ndependencies.requirements = []\n\
        [stage.production]\nuser = \"root\"\ncommand = \"x\"\n";
    assert_eq!(warnings(file, &[]), ["5: RootUser: stage `production` runs as root"]);
    let file = file.replace("ShellFormCommand", "all");
    assert_eq!(warnings(&file, &[]), Vec::<String>::new());
}

#[test]
fn problems_of_the_project_have_ids_that_are_rules() {
    let problems = [
        Problem::NoDependencies { unread: None },
        Problem::NotLocked { what: String::new(), command: String::new() },
        Problem::LockNotRead { lock: String::new(), instead: String::new() },
        Problem::UnusedBuildArg { name: String::new(), suggestion: None },
        Problem::UnknownRule { name: String::new(), suggestion: None },
        Problem::RequiresPython { version: String::new(), specifier: String::new(), said: String::new() },
    ];
    for problem in problems {
        assert!(problem.rule().and_then(Rule::named).is_some(), "{problem:?}");
    }
}
