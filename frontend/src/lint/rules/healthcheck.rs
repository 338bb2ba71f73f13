//! Warns of services without a health check.

use crate::lint::{Look, Rule, Sink, Subject};

pub(super) const RULE: Rule = Rule {
    id: "MissingHealthcheck",
    summary: "An image that ships exposes a port and has no health check.",
    look: Look::Known(look),
};

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    for stage in subject.shipped() {
        let chain = subject.chain(stage);
        // A foreign image may have its own health check.
        let ours = chain.last().is_some_and(|root| root.is_assembled());
        if !ours || chain.iter().any(|stage| stage.image.healthcheck.is_some()) {
            continue;
        }
        let exposed = chain.iter().find_map(|stage| stage.image.expose.first());
        let Some(ports) = exposed else { continue };
        let port = ports.value.0.first().map(String::as_str).unwrap_or_default();
        let message = format!("stage `{}` exposes {port} and has no health check", stage.name);
        let help = vec![
            "say how to ask the app: `healthcheck = [\"PROGRAM\", \"ARGUMENT\"]`".to_owned(),
            "or that it is asked from outside: `healthcheck = false`".to_owned(),
        ];
        sink.warn(ports.span, message, help);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::warnings;

    #[test]
    fn a_port_wants_a_health_check_or_to_be_told_there_is_none() {
        let of = |more: &str| {
            let head =
                "python.version = \"3.13\"\ndependencies.requirements = []\n[stage.dev]\nexpose = [1]\n";
            warnings(&format!("{head}[stage.production]\n{more}"), &[])
        };
        let message = "6: MissingHealthcheck: stage `production` exposes 8000/tcp and has no health check";
        assert_eq!(of("expose = [8000]\n"), [message]);
        assert_eq!(of("expose = [8000]\nhealthcheck = false\n"), Vec::<String>::new());
        assert_eq!(of("expose = [8000]\nhealthcheck = [\"true\"]\n"), Vec::<String>::new());
        assert_eq!(of("from = \"nginx:1\"\nexpose = [80]\n"), Vec::<String>::new());
    }
}
