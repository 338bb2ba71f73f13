//! The options of requirements files, for whole files and for single requirements.

use std::collections::BTreeSet;

use super::super::artifact::{Index, IndexKind, Policy, Scope};
use super::super::location::{is_url, join};
use super::{Hashes, LockErrorKind, hash};
use crate::pep508::Name;

/// What the options of a file and its includes say together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `--index-url`, `--extra-index-url` and `--find-links`, in order; folders relative to the context.
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

/// An option that stands on a line of its own.
pub(super) enum Setting {
    /// `-r` and `-c`
    Include {
        /// The file, relative to the one that includes it.
        path: String,
        /// Whether it holds constraints.
        constraints: bool,
    },
    /// `-e`
    Editable(String),
    /// Any other: its long name and value.
    Other((&'static str, String)),
}

/// What the options after a requirement say.
pub(super) struct Parsed {
    pub(super) hashes: Hashes,
    pub(super) settings: Vec<String>,
}

/// Short and long name, and whether a value follows.
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
    ("", "--always-unzip", false),
];

/// Reads an option line.
pub(super) fn option(line: &str) -> Result<Setting, LockErrorKind> {
    let word =
        line.split(|character: char| character.is_whitespace() || character == '=').next().unwrap_or(line);
    let known = KNOWN.iter().find(|(short, long, _)| *long == word || (!short.is_empty() && *short == word));
    // A short option may be written together with its value.
    let attached = || {
        KNOWN
            .iter()
            .find(|(short, _, _)| !short.is_empty() && !word.starts_with("--") && word.starts_with(short))
    };
    let (length, (_, long, has_value)) = match known {
        Some(known) => (word.len(), known),
        None => match attached() {
            Some(known) => (known.0.len(), known),
            None => return Err(LockErrorKind::Option { option: word.to_owned() }),
        },
    };
    let value = line.get(length..).unwrap_or_default().trim().trim_start_matches('=').trim();
    let value = unquoted(value);
    if *has_value && value.is_empty() {
        return Err(LockErrorKind::OptionValue { option: (*long).to_owned() });
    }
    Ok(match *long {
        "--requirement" => Setting::Include { path: value.to_owned(), constraints: false },
        "--constraint" => Setting::Include { path: value.to_owned(), constraints: true },
        "--editable" => Setting::Editable(value.to_owned()),
        long => Setting::Other((long, value.to_owned())),
    })
}

/// Reads the options after a requirement: hashes, and settings of its build.
pub(super) fn of_requirement(text: &str) -> Result<Parsed, LockErrorKind> {
    let (mut hashes, mut settings) = (Hashes::default(), Vec::new());
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        if !matches!(name, "--hash" | "--config-settings" | "--config-setting" | "-C") {
            return Err(LockErrorKind::Option { option: name.to_owned() });
        }
        let value = value.or_else(|| words.next());
        let value = value.ok_or_else(|| LockErrorKind::OptionValue { option: name.to_owned() })?;
        if name == "--hash" {
            hashes.insert(hash(unquoted(value))?);
        } else {
            settings.push(unquoted(value).to_owned());
        }
    }
    Ok(Parsed { hashes, settings })
}

fn unquoted(text: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner;
        }
    }
    text
}

impl Options {
    /// Takes over one setting of a file in the folder `base`.
    pub(super) fn set(&mut self, (name, value): (&str, String), base: &str) -> Result<(), LockErrorKind> {
        match name {
            "--index-url" | "--pypi-url" => {
                self.indexes.retain(|index| index.kind != IndexKind::Main);
                self.indexes.insert(0, Index::new(None, value, IndexKind::Main));
            }
            "--extra-index-url" => self.add(value, IndexKind::Extra),
            "--find-links" => {
                let url =
                    if is_url(&value) || value.starts_with("file:") { value } else { join(base, &value) };
                self.add(url, IndexKind::Links);
            }
            "--no-index" => self.no_index = true,
            "--no-binary" => widen(&mut self.no_wheels, &value)?,
            "--only-binary" => widen(&mut self.only_wheels, &value)?,
            "--no-use-wheel" => self.no_wheels = Scope::All,
            "--require-hashes" => self.require_hashes = true,
            "--pre" => self.prereleases = true,
            "--trusted-host" => self.trusted_hosts.push(value),
            // The others change nothing where versions and files are locked.
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
