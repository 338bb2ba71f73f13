//! Warns of secrets in the build file or in args. Both become part of the image, its history or its
//! provenance.

use std::collections::BTreeSet;

use crate::lint::{Look, Rule, Sink, Subject};

pub(super) const RULE: Rule = Rule {
    id: "SecretInBuildFile",
    summary: "A secret is written into the build file, or is an arg of it.",
    look: Look::Known(look),
};

/// The last words in names of secrets.
const ENDINGS: [&str; 10] = [
    "password",
    "passwd",
    "passphrase",
    "pword",
    "secret",
    "token",
    "apikey",
    "api_key",
    "secret_key",
    "private_key",
];

/// The last words in names of access keys. These keys have a public half and a secret half.
const ACCESS: &str = "secret_access_key";

/// Prefixes of well-known tokens, and the minimum number of characters of such a token.
const TOKENS: [(&str, usize); 12] = [
    ("ghp_", 36),
    ("gho_", 36),
    ("ghs_", 36),
    ("github_pat_", 40),
    ("glpat-", 20),
    ("pypi-AgEI", 40),
    ("AKIA", 20),
    ("xoxb-", 30),
    ("xoxp-", 30),
    ("sk_live_", 24),
    ("sk-ant-", 40),
    ("npm_", 36),
];

fn look(subject: &Subject<'_>, sink: &mut Sink<'_>) {
    let places = subject.places();
    let help = || {
        vec![
            "a step gets it with `secrets`, and `docker buildx build --secret`".to_owned(),
            "a container gets it when it starts, as with `docker run --env-file`".to_owned(),
        ]
    };
    for text in places.texts() {
        let Some(kind) = well_known(text.value) else { continue };
        let key = text.path.join(".");
        sink.warn(text.span, format!("`{key}` has {kind} in it"), help());
    }
    for (name, value) in subject.spec.arguments.declared() {
        let span = places.key(&["args", name]).filter(|_| names_secret(name) && well_known(value).is_none());
        if let Some(span) = span {
            let message = format!("arg `{name}` is to hold a secret, and args are kept with the image");
            sink.warn(span, message, help());
        }
    }
    // The rule skips steps, `dev` and `test`, because they often use placeholders for secrets.
    let shipped = subject.shipped();
    let chains: BTreeSet<_> =
        shipped.iter().flat_map(|stage| subject.chain(stage)).map(|stage| stage.name.as_str()).collect();
    for stage in chains.into_iter().filter_map(|name| subject.spec.stages.get(name)) {
        for (name, value) in &stage.image.env.variables {
            if names_secret(name) && could_be_secret(value) {
                let span = places.key(&["stage", &stage.name, "env", name]).unwrap_or(stage.span);
                let message = format!("the value of `{name}` is written into stage `{}`", stage.name);
                sink.warn(span, message, help());
            }
        }
    }
}

/// Whether the name of a variable means a secret. It is true for `DB_PASSWORD`, and false for
/// `PASSWORD_MIN_LENGTH` and `TOKENIZER`.
fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let ends = |ending: &str| {
        name.strip_suffix(ending).is_some_and(|before| before.is_empty() || before.ends_with('_'))
    };
    !name.split('_').any(|word| word == "public")
        && (ENDINGS.iter().any(|ending| ends(ending)) || ends(ACCESS))
}

/// Whether a value may be the secret itself. It is false for an empty value, a number or a boolean, and for
/// the place of a secret.
fn could_be_secret(value: &str) -> bool {
    let value = value.trim();
    let says_nothing = value.parse::<f64>().is_ok() || matches!(value, "true" | "false");
    let leads_to_it = value.starts_with(['/', '$', '<']) || value.starts_with("file:");
    !(value.is_empty() || says_nothing || leads_to_it || well_known(value).is_some())
}

/// The kind of secret in a text, from its form.
fn well_known(text: &str) -> Option<&'static str> {
    if text.contains("-----BEGIN") && text.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    let part_of_token = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let mut words = text.split(|c: char| !part_of_token(c));
    let is_token = |word: &str| {
        // A real token is random: it has digits and no run of a single character.
        let random = word.chars().any(|c| c.is_ascii_digit()) && !word.to_ascii_lowercase().contains("xxx");
        random && TOKENS.iter().any(|(start, least)| word.starts_with(start) && word.len() >= *least)
    };
    words.any(is_token).then_some("an access token")
}

#[cfg(test)]
mod tests {
    use super::{could_be_secret, names_secret, well_known};
    use crate::lint::tests::warnings;

    #[test]
    fn names_of_secrets_end_with_what_they_are() {
        for name in ["DB_PASSWORD", "DJANGO_SECRET_KEY", "token", "AWS_SECRET_ACCESS_KEY", "API_KEY"] {
            assert!(names_secret(name), "{name}");
        }
        for name in
            ["PASSWORD_FILE", "TOKENIZERS_PARALLELISM", "TOKEN_TTL", "PUBLIC_API_KEY", "SORT_KEY", "MONKEY"]
        {
            assert!(!names_secret(name), "{name}");
        }
    }

    #[test]
    fn values_that_lead_to_a_secret_or_say_nothing_are_none() {
        assert!(could_be_secret("hunter2"));
        for value in ["", "/run/secrets/token", "$TOKEN", "3600", "true", "<set me>"] {
            assert!(!could_be_secret(value), "{value}");
        }
    }

    #[test]
    fn tokens_are_known_by_their_form() {
        let token = format!("ghp_{}", "a1".repeat(18));
        assert_eq!(well_known(&format!("https://x:{token}@host/")), Some("an access token"));
        assert_eq!(well_known("ghp_short1"), None);
        assert_eq!(well_known(&format!("ghp_{}", "x".repeat(36))), None);
        assert_eq!(well_known("-----BEGIN RSA PRIVATE KEY-----\nabc"), Some("a private key"));
    }

    #[test]
    fn secrets_are_told_at_the_variable_or_arg() {
        let token = format!("glpat-{}", "a1".repeat(10));
        let file = format!(
            "python.version = \"3.13\"\ndependencies.requirements = []\n\
             [args]\nPIP_TOKEN = \"\"\n[stage.production]\nrun = \"pip install x $PIP_TOKEN {token}\"\n\
             env.MODE = \"x\"\nenv.DB_PASSWORD = \"hunter2\"\n\
             [stage.dev]\nenv.DB_PASSWORD = \"dev\"\n"
        );
        assert_eq!(
            warnings(&file, &[]),
            [
                "4: SecretInBuildFile: arg `PIP_TOKEN` is to hold a secret, and args are kept with the image",
                "6: SecretInBuildFile: `stage.production.run` has an access token in it",
                "8: SecretInBuildFile: the value of `DB_PASSWORD` is written into stage `production`",
            ]
        );
    }
}
