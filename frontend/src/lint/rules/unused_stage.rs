//! Warns of stages that exist only for other stages, if no other stage uses them.

use crate::lint::{Look, Rule, Sink, Subject};
use crate::spec::{BUILT_IN_STAGES, Base, Stage};

pub(super) const RULE: Rule = Rule {
    id: "UnusedStage",
    summary: "A stage makes files that no other stage copies.",
    look: Look::Known(look),
};

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    let spec = subject.spec;
    let one = match subject.plans {
        [only] => Some(only.target.as_str()),
        _ => None,
    };
    for stage in spec.stages.values().filter(|stage| makes_files_alone(stage)) {
        let name = stage.name.as_str();
        let used =
            spec.stages.values().any(|other| spec.needs(other).iter().any(|(needed, _)| *needed == name));
        if used || one == Some(name) {
            continue;
        }
        let message = format!("no other stage uses `{name}`, and its image has nothing to run");
        let help = vec![
            format!("copy what it makes: `copy = [{{ from = \"{name}\", path = \"/…\", to = \"…\" }}]`"),
            "or say what its image runs: `command`".to_owned(),
        ];
        sink.warn(stage.span, message, help);
    }
}

/// Whether a stage seems to make only files for other stages: it starts from a foreign image, runs commands,
/// and has no checks and no settings of a running container. A stage on `scratch` is for `--output`.
fn makes_files_alone(stage: &Stage) -> bool {
    let foreign =
        stage.from.as_ref().is_some_and(|from| matches!(from.value, Base::Image(_) | Base::Dockerfile(_)));
    let image = &stage.image;
    let runs = image.command.is_some()
        || image.entrypoint.is_some()
        || image.healthcheck.is_some()
        || image.user.is_some()
        || !image.expose.is_empty()
        || !image.labels.is_empty();
    foreign
        && !runs
        && !stage.run.is_empty()
        && stage.checks.is_empty()
        && !BUILT_IN_STAGES.contains(&stage.name.as_str())
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::warnings;

    #[test]
    fn a_stage_that_makes_files_wants_somebody_to_copy_them() {
        let of = |more: &str| {
            let head = "python.version = \"3.13\"\ndependencies.requirements = []\n\
                [stage.assets]\nfrom = \"node:22-slim\"\nrun = \"npm run build\"\n";
            warnings(&format!("{head}{more}"), &[])
        };
        let message = "3: UnusedStage: no other stage uses `assets`, and its image has nothing to run";
        assert_eq!(of(""), [message]);
        assert_eq!(of("command = [\"node\"]\n"), Vec::<String>::new());
        let copied = of("[stage.production]\ncopy = [{ from = \"assets\", path = \"/x\" }]\n");
        assert_eq!(copied, Vec::<String>::new());
        let export = "[stage.production]\ncopy = [{ from = \"assets\", path = \"/x\" }]\n[stage.files]\nfrom = \"scratch\"\n";
        assert_eq!(of(export), Vec::<String>::new());
    }
}
