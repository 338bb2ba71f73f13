//! The progress of a build: steps, whether they ran or came from the cache, logs and warnings.
//!
//! It is read from `--progress rawjson`: a JSON object on each line (older clients use several lines), each
//! with changes. A step can occur several times. The last values are valid.

use std::collections::BTreeMap;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::command::stdout;
use crate::failure::Result;

/// One step of a build.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Step {
    /// The digest of its definition.
    pub digest: String,
    /// The digests of the steps it depends on.
    pub inputs: Vec<String>,
    /// As shown to the user, with its stage and platform.
    pub name: String,
    /// RFC 3339 in UTC; absent if it never started.
    pub started: Option<String>,
    /// RFC 3339 in UTC; absent if it never ended.
    pub completed: Option<String>,
    /// Whether its result was taken from the cache.
    pub cached: bool,
    /// Why it failed.
    pub error: String,
    /// The group it is shown in.
    #[serde(rename = "progressGroup")]
    pub group: Option<Group>,
    /// Whether it began before the build that reports it: an engine tells of a step that another build has
    /// run as long as that build goes on.
    #[serde(skip)]
    pub is_anothers: bool,
}

/// Steps that are shown as one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Group {
    /// Unlike the name, unique.
    pub id: String,
    /// As shown.
    pub name: String,
}

/// How the error of a step ends that is not needed any more.
const GIVEN_UP: &str = "context canceled";

impl Step {
    /// Whether it did its work in this build. An engine that has found a later step's result gives up those
    /// before it while it still looks for theirs.
    pub fn ran(&self) -> bool {
        self.started.is_some() && !self.cached && !self.is_anothers && !self.error.ends_with(GIVEN_UP)
    }

    /// Whether both steps were at work at the same time. Only steps that ran to their end do.
    pub fn overlaps(&self, other: &Self) -> bool {
        let span = |step: &Self| Some((instant(step.started.as_ref()?)?, instant(step.completed.as_ref()?)?));
        match (span(self), span(other)) {
            (Some((start, end)), Some((other_start, other_end))) => start < other_end && other_start < end,
            _ => false,
        }
    }
}

/// An RFC 3339 time in UTC as something that sorts: fractions come with any number of digits, or none.
fn instant(text: &str) -> Option<(String, u64)> {
    let text = text.strip_suffix('Z')?;
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let nanoseconds = format!("{fraction:0<9}").parse().ok()?;
    Some((seconds.to_owned(), nanoseconds))
}

/// Something worth knowing that did not stop the build.
#[derive(Clone, Debug)]
pub struct Warning {
    /// One line.
    pub short: String,
    /// Further lines.
    pub detail: Vec<String>,
    /// The lines of the build file, from 1, that it is about.
    pub lines: Vec<u32>,
    /// A page about it.
    pub url: String,
}

/// Everything that a build reported.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    steps: BTreeMap<String, Step>,
    order: Vec<String>,
    logs: BTreeMap<String, Vec<u8>>,
    /// When the build began.
    began: Option<(String, u64)>,
    /// The lines so far of an object that older clients spread over several.
    partial: String,
    /// In the order in which they came.
    pub warnings: Vec<Warning>,
}

impl Progress {
    /// That of a build that begins now.
    ///
    /// # Errors
    /// If the machine does not tell the time.
    pub fn from_now() -> Result<Self> {
        let now = stdout(Command::new("date").args(["--utc", "+%Y-%m-%dT%H:%M:%S.%NZ"]))?;
        Ok(Self { began: instant(now.trim()), ..Self::default() })
    }

    /// Takes in one line; tells whether it was one of ours.
    pub fn read_line(&mut self, line: &str) -> bool {
        if line == "{" || !self.partial.is_empty() {
            self.partial.push_str(line);
            if line != "}" {
                return true;
            }
            let whole = std::mem::take(&mut self.partial);
            return self.read_object(&whole);
        }
        line.starts_with('{') && self.read_object(line)
    }

    fn read_object(&mut self, object: &str) -> bool {
        let Ok(status) = serde_json::from_str::<Status>(object) else {
            return false;
        };
        for step in status.vertexes.unwrap_or_default() {
            self.update(step);
        }
        for log in status.logs.unwrap_or_default() {
            self.logs.entry(log.vertex).or_default().extend(decoded(&log.data));
        }
        for warning in status.warnings.unwrap_or_default() {
            self.warnings.push(Warning {
                short: text(&decoded(&warning.short)),
                detail: warning.detail.unwrap_or_default().iter().map(|line| text(&decoded(line))).collect(),
                lines: warning.range.unwrap_or_default().iter().map(|range| range.start.line).collect(),
                url: warning.url.unwrap_or_default(),
            });
        }
        true
    }

