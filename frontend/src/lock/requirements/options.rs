//! The options of requirements files, for whole files and for single requirements.

use std::collections::BTreeSet;

use super::super::artifact::{Index, IndexKind, Policy, Scope};
use super::super::location::{is_url, join};
use super::{Hashes, LockErrorKind, hash};
use crate::pep508::Name;

/// All options of a file and its includes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `--index-url`, `--extra-index-url` and `--find-links`, in order. Folders are relative to the context.
    pub indexes: Vec<Index>,
    /// `--no-index`
    pub no_index: bool,
    /// `--only-binary`
    pub only_wheels: Scope,
    /// `--no-binary`
    pub no_wheels: Scope,
    /// `--require-hashes`
    pub require_hashes: bool,
    /// `--pre`
    pub prereleases: bool,
    /// `--trusted-host`
    pub trusted_hosts: Vec<String>,
}

/// An option on a line of its own: its long name and its value. The value of a switch is empty.
pub type Setting = (&'static str, String);

/// The options after a requirement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OfRequirement {
    /// `--hash`
    pub hashes: Hashes,
    /// The names of options for the build of a source, such as `--config-settings`.
    pub of_build: Vec<&'static str>,
    /// The values of `--config-settings`.
    pub settings: Vec<String>,
}

/// The short name, the long name, and whether the option has a value.
const KNOWN: [(&str, &str, bool); 20] = [
    ("-r", "--requirement", true),
    ("-c", "--constraint", true),
    ("-e", "--editable", true),
    ("-i", "--index-url", true),
    ("", "--pypi-url", true),
    ("", "--extra-index-url", true),
    ("", "--no-index", false),
    ("-f", "--find-links", true),
    ("", "--no-binary", true),
    ("", "--only-binary", true),
    ("", "--prefer-binary", false),
    ("", "--require-hashes", false),
    ("", "--no-require-hashes", false),
    ("", "--pre", false),
    ("", "--all-releases", true),
    ("", "--only-final", true),
    ("", "--trusted-host", true),
    ("", "--use-feature", true),
    ("", "--no-use-wheel", false),
    ("-Z", "--always-unzip", false),
];

/// Options after a requirement. Each has a value.
const OF_REQUIREMENT: [(&str, &str); 5] = [
    ("", "--hash"),
    ("-C", "--config-settings"),
    ("", "--config-setting"),
    ("", "--global-option"),
    ("", "--install-option"),
];

/// Splits a line of options into words, in the same way as pip: quotes and backslashes have the meaning that
/// they have in a shell. `None` if a quote is not closed.
pub(super) fn words(text: &str) -> Option<Vec<String>> {
    let mut all = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"'), '\\') => {
                let next = characters.next()?;
                let kept = word.get_or_insert_default();
                if !matches!(next, '"' | '\\') {
                    kept.push('\\');
                }
                kept.push(next);
            }
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().push(characters.next()?),
            (None, c) if c.is_whitespace() => all.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    all.extend(word);
    quote.is_none().then_some(all)
}

/// Reads the options of a line that begins with an option.
pub(super) fn settings(line: &str) -> Result<Vec<Setting>, LockErrorKind> {
    let words = words(line).ok_or(LockErrorKind::OpenQuote)?;
    let mut words = words.into_iter();
    let mut all = Vec::new();
    while let Some(word) = words.next() {
        let (name, attached) = match word.split_once('=') {
            Some((name, value)) if word.starts_with("--") => (name, Some(value.to_owned())),
            _ => (word.as_str(), None),
        };
        let known =
            KNOWN.iter().find(|(short, long, _)| *long == name || (!short.is_empty() && *short == name));
        // A short option may be joined with its value.
        let short = || {
            KNOWN
                .iter()
                .find(|(short, _, _)| !short.is_empty() && !name.starts_with("--") && name.starts_with(short))
        };
        let (known, attached) = match (known, short()) {
            (Some(known), _) => (known, attached),
            (None, Some(known)) => {
                let value = word.get(known.0.len()..).unwrap_or_default();
                (known, Some(value.strip_prefix('=').unwrap_or(value).to_owned()))
            }
            (None, None) => return Err(LockErrorKind::Option { option: name.to_owned() }),
        };
        let (_, long, has_value) = *known;
        let value = match (has_value, attached) {
            (true, Some(value)) => value,
            (true, None) => words.next().unwrap_or_default(),
            (false, None) => String::new(),
            (false, Some(_)) => return Err(LockErrorKind::OptionWithoutValue { option: long.to_owned() }),
        };
        if has_value && value.is_empty() {
            return Err(LockErrorKind::OptionValue { option: long.to_owned() });
        }
        all.push((long, value));
    }
    Ok(all)
}

