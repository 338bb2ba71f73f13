//! Warns if several tools have locks with different content. Only one lock is installed.

use std::collections::{BTreeMap, BTreeSet};

use crate::lint::{Look, Rule, Sink, Subject};
use crate::lock::{self, Format, Input, Lock};
use crate::pep508::Name;
use crate::project::{ContextError, LOCKS};
use crate::spec::ContextPath;

pub(super) const RULE: Rule = Rule {
    id: "SeveralLocks",
    summary: "Two locks have different versions, and the build file does not say which is meant.",
    look: Look::Files(look),
};

/// The largest number of packages in a warning.
const MOST: usize = 3;

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) -> Result<(), ContextError> {
    let dependencies = &subject.spec.dependencies;
    let Some(used) = &subject.project.locked else { return Ok(()) };
    // A user who names a lock has made a choice.
    if dependencies.lock.is_some() || dependencies.requirements.is_some() {
        return Ok(());
    }
    let installed = versions(&used.lock);
    for name in LOCKS.into_iter().chain(["requirements.txt"]).filter(|name| *name != used.path.as_str()) {
        let Some(other) = read(subject, name)? else { continue };
        let other = versions(&other);
        let differing = installed.iter().filter_map(|(package, here)| {
            let there = other.get(package)?;
            here.is_disjoint(there).then(|| format!("`{package}` {} and {}", first(here), first(there)))
        });
        let differing: Vec<String> = differing.collect();
        if differing.is_empty() {
            continue;
        }
        let mut shown: Vec<_> = differing.iter().take(MOST).cloned().collect();
        if differing.len() > MOST {
            shown.push(format!("and {} more", differing.len() - MOST));
        }
        let used = used.path.as_str();
        let message = format!("{used} is installed, and {name} has other versions: {}", shown.join(", "));
        let help = vec![
            format!("remove {name}, or lock again with its tool"),
            format!("or say which is meant: `[dependencies]` with `lock = \"{used}\"`"),
        ];
        sink.warn(subject.spec.anywhere(), message, help);
    }
    Ok(())
}

/// Reads a lock beside the installed lock. A file that cannot be read as a lock is skipped.
fn read(subject: &Subject<'_>, name: &str) -> Result<Option<Lock>, ContextError> {
    let Some(path) = ContextPath::parse(name) else { return Ok(None) };
    if subject.files.ignored.patterns.matches(name) {
        return Ok(None);
    }
    let Some(text) = subject.files.read_any(&path)? else { return Ok(None) };
    let manifest =
        ContextPath::parse("pyproject.toml").map(|path| subject.files.read_any(&path)).transpose()?;
    let manifest = manifest.flatten();
    let read = |_: &str| Err(String::new());
    let exists = |path: &str| subject.files.exists(path);
    let format = Format::of_file(name).unwrap_or(Format::Requirements);
    let pyproject = manifest.as_ref().map(|source| source.text.as_str());
    let input = Input { path: name, text: &text.text, pyproject, read: &read, exists: &exists };
    Ok(lock::parse(format, &input).ok())
}

fn versions(lock: &Lock) -> BTreeMap<&Name, BTreeSet<String>> {
    let mut all: BTreeMap<&Name, BTreeSet<String>> = BTreeMap::new();
    for package in &lock.packages {
        if let Some(version) = &package.version {
            all.entry(&package.name).or_default().insert(version.to_string());
        }
    }
    all
}

fn first(versions: &BTreeSet<String>) -> &str {
    versions.first().map(String::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::warnings;

    const HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

    fn requirements(version: &str) -> &'static str {
        Box::leak(format!("six=={version} --hash=sha256:{HASH}\n").into_boxed_str())
    }

    fn pipfile(version: &str) -> &'static str {
        let text = format!(
            r#"{{ "_meta": {{ "hash": {{}}, "pipfile-spec": 6, "sources": [] }},
                "default": {{ "six": {{ "hashes": ["sha256:{HASH}"], "version": "=={version}" }} }}, "develop": {{}} }}"#
        );
        Box::leak(text.into_boxed_str())
    }

    #[test]
    fn two_locks_with_other_versions_are_told_of_unless_one_is_named() {
        let files = |one: &str, other: &str| {
            [("Pipfile.lock", pipfile(one)), ("requirements.txt", requirements(other))]
        };
        let of = |file: &str, files: &[(&'static str, &'static str)]| {
            let all = warnings(&format!("python.version = \"3.13\"\n{file}"), files);
            all.into_iter().filter(|line| line.contains("SeveralLocks")).collect::<Vec<_>>()
        };
        let told = "1: SeveralLocks: Pipfile.lock is installed, and requirements.txt has other versions: `six` 1.16.0 and 1.17.0";
        assert_eq!(of("", &files("1.16.0", "1.17.0")), [told]);
        assert_eq!(of("", &files("1.17.0", "1.17.0")), Vec::<String>::new());
        let named = "dependencies.lock = \"Pipfile.lock\"\n";
        assert_eq!(of(named, &files("1.16.0", "1.17.0")), Vec::<String>::new());
    }
}
