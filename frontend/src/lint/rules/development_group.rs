//! Warns of development tools in shipped images.

use crate::diagnostics::Span;
use crate::lint::{Look, Rule, Sink, Subject};
use crate::project::normalized;

pub(super) const RULE: Rule = Rule {
    id: "DevelopmentGroupShipped",
    summary: "An image that ships has a dependency group for development.",
    look: Look::Known(look),
};

/// Usual names of groups with development tools.
const DEVELOPMENT: [&str; 14] = [
    "dev",
    "develop",
    "development",
    "test",
    "tests",
    "testing",
    "lint",
    "linting",
    "lints",
    "typing",
    "type-check",
    "typecheck",
    "mypy",
    "ci",
];

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    let is_development = |name: &str| DEVELOPMENT.contains(&normalized(name).as_str());
    let mut assembled = false;
    let mut warn = |span: Span, what: &str, name: &str| {
        let message = format!("{what} ships `{name}`, which is for development");
        let help = vec!["leave it to `dev` and `test`, which install it by themselves".to_owned()];
        sink.warn(span, message, help);
    };
    for stage in subject.shipped() {
        for stage in subject.chain(stage) {
            assembled |= stage.is_assembled();
            for group in stage.groups.iter().flatten().filter(|group| is_development(&group.value)) {
                warn(group.span, &format!("stage `{}`", stage.name), &group.value);
            }
        }
    }
    let extras = subject.spec.dependencies.extras.iter();
    for extra in extras.filter(|extra| assembled && is_development(&extra.value)) {
        warn(extra.span, "every stage", &extra.value);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::warnings;

    #[test]
    fn groups_for_development_do_not_ship() {
        let context = [("requirements-dev.txt", "pytest==9.0.0\n")];
        let file = "python.version = \"3.13\"\ndependencies.requirements = []\n\
            [stage.test]\ngroups = [\"dev\"]\n[stage.production]\ngroups = [\"dev\"]\n";
        let found = warnings(file, &context);
        let message = "6: DevelopmentGroupShipped: stage `production` ships `dev`, which is for development";
        assert!(found.contains(&message.to_owned()), "{found:?}");
        assert_eq!(found.iter().filter(|line| line.contains("DevelopmentGroup")).count(), 1);
    }
}
