//! Warns of compilers in shipped images. Compilers are large, and are useful to an attacker.

use super::names::compiles;
use crate::lint::{Look, Rule, Sink, Subject};
use crate::reference::ImageReference;
use crate::spec::Base;

pub(super) const RULE: Rule = Rule {
    id: "CompilerInImage",
    summary: "An image that ships has a compiler or header files.",
    look: Look::Known(look),
};

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    let mut assembled = false;
    for stage in subject.shipped() {
        let chain = subject.chain(stage);
        let is_assembled = chain.iter().any(|stage| stage.is_assembled());
        assembled |= is_assembled;
        let below = is_assembled.then(|| subject.python_chain());
        for stage in chain.into_iter().chain(below.into_iter().flatten()) {
            for package in stage.packages.iter().filter(|package| compiles(&package.value)) {
                let message = format!("stage `{}` ships `{}`", stage.name, package.value);
                let help = vec![
                    "move it to `build` of [system], which is in no image that ships".to_owned(),
                    "or compile in a stage of its own, and `copy` the result".to_owned(),
                ];
                sink.warn(package.span, message, help);
            }
        }
    }
    if let Some(base) = subject.spec.python.base.as_ref().filter(|_| assembled)
        && let Base::Image(image) = &base.value
        && is_full(image)
    {
        let tag = image.tag().unwrap_or("latest");
        let name = image.familiar_name();
        let message = format!("image `{}` has compilers and header files", image.familiar());
        let help = vec![
            format!("ship the slim one: `base = \"{name}:{}\"`", slim(tag)),
            "what has to be compiled can keep it as `build-base`".to_owned(),
        ];
        sink.warn(base.span, message, help);
    }
}

/// Whether the image is an official Python image with all tools, such as `python:3.13` or
/// `python:3.13-bookworm`.
fn is_full(image: &ImageReference) -> bool {
    let official = image.familiar_name() == "python";
    let tag = image.tag().unwrap_or("latest");
    let starts = tag == "latest" || tag.starts_with(|c: char| c.is_ascii_digit());
    official && starts && !["slim", "alpine", "windows", "nanoserver"].iter().any(|kind| tag.contains(kind))
}

fn slim(tag: &str) -> String {
    match tag.split_once('-') {
        Some((version, distribution)) => format!("{version}-slim-{distribution}"),
        None if tag == "latest" => "3-slim".to_owned(),
        None => format!("{tag}-slim"),
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::warnings;

    #[test]
    fn compilers_are_found_in_what_ships_alone() {
        let file = "python.version = \"3.13\"\ndependencies.requirements = []\n\
            [system]\nbuild = [\"gcc\"]\n\
            [stage.dev]\npackages = [\"make\"]\n\
            [stage.assets]\nfrom = \"debian:13\"\npackages = [\"make\"]\n\
            [stage.production]\ncopy = [{ from = \"assets\", path = \"/x\" }]\npackages = [\"curl\", \"g++\"]\n";
        assert_eq!(warnings(file, &[]), ["12: CompilerInImage: stage `production` ships `g++`"]);
    }

    #[test]
    fn the_full_image_of_python_has_compilers() {
        let of = |base: &str| {
            warnings(&format!("python.base = \"{base}\"\ndependencies.requirements = []\n"), &[])
        };
        let message = "1: CompilerInImage: image `python:3.13-bookworm` has compilers and header files";
        assert_eq!(of("python:3.13-bookworm"), [message]);
        assert_eq!(of("python:3.13-slim-bookworm"), Vec::<String>::new());
        assert_eq!(of("registry.example/python:3.13"), Vec::<String>::new());
    }
}
