//! The installed packages, in a form for both the tools and pybuild.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::failure::Failure;

/// The answer of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// These packages.
    Packages(BTreeMap<String, Installed>),
    /// A refusal, with the reason.
    Refused(String),
}

/// A package that is installed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Installed {
    /// Its version; empty where a side does not say it.
    pub(crate) version: String,
    /// The file or tree that it is from; empty where a side does not say it.
    pub(crate) origin: String,
}

impl Answer {
    /// What an environment has: each package says in a file `ORIGIN` where it is from.
    pub(crate) fn of_environment(packages: &Path, not: &str) -> Result<Self, Failure> {
        let shown = packages.display().to_string();
        let mut found = BTreeMap::new();
        for entry in std::fs::read_dir(packages).map_err(Failure::io(shown))?.filter_map(Result::ok) {
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some((name, version)) = name.strip_suffix(".dist-info").and_then(|stem| stem.split_once('-'))
            else {
                continue;
            };
            let origin = std::fs::read_to_string(entry.path().join("ORIGIN")).unwrap_or_default();
            let name = name.replace('_', "-");
            if name != not {
                found.insert(name, Installed { version: version.to_owned(), origin });
            }
        }
        Ok(Self::Packages(found))
    }

    /// How another answer differs, in lines; nothing where it does not. Two refusals agree, whatever they
    /// say.
    pub(crate) fn difference(&self, tool: &str, ours: &Self) -> Option<String> {
        match (self, ours) {
            (Self::Refused(_), Self::Refused(_)) => None,
            (Self::Refused(why), Self::Packages(_)) => {
                Some(format!("{tool} refuses and pybuild does not:\n{}", why.trim_end()))
            }
            (Self::Packages(_), Self::Refused(why)) => {
                Some(format!("pybuild refuses and {tool} does not:\n{}", why.trim_end()))
            }
            (Self::Packages(theirs), Self::Packages(ours)) => {
                let names: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
                let lines = names.into_iter().filter_map(|name| {
                    let (theirs, ours) = (theirs.get(name), ours.get(name));
                    if let (Some(theirs), Some(ours)) = (theirs, ours)
                        && agree(&theirs.version, &ours.version)
                        && agree(&theirs.origin, &ours.origin)
                    {
                        return None;
                    }
                    (theirs != ours)
                        .then(|| format!("{name}: {tool} has {}, pybuild {}", shown(theirs), shown(ours)))
                });
                let lines: Vec<String> = lines.collect();
                (!lines.is_empty()).then(|| lines.join("\n"))
            }
        }
    }
}

fn agree(theirs: &str, ours: &str) -> bool {
    theirs.is_empty() || ours.is_empty() || theirs == ours
}

fn shown(installed: Option<&Installed>) -> String {
    installed.map_or_else(|| "nothing".to_owned(), |one| format!("{} from `{}`", one.version, one.origin))
}
