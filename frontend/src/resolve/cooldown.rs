//! Checks that the selected files have been on their index for the time that the project requires.
//!
//! The clock decides only whether a build is refused. The bytes of an image never depend on it. Sources that
//! are not files of an index (repositories, URLs, folders) are pinned by the project itself and have no
//! upload time.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::choose;
use super::locate::Located;
use crate::diagnostics::{Diagnostics, Place, Problem};
use crate::lock::{Artifact, Location, Source, Timestamp};
use crate::pep508::Name;
use crate::project::Locked;
use crate::select::{Selected, Selection, Take};
use crate::spec::{Cooldown, Spec, in_words};

/// One day in seconds. From this age on, messages give the age in days.
const DAY: i64 = 24 * 60 * 60;

/// The current time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The time of `SOURCE_DATE_EPOCH`, which replaces the machine's clock.
    Fixed(Timestamp),
    /// The time of the machine's clock when it was read.
    Running(Timestamp),
}

impl Clock {
    /// The time `epoch` in seconds since 1970, or else the time of the machine's clock.
    pub fn new(epoch: Option<i64>) -> Self {
        epoch.map_or_else(Self::running, |seconds| Self::Fixed(Timestamp(seconds)))
    }

    fn running() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::Running(Timestamp(i64::try_from(since.as_secs()).unwrap_or(i64::MAX)))
    }

    /// The current time.
    pub fn now(self) -> Timestamp {
        match self {
            Self::Fixed(now) | Self::Running(now) => now,
        }
    }
}

/// The minimum age of the files that a resolver may select.
///
/// With the machine's clock the age is relative, such as `7 days`. So the resolver's step is the same every
/// day, and the engine caches its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The age, or the upload time of the newest allowed file, in the syntax of uv.
    pub newest: String,
    /// Packages without a minimum age.
    pub except: Vec<Name>,
}

impl Bound {
    /// The bound for a resolver; `None` if the project has no cooldown.
    pub(super) fn new(spec: &Spec, clock: Clock) -> Option<Self> {
        let cooldown = spec.dependencies.cooldown.as_ref()?;
        let newest = match clock {
            Clock::Running(_) => in_words(cooldown.seconds),
            Clock::Fixed(now) => {
                let wait = i64::try_from(cooldown.seconds).unwrap_or(i64::MAX);
                Timestamp(now.0.saturating_sub(wait)).rfc3339()
            }
        };
        Some(Self { newest, except: cooldown.except.iter().cloned().collect() })
    }

    /// The arguments of uv that set the bound.
    pub fn arguments(&self) -> Vec<String> {
        let except = self.except.iter().map(|name| format!("--exclude-newer-package={name}=false"));
        std::iter::once(format!("--exclude-newer={}", self.newest)).chain(except).collect()
    }
}

/// Reports every selected file that is younger at `now` than the project's cooldown. Also reports if the age
/// of files is unknown.
pub(super) fn check(
    selection: &Selection,
    located: Option<&Located>,
    locked: Option<&Locked>,
    spec: &Spec,
    now: Timestamp,
    found: &mut Diagnostics,
) {
    let Some(cooldown) = &spec.dependencies.cooldown else { return };
    let anywhere = || Place { source: Arc::clone(&spec.source), span: cooldown.span };
    let mut is_unknown = false;
    for entry in &selection.entries {
        let Some(file) = file(entry, located).filter(|_| !cooldown.except.contains(&entry.package.name))
        else {
            continue;
        };
        let Some(uploaded) = file.uploaded else {
            is_unknown = true;
            continue;
        };
        if let Some(problem) = too_young(&entry.package.label(), uploaded, cooldown, now) {
            let at = choose::place(entry, locked).unwrap_or_else(anywhere);
            found.report(&at.source, at.span, problem);
        }
    }
    if is_unknown {
        let lock =
            locked.map_or_else(|| "the index".to_owned(), |locked| format!("`{}`", locked.path.as_str()));
        found.report(&spec.source, cooldown.span, Problem::UploadTimeUnknown { from: lock });
    }
}

/// The installed file of an index, if there is one.
fn file<'a>(entry: &'a Selected, located: Option<&'a Located>) -> Option<&'a Artifact> {
    if !matches!(entry.package.source, Source::Index { .. }) {
        return None;
    }
    let on_index = || located.and_then(|located| located.file(&entry.package.name));
    match &entry.take {
        Take::Wheel(artifact) | Take::Sdist(artifact) => match artifact.location {
            Location::Index => on_index().or(Some(artifact)),
            Location::Url(_) | Location::Path(_) => Some(artifact),
        },
        Take::Release => on_index(),
        Take::Source => None,
    }
}

fn too_young(package: &str, uploaded: Timestamp, cooldown: &Cooldown, now: Timestamp) -> Option<Problem> {
    let wait = i64::try_from(cooldown.seconds).unwrap_or(i64::MAX);
    let old_enough = uploaded.0.saturating_add(wait);
    if now.0 >= old_enough {
        return None;
    }
    let age = now.0.saturating_sub(uploaded.0).max(0);
    // Messages round to whole days, or to whole hours below a day, because nobody waits for a minute.
    let age = if age >= DAY { age - age % DAY } else { age - age % (60 * 60) };
    Some(Problem::TooYoung {
        package: package.to_owned(),
        uploaded: uploaded.to_string(),
        age: in_words(u64::try_from(age).unwrap_or_default()),
        cooldown: in_words(cooldown.seconds),
        // The day after the moment, because the moment itself may lie within a day.
        until: Timestamp(old_enough.saturating_add(DAY - 1)).to_string(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::diagnostics::Span;

    fn problem(uploaded: &str, now: &str) -> Option<String> {
        let cooldown = Cooldown { seconds: 7 * 86_400, except: BTreeSet::new(), span: Span::default() };
        let moment = |text| Timestamp::parse(text).unwrap();
        too_young("six 1.17.0", moment(uploaded), &cooldown, moment(now)).map(|problem| problem.to_string())
    }

    #[test]
    fn a_file_is_installed_once_it_has_been_there_for_the_whole_time() {
        let uploaded = "2026-11-20T12:00:00Z";
        assert_eq!(problem(uploaded, "2026-11-27T12:00:00Z"), None);
        assert_eq!(
            problem(uploaded, "2026-11-27T11:59:59Z").as_deref(),
            Some("`six 1.17.0` was uploaded on 2026-11-20, 6 days ago; `cooldown` asks for 7 days")
        );
        assert_eq!(
            problem(uploaded, "2026-11-20T15:30:00Z").as_deref(),
            Some("`six 1.17.0` was uploaded on 2026-11-20, 3 hours ago; `cooldown` asks for 7 days")
        );
    }

    #[test]
    fn a_clock_that_is_behind_makes_nothing_old() {
        let text = problem("2026-11-20T12:00:00Z", "2001-01-01T00:00:00Z");
        assert_eq!(
            text.as_deref(),
            Some("`six 1.17.0` was uploaded on 2026-11-20, 0 days ago; `cooldown` asks for 7 days")
        );
    }
}