/// Reads the options after a requirement.
pub(super) fn of_requirement(text: &str) -> Result<OfRequirement, LockErrorKind> {
    let mut found = OfRequirement::default();
    let words = words(text).ok_or(LockErrorKind::OpenQuote)?;
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        let known = OF_REQUIREMENT.iter().find(|(short, long)| *long == name || *short == name);
        let Some((_, long)) = known else {
            return Err(LockErrorKind::Option { option: name.to_owned() });
        };
        let value = value.or_else(|| words.next());
        let value = value.ok_or_else(|| LockErrorKind::OptionValue { option: name.to_owned() })?;
        if *long == "--hash" {
            found.hashes.insert(hash(&value)?);
        } else {
            found.of_build.push(long);
            if long.starts_with("--config-setting") {
                found.settings.push(value);
            }
        }
    }
    Ok(found)
}

impl Options {
    /// Applies a setting of a file in the folder `base`. `exists` tells whether a path of the context exists.
    pub(super) fn set(
        &mut self,
        (name, value): &Setting,
        base: &str,
        exists: &dyn Fn(&str) -> bool,
    ) -> Result<(), LockErrorKind> {
        match *name {
            "--index-url" | "--pypi-url" => {
                self.indexes.retain(|index| index.kind != IndexKind::Main);
                self.indexes.insert(0, Index::new(None, value.clone(), IndexKind::Main));
            }
            "--extra-index-url" => self.add(value.clone(), IndexKind::Extra),
            "--find-links" => self.add(links(value, base, exists), IndexKind::Links),
            "--no-index" => self.no_index = true,
            "--no-binary" => widen(&mut self.no_wheels, value)?,
            "--only-binary" => widen(&mut self.only_wheels, value)?,
            "--no-use-wheel" => self.no_wheels = Scope::All,
            "--require-hashes" => self.require_hashes = true,
            "--pre" => self.prereleases = true,
            "--all-releases" if value == ":all:" => self.prereleases = true,
            "--trusted-host" => self.trusted_hosts.push(value.clone()),
            // The other options have no effect if versions and files are locked.
            _ => {}
        }
        Ok(())
    }

    fn add(&mut self, url: String, kind: IndexKind) {
        let index = Index::new(None, url, kind);
        if !self.indexes.contains(&index) {
            self.indexes.push(index);
        }
    }

    pub(super) fn policy(&self) -> Policy {
        Policy {
            only_wheels: self.only_wheels.clone(),
            no_wheels: self.no_wheels.clone(),
            no_index: self.no_index,
        }
    }
}

/// The target of `--find-links`: a URL, or a path of the context. As in pip, a path is relative to the folder
/// of its file if it exists there. Otherwise it is relative to the folder in which pip is started, which is
/// the root of the context.
pub fn links(value: &str, base: &str, exists: &dyn Fn(&str) -> bool) -> String {
    if is_url(value) || value.starts_with("file:") {
        return value.to_owned();
    }
    let beside = join(base, value);
    if exists(&beside) { beside } else { join("", value) }
}

/// Adds `:all:`, `:none:` or names.
fn widen(scope: &mut Scope, value: &str) -> Result<(), LockErrorKind> {
    for word in value.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        match word {
            ":all:" => *scope = Scope::All,
            ":none:" => *scope = Scope::Only(BTreeSet::new()),
            name => {
                let name = Name::new(name)?;
                if let Scope::Only(names) = scope {
                    names.insert(name);
                }
            }
        }
    }
    Ok(())
}
