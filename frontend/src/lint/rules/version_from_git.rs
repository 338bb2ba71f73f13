//! Warns of projects that read their version from git if a build has no git data.

use crate::lint::{Look, Rule, Sink, Subject};
use crate::plan::{Action, Plan};
use crate::project::ContextError;
use crate::spec::ContextPath;

pub(super) const RULE: Rule = Rule {
    id: "VersionFromGit",
    summary: "The build backend asks git for the version, and there is no git to ask.",
    look: Look::Files(look),
};

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) -> Result<(), ContextError> {
    let Some(asking) = &subject.project.version_from_git else { return Ok(()) };
    if subject.spec.app.version.is_some() || !subject.plans.iter().any(builds) {
        return Ok(());
    }
    let missing = match (sees_repository(subject)?, has_git(subject)) {
        (true, true) => return Ok(()),
        (false, true) => "does not see `.git`",
        (true, false) => "has no git",
        (false, false) => "has no git and does not see `.git`",
    };
    let message = format!("`{}` asks git for the version, and the build {missing}", asking.by);
    let mut help = Vec::new();
    if asking.can_be_given() {
        help.push(
            "give it the version: `version = \"${VERSION}\"` in [app], `VERSION = \"0.0.0\"` in [args], and \
             `--build-arg VERSION=…`"
                .to_owned(),
        );
    }
    help.push(
        "let it ask: `build = [\"git\"]` in [system], and a `.dockerignore` that does not name `.git`"
            .to_owned(),
    );
    sink.warn_in(&asking.source, asking.span, message, help);
    Ok(())
}

/// Whether the project is built, or installed from its sources.
fn builds(plan: &Plan) -> bool {
    let steps = plan.stages.iter().flat_map(|stage| &stage.steps);
    let mut actions = steps.map(|step| &step.action);
    actions.any(|action| matches!(action, Action::Project { .. } | Action::Editable { .. }))
}

/// Whether the git repository is part of the context. A single file of it is enough evidence.
fn sees_repository(subject: &Subject<'_>) -> Result<bool, ContextError> {
    let Some(head) = ContextPath::parse(".git/HEAD") else { return Ok(false) };
    Ok(!subject.files.ignored.patterns.matches(head.as_str()) && subject.files.context.kind(&head)?.is_some())
}

/// Whether the builder has git. Of the official Python images, only the small ones are known to have no git.
fn has_git(subject: &Subject<'_>) -> bool {
    let system = &subject.spec.system;
    let named =
        |name: &str| name == "git" || name.strip_prefix("git").is_some_and(|rest| rest.starts_with('='));
    if system.packages.iter().chain(&system.build).any(|package| named(&package.value)) {
        return true;
    }
    let mut bases = subject.plans.iter().filter_map(|plan| plan.builder.as_ref()?.base.image());
    !bases.any(|base| {
        let tag = base.tag().unwrap_or_default();
        base.familiar_name() == "python" && (tag.contains("slim") || tag.contains("alpine"))
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::warnings;

    const PROJECT: &str = "[project]\nname = \"x\"\ndynamic = [\"version\"]\nrequires-python = \">=3.12\"\n\
        [build-system]\nrequires = [\"hatchling\", \"hatch-vcs>=0.4\"]\n";
    const SHOWN: (&str, &str) = (".dockerignore", "dist\n");
    const HEAD: (&str, &str) = (".git/HEAD", "ref: refs/heads/main\n");

    fn told(file: &str, more: &[(&'static str, &'static str)]) -> Vec<String> {
        let file = format!("python.version = \"3.13\"\n{file}\n[stage.production]\ncommand = [\"x\"]\n");
        let context = [&[("pyproject.toml", PROJECT)], more].concat();
        let all = warnings(&file, &context).into_iter();
        all.filter(|line| line.contains("VersionFromGit")).collect()
    }

    #[test]
    fn what_is_missing_is_told() {
        let said = |missing: &str| {
            [format!(
                "pyproject.toml:6: VersionFromGit: `hatch-vcs` asks git for the version, and the build {missing}"
            )]
        };
        assert_eq!(told("", &[HEAD]), said("has no git and does not see `.git`"));
        assert_eq!(told("", &[HEAD, SHOWN]), said("has no git"));
        assert_eq!(told("system.build = [\"git\"]", &[HEAD]), said("does not see `.git`"));
        assert_eq!(told("system.build = [\"git\"]", &[SHOWN]), said("does not see `.git`"));
    }

    #[test]
    fn who_has_the_version_or_can_ask_is_told_nothing() {
        let nothing = Vec::<String>::new();
        assert_eq!(told("app.version = \"1.0\"", &[]), nothing);
        assert_eq!(told("app.package = false", &[]), nothing);
        assert_eq!(told("system.build = [\"git=1:2.*\"]", &[HEAD, SHOWN]), nothing);
        assert_eq!(told("python.build-base = \"python:3.13\"", &[HEAD, SHOWN]), nothing);
    }
}