    fn update(&mut self, mut step: Step) {
        let started = step.started.as_deref().and_then(instant);
        step.is_anothers = started.is_some() && started < self.began;
        if let Some(known) = self.steps.get_mut(&step.digest) {
            // A step that is both wanted and found in the cache is reported twice; once cached, it is.
            let cached = known.cached || step.cached;
            let group = step.group.clone().or_else(|| known.group.clone());
            *known = Step { cached, group, ..step };
        } else {
            self.order.push(step.digest.clone());
            self.steps.insert(step.digest.clone(), step);
        }
    }

    /// All steps, in the order in which they were first heard of.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.order.iter().filter_map(|digest| self.steps.get(digest))
    }

    /// The steps whose name contains `text`.
    pub fn named(&self, text: &str) -> Vec<&Step> {
        self.steps().filter(|step| step.name.contains(text)).collect()
    }

    /// What a step printed, standard output and error together.
    pub fn log_of(&self, step: &Step) -> String {
        self.logs.get(&step.digest).map(|log| text(log)).unwrap_or_default()
    }

    /// What all steps printed.
    pub fn logs(&self) -> String {
        self.logs.values().map(|log| text(log)).collect()
    }
}

fn decoded(data: &str) -> Vec<u8> {
    STANDARD.decode(data).unwrap_or_default()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    vertexes: Option<Vec<Step>>,
    #[serde(rename = "statuses")]
    _statuses: Option<Vec<serde_json::Value>>,
    logs: Option<Vec<Log>>,
    warnings: Option<Vec<RawWarning>>,
}

#[derive(Deserialize)]
struct Log {
    vertex: String,
    #[serde(default)]
    data: String,
}

#[derive(Deserialize)]
struct RawWarning {
    #[serde(default)]
    short: String,
    detail: Option<Vec<String>>,
    url: Option<String>,
    range: Option<Vec<RawRange>>,
}

#[derive(Deserialize)]
struct RawRange {
    start: RawPosition,
}

#[derive(Deserialize)]
struct RawPosition {
    #[serde(default)]
    line: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_step_says_last_holds() {
        let mut progress = Progress::default();
        assert!(progress.read_line(
            r#"{"vertexes":[{"digest":"sha256:a","name":"pip: requirements.txt","started":"2026-01-01T00:00:01.5Z"}]}"#
        ));
        assert!(
            progress.read_line(
                r#"{"logs":[{"vertex":"sha256:a","stream":1,"data":"aGVsbG8K","timestamp":"x"}]}"#
            )
        );
        assert!(progress.read_line(
            r#"{"vertexes":[{"digest":"sha256:a","name":"pip: requirements.txt","started":"2026-01-01T00:00:01.5Z","completed":"2026-01-01T00:00:03Z"}]}"#
        ));
        assert!(!progress.read_line("ERROR: failed to solve"));
        let [step] = progress.named("pip: ")[..] else { panic!("one step") };
        assert!(step.ran());
        assert_eq!(progress.log_of(step), "hello\n");
    }

    #[test]
    fn a_step_that_began_before_the_build_is_anothers() {
        let began = instant("2026-01-01T00:00:02.25Z");
        for (started, ran) in [("01.9", false), ("02.249", false), ("02.3", true), ("02.25", true)] {
            let mut progress = Progress { began: began.clone(), ..Progress::default() };
            let started = format!("2026-01-01T00:00:{started}Z");
            let line =
                format!(r#"{{"vertexes":[{{"digest":"sha256:a","name":"x","started":"{started}"}}]}}"#);
            assert!(progress.read_line(&line));
            assert_eq!(progress.named("x")[0].ran(), ran, "{started}");
        }
    }

    #[test]
    fn a_step_that_was_given_up_has_not_run() {
        for (error, ran) in [("x: context canceled", false), ("exit code: 1", true)] {
            let mut progress = Progress::default();
            let line = format!(
                r#"{{"vertexes":[{{"digest":"sha256:a","name":"x","started":"2026-01-01T00:00:01Z","error":"{error}"}}]}}"#
            );
            assert!(progress.read_line(&line));
            assert_eq!(progress.named("x")[0].ran(), ran, "{error}");
        }
    }

    #[test]
    fn an_object_may_be_spread_over_lines() {
        let mut progress = Progress::default();
        for line in [
            "{",
            "  \"vertexes\": [",
            "    {",
            "      \"digest\": \"sha256:a\", \"name\": \"x\"",
            "    }",
            "  ]",
            "}",
        ] {
            assert!(progress.read_line(line), "{line}");
        }
        assert_eq!(progress.named("x").len(), 1);
        assert!(!progress.read_line("ERROR: failed to solve"));
    }

    #[test]
    fn overlap_looks_at_fractions_of_any_length() {
        let step = |started: &str, completed: &str| Step {
            started: Some(format!("2026-01-01T00:00:{started}Z")),
            completed: Some(format!("2026-01-01T00:00:{completed}Z")),
            ..Step::default()
        };
        assert!(step("01", "03.5").overlaps(&step("03.45", "04")));
        assert!(!step("01", "03.45").overlaps(&step("03.5", "04")));
    }
}
