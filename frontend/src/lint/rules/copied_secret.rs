//! Warns of files with secrets in shipped images. Every user of the image can read them.

use std::collections::BTreeSet;

use crate::diagnostics::Span;
use crate::ignore::Patterns;
use crate::lint::{Look, Rule, Sink, Subject};
use crate::plan::{Action, AppFiles, CopySource, StagePlan};
use crate::project::ContextError;
use crate::spec::ContextPath;

pub(super) const RULE: Rule = Rule {
    id: "SecretFileCopied",
    summary: "A file that holds secrets would be copied into an image that ships.",
    look: Look::Files(look),
};

/// Names of files that always hold secrets.
const SECRET: [&str; 13] = [
    ".env",
    ".env.*",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    ".netrc",
    ".pypirc",
    ".pgpass",
    ".git-credentials",
    "*.p12",
    "*.pfx",
    "*.kdbx",
];

/// Names of files that may hold a secret or something else, such as a certificate. The rule reads their text.
const PERHAPS: [&str; 4] = ["*.pem", "*.key", "credentials.json", "service-account*.json"];

/// Parts of a text that has a secret.
const MARKS: [&str; 3] = ["PRIVATE KEY-----", "\"private_key\"", "\"client_secret\""];

/// Parts of names of sample files, which have no real secrets.
const SAMPLES: [&str; 8] = ["example", "sample", "template", "tmpl", "dist", "defaults", "schema", "test"];

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) -> Result<(), ContextError> {
    let mut copies = Vec::new();
    let mut seen = BTreeSet::new();
    for stage in subject.shipped() {
        for stage in subject.chain(stage) {
            if !seen.insert(stage.name.as_str()) {
                continue;
            }
            copies.extend(subject.planned(&stage.name).into_iter().flat_map(copied));
        }
    }
    let roots: BTreeSet<ContextPath> = copies.iter().flat_map(Copied::roots).collect();
    if roots.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = SECRET.into_iter().chain(PERHAPS).collect();
    let perhaps = Patterns::from_rules(PERHAPS).unwrap_or_default();
    for file in subject.files.context.find(&roots, &names, &subject.files.ignored.patterns)? {
        let Some(path) = ContextPath::parse(&file) else { continue };
        let Some(copy) = copies.iter().find(|copy| copy.has(&file)) else { continue };
        if is_sample(path.name()) || (perhaps.matches(path.name()) && !holds_secret(subject, &path)?) {
            continue;
        }
        let message = format!("`{file}` would be copied into the image of stage `{}`", copy.stage);
        let list = subject.files.ignored.file.as_deref().unwrap_or(".dockerignore");
        let help = vec![
            format!("leave it out: a line `{file}` in {list}"),
            "pass secrets to steps with `secrets`, and to containers when they start".to_owned(),
        ];
        sink.warn(copy.span, message, help);
    }
    Ok(())
}

fn is_sample(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.split(['.', '-', '_']).any(|part| SAMPLES.contains(&part))
}

fn holds_secret(subject: &Subject<'_>, path: &ContextPath) -> Result<bool, ContextError> {
    let bytes = subject.files.context.read(path)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    Ok(MARKS.iter().any(|mark| text.contains(mark)))
}

/// The files that a step copies from the context.
struct Copied {
    stage: String,
    span: Span,
    include: Vec<ContextPath>,
    /// The values of `include` as patterns, for matching.
    included: Patterns,
    exclude: Patterns,
}

fn copied(stage: &StagePlan) -> Vec<Copied> {
    let copy = |include: Vec<ContextPath>, exclude: &[String], span: Span| Copied {
        stage: stage.name.clone(),
        span,
        included: Patterns::from_rules(include.iter().map(ContextPath::as_str)).unwrap_or_default(),
        include,
        exclude: Patterns::from_rules(exclude.iter().map(String::as_str)).unwrap_or_default(),
    };
    let of = |files: &AppFiles, span: Span| copy(files.include.clone(), &files.exclude, span);
    let steps = stage.steps.iter().filter_map(|step| match &step.action {
        Action::App(files) => Some(of(files, step.span)),
        Action::Run(run) => run.files.as_ref().map(|files| of(files, step.span)),
        Action::Copy(found) if found.from == CopySource::Context => {
            let path = ContextPath::parse(&found.path)?;
            let include = if path.is_root() { Vec::new() } else { vec![path] };
            Some(copy(include, &found.exclude, step.span))
        }
        _ => None,
    });
    steps.collect()
}

impl Copied {
    /// The folders and files to search.
    fn roots(&self) -> Vec<ContextPath> {
        if self.include.is_empty() {
            return vec![ContextPath::root()];
        }
        self.include.iter().map(ContextPath::literal).collect()
    }

    fn has(&self, file: &str) -> bool {
        (self.include.is_empty() || self.included.matches(file)) && !self.exclude.matches(file)
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::tests::warnings;

    const HEAD: &str = "python.version = \"3.13\"\ndependencies.requirements = []\n";
    const FILES: [(&str, &str); 8] = [
        (".dockerignore", "*.log\n"),
        (".env", "A=b\n"),
        (".env.example", "A=\n"),
        ("app/main.py", ""),
        ("app/tls/ca.pem", "-----BEGIN CERTIFICATE-----\n"),
        ("app/tls/server.pem", "-----BEGIN PRIVATE KEY-----\n"),
        ("deploy/id_rsa", ""),
        ("tests/x.pem", "-----BEGIN RSA PRIVATE KEY-----\n"),
    ];

    fn found(more: &str) -> Vec<String> {
        warnings(&format!("{HEAD}{more}"), &FILES)
    }

    fn message(line: u32, file: &str, stage: &str) -> String {
        format!("{line}: SecretFileCopied: `{file}` would be copied into the image of stage `{stage}`")
    }

    #[test]
    fn secrets_are_looked_for_in_what_is_copied() {
        let expected =
            [message(4, "app/tls/server.pem", "production"), message(4, "deploy/id_rsa", "production")];
        let more = "[stage.production]\ninclude = [\"app/\", \"deploy/*\"]\n";
        assert_eq!(found(more), expected);
        let more = "[stage.production]\ninclude = []\ncopy = [{ path = \"deploy/id_rsa\", to = \"/x\" }]\n";
        assert_eq!(found(more), [message(5, "deploy/id_rsa", "production")]);
        assert_eq!(found("[stage.production]\ninclude = [\"*.py\"]\n"), Vec::<String>::new());
    }

    #[test]
    fn without_an_include_all_of_the_context_is_copied() {
        let files = [".env", "app/tls/server.pem", "deploy/id_rsa", "tests/x.pem"];
        assert_eq!(found(""), files.map(|file| message(1, file, "production")));
    }

    #[test]
    fn what_is_ignored_or_stays_in_dev_and_test_is_no_danger() {
        assert_eq!(found("app.include = [\"app/main.py\"]\n"), Vec::<String>::new());
        assert_eq!(warnings(HEAD, &[(".env", "A=b\n")]), Vec::<String>::new());
        let context = [(".dockerignore", "**/.env\n"), ("x/.env", "A=b\n")];
        assert_eq!(warnings(HEAD, &context), Vec::<String>::new());
    }
}
