//! Warns of images whose name can mean another image tomorrow.

use crate::diagnostics::Span;
use crate::lint::{Look, Rule, Sink, Subject};
use crate::reference::ImageReference;
use crate::spec::{Base, CopyStep};

pub(super) const RULE: Rule = Rule {
    id: "FloatingBaseTag",
    summary: "An image is named without a version: no tag, or `latest`.",
    look: Look::Known(look),
};

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    let python = &subject.spec.python;
    let mut images: Vec<(&ImageReference, Span)> = Vec::new();
    let stages = subject.stages();
    let of_app = subject.spec.app.copy.iter().filter_map(CopyStep::base);
    let of_stages = stages.iter().flat_map(|stage| stage.bases());
    let bases = python.base.iter().chain(&python.build_base).chain(of_app).chain(of_stages);
    images.extend(bases.filter_map(|base| match &base.value {
        Base::Image(image) => Some((image, base.span)),
        _ => None,
    }));
    for (image, span) in images.into_iter().filter(|(image, _)| !subject.is_given(image)) {
        let what = match (image.digest(), image.tag()) {
            (None, None) => "has no tag",
            (None, Some("latest")) => "is whatever was pushed last",
            _ => continue,
        };
        let name = image.familiar_name();
        let help =
            vec![format!("name a version: `{name}:VERSION`"), format!("or a digest: `{name}@sha256:…`")];
        let message =
            format!("image `{}` {what}: the next build may start from another one", image.familiar());
        sink.warn(span, message, help);
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::warnings;

    #[test]
    fn images_without_a_version_float_and_pinned_ones_do_not() {
        let file = "python = { version = \"3.13\", base = \"registry.example/python\" }\n\
            dependencies.requirements = []\n\
            [stage.assets]\nfrom = \"node:latest\"\nrun = \"true\"\n\
            [stage.production]\ncopy = [{ from = \"assets\", path = \"/x\" }, { from = \"debian\", path = \"/y\" }]\n";
        let floats = "the next build may start from another one";
        assert_eq!(
            warnings(file, &[]),
            [
                format!("1: FloatingBaseTag: image `registry.example/python` has no tag: {floats}"),
                format!("4: FloatingBaseTag: image `node:latest` is whatever was pushed last: {floats}"),
                format!("7: FloatingBaseTag: image `debian` has no tag: {floats}"),
            ]
        );
        let digest = "0".repeat(64);
        let file = format!(
            "python.base = \"python:3.13-slim\"\ndependencies.requirements = []\n\
             [stage.x]\nfrom = \"debian@sha256:{digest}\"\ncommand = [\"x\"]\n"
        );
        assert_eq!(warnings(&file, &[]), Vec::<String>::new());
    }
}
