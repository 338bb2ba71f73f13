//! Files that are read as text.

use std::collections::BTreeMap;
use std::sync::Arc;

use pybuild::conda::{self, EnvironmentFile};
use pybuild::diagnostics::{Diagnostics, Source};
use pybuild::gateway::options::Options;
use pybuild::ignore::{Patterns, clean_path};
use pybuild::lock::{Beside, Format, Input, parse, parse_requirements};
use pybuild::pep508::{Marker, Requirement};
use pybuild::project::{Files, Ignored, Project, Scope};
use pybuild::spec::{Arguments, Spec};

use crate::build::Memory;

fn text(bytes: &[u8]) -> Option<&str> {
    // The engine's own limit of a file is far higher; a fuzzer learns nothing from more.
    std::str::from_utf8(bytes).ok().filter(|text| text.len() <= 1 << 16)
}

/// Every lock by its name: the first byte chooses. A lock that is read is compared with a manifest too.
pub fn locks(bytes: &[u8]) {
    const NAMES: [&str; 9] = [
        "uv.lock",
        "pylock.toml",
        "poetry.lock",
        "pdm.lock",
        "Pipfile.lock",
        "requirements.txt",
        "conda-lock.yml",
        "pixi.lock",
        "environment.yml",
    ];
    let Some((first, rest)) = bytes.split_first() else { return };
    let Some(text) = text(rest) else { return };
    let name = NAMES[usize::from(*first) % NAMES.len()];
    let (text, manifest) = text.split_once("\n=== manifest\n").unwrap_or((text, ""));
    let source = Source::new(name, text);
    if let Some(format) = Format::of_file(name) {
        let read = |path: &str| Err(format!("no {path}"));
        let input = Input { path: name, text, pyproject: Some(manifest), read: &read, exists: &|_| false };
        match parse(format, &input) {
            Ok(lock) => drop(lock.stale(&Beside { manifest, ..Beside::default() })),
            // Its place is in the text.
            Err(error) => {
                source.range(error.at.span);
                drop(error.to_string());
            }
        }
    } else if let Some(format) = conda::Format::of_file(name) {
        drop(conda::parse(format, &source).map_err(|error| source.range(error.span)));
    } else {
        drop(EnvironmentFile::parse(&source).map_err(|error| source.range(error.span)));
    }
}

/// Requirements files that include one another: files stand below lines `=== NAME`.
pub fn requirements(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let mut files = text.split("=== ").map(|part| part.split_once('\n').unwrap_or((part, "")));
    let Some((_, first)) = files.next() else { return };
    let files: BTreeMap<&str, &str> = files.collect();
    let read = |path: &str| files.get(path).map(|text| (*text).to_owned()).ok_or_else(|| "none".to_owned());
    if let Ok(parsed) = parse_requirements("requirements.txt", first, &read, &|_| false) {
        assert!(parsed.files.len() <= 2 * (files.len() + 1));
        drop(parsed.into_lock());
    }
}

/// What is printed is read again, and is the same.
pub fn markers(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    if let Ok(marker) = Marker::parse(text) {
        let printed = marker.to_string();
        let again = Marker::parse(&printed).expect("a marker is read as it is printed");
        assert_eq!(again.to_string(), printed);
    }
    if let Ok(requirement) = Requirement::parse(text) {
        let printed = requirement.to_string();
        let again = Requirement::parse(&printed).expect("a requirement is read as it is printed");
        assert_eq!(again.to_string(), printed);
    }
}

/// Rules, and below an empty line paths. The engine's matcher gets rules that it accepts, each on one line,
/// and a path is hidden however often it is cleaned.
pub fn ignore(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let (rules, paths) = text.split_once("\n\n").unwrap_or((text, "a/b/c\nb"));
    let Ok(patterns) = Patterns::parse(rules) else { return };
    for sent in patterns.to_strings() {
        assert!(!sent.is_empty() && !sent.contains('\n') && clean_path(sent.trim()) != "!", "{sent:?}");
    }
    for path in paths.lines().take(20) {
        let cleaned = clean_path(path);
        assert_eq!(clean_path(&cleaned), cleaned);
        assert_eq!(patterns.matches(&cleaned), patterns.matches(path), "{path:?}");
    }
}

/// Options of the gateway: one a line.
pub fn options(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let variables = text.lines().enumerate().map(|(at, line)| match line.split_once('=') {
        Some((name, value)) if name.starts_with("BUILDKIT_") => (name.to_owned(), value.to_owned()),
        _ => (format!("BUILDKIT_FRONTEND_OPT_{at}"), line.to_owned()),
    });
    drop(Options::from_env(variables).map_err(|error| error.to_string()));
}

/// `pyproject.toml` of a project that is installed with all of its groups.
pub fn manifest(bytes: &[u8]) {
    let Some(text) = text(bytes) else { return };
    let source = Arc::new(Source::new("pybuild.toml", "[stage.test]\ngroups = [\"dev\", \"all\"]\n"));
    let (Some(spec), mut found) = Spec::parse(&source, Arguments::default()) else { return };
    let context = Memory(BTreeMap::from([("pyproject.toml", text), ("requirements.txt", "-e .[all,dev]\n")]));
    let ignored = Ignored { patterns: Patterns::default(), file: None };
    let files = Files { context: &context, ignored: &ignored };
    let project = Project::detect(&spec, &Scope::all(&spec), &files, &mut found).expect("a context");
    drop((project, shown(&found)));
}

/// Every message can be made, and every place is in its file.
pub(crate) fn shown(found: &Diagnostics) -> String {
    for one in found.errors().into_iter().chain(found.warnings()) {
        one.source.range(one.span);
    }
    found.summary()
}

/// The Dockerfile of `pybuild init --from`.
pub fn dockerfile(bytes: &[u8]) {
    #[cfg(fuzzing)]
    if let Some(text) = text(bytes) {
        pybuild::cli::carried(text);
    }
    #[cfg(not(fuzzing))]
    let _ = bytes;
}
