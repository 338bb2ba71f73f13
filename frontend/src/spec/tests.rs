use super::*;

fn parse(text: &str) -> (Option<Spec>, Vec<String>) {
    parse_as("pybuild.toml", text)
}

fn parse_as(name: &str, text: &str) -> (Option<Spec>, Vec<String>) {
    let source = Arc::new(Source::new(name, text));
    let (spec, found) = Spec::parse(&source, Arguments::default());
    let lines = found.errors().iter().map(|error| format!("{}: {}", error.line(), error.problem)).collect();
    (spec, lines)
}
