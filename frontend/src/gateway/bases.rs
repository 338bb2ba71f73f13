//! Warnings about base images: `ONBUILD` triggers, which pybuild does not run, and a platform that differs
//! from the one the build asked for.

use std::collections::BTreeSet;
use std::sync::Arc;

use buildkit_llb::Platform;
use serde_json::Value;

use crate::diagnostics::{Diagnostics, Problem};
use crate::gateway::build_file::BuildFile;
use crate::gateway::images::Images;
use crate::gateway::report::span_of;
use crate::plan::{BasePlan, Plan};
use crate::reference::ImageReference;

/// The number of triggers that a warning shows, and the length of each in characters.
const MOST: (usize, usize) = (4, 60);

/// Warns about the base images of the stages of `plan`. `platform` is the platform that the build asked for,
/// if it asked for one.
pub(super) fn look(
    plan: &Plan,
    images: &Images,
    platform: Option<&Platform>,
    file: &BuildFile,
    found: &mut Diagnostics,
) {
    for reference in bases(plan) {
        let Some(image) = images.get(reference) else { continue };
        let name = reference.familiar();
        let problems = [triggered(&name, &image.config), other_platform(&name, &image.config, platform)];
        for problem in problems.into_iter().flatten() {
            found.report(&Arc::clone(&file.source), span_of(file, reference), problem);
        }
    }
}

fn triggered(name: &str, config: &Value) -> Option<Problem> {
    let triggers = triggers(config);
    let message = format!("image `{name}` has `ONBUILD` triggers, which are not run: {}", listed(&triggers));
    let help = vec![
        "write what they do into the build file: `run`, `copy` or `include` of a stage".to_owned(),
        "or take a base image without them".to_owned(),
    ];
    (!triggers.is_empty()).then_some(Problem::Lint { rule: "OnbuildNotRun", message, help })
}

/// Warns if the image is for another platform. A registry returns an image without an index to a client that
/// asks for any platform.
fn other_platform(name: &str, config: &Value, platform: Option<&Platform>) -> Option<Problem> {
    let platform = platform?;
    let of = |key: &str| config.get(key).and_then(Value::as_str).filter(|value| !value.is_empty());
    let (os, architecture) = (of("os")?, of("architecture")?);
    if os == platform.os && architecture == platform.architecture {
        return None;
    }
    let message =
        format!("image `{name}` is for {os}/{architecture}, and this build for {}", platform.format());
    let help = vec!["take an image that is made for it, or build for the platform of this one".to_owned()];
    Some(Problem::Lint { rule: "InvalidBaseImagePlatform", message, help })
}

fn bases(plan: &Plan) -> BTreeSet<&ImageReference> {
    let of_stages = plan.stages.iter().filter_map(|stage| match &stage.base {
        BasePlan::Image(reference) => Some(reference),
        BasePlan::Environment { .. } => plan.builder.as_ref()?.base.image(),
        BasePlan::Scratch | BasePlan::Stage(_) | BasePlan::Dockerfile(_) => None,
    });
    of_stages.collect()
}

fn triggers(config: &Value) -> Vec<&str> {
    let triggers = config.get("config").and_then(|config| config.get("OnBuild")).and_then(Value::as_array);
    triggers.into_iter().flatten().filter_map(Value::as_str).collect()
}

fn listed(triggers: &[&str]) -> String {
    let (most, length) = MOST;
    let shown = triggers.iter().take(most).map(|trigger| {
        let line = trigger.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(length) {
            Some((end, _)) => format!("`{}…`", line.get(..end).unwrap_or_default()),
            None => format!("`{line}`"),
        }
    });
    let mut shown: Vec<_> = shown.collect();
    if triggers.len() > most {
        shown.push(format!("and {} more", triggers.len() - most));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_an_image_for_another_platform_than_was_asked_for_is_warned_of() {
        let config = json!({ "os": "linux", "architecture": "amd64" });
        let told = |platform: Option<&Platform>| {
            other_platform("base:1", &config, platform).map(|problem| problem.to_string())
        };
        assert_eq!(told(None), None);
        assert_eq!(told(Some(&Platform::new("linux", "amd64"))), None);
        let expected = "image `base:1` is for linux/amd64, and this build for linux/arm64";
        assert_eq!(told(Some(&Platform::new("linux", "arm64"))).as_deref(), Some(expected));
        assert!(other_platform("base:1", &Value::Null, Some(&Platform::new("linux", "arm64"))).is_none());
    }

    #[test]
    fn triggers_are_named_on_one_line_and_long_lists_are_cut() {
        let config =
            json!({ "config": { "OnBuild": ["RUN a \\\n   b", format!("RUN {}", "x".repeat(80))] } });
        assert_eq!(listed(&triggers(&config)), format!("`RUN a \\ b`, `RUN {}…`", "x".repeat(56)));
        assert_eq!(listed(&["A", "B", "C", "D", "E", "F"]), "`A`, `B`, `C`, `D`, and 2 more");
        assert!(triggers(&json!({})).is_empty() && triggers(&Value::Null).is_empty());
    }
}
