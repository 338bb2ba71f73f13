//! Translates the licence that a package declares to SPDX.
//!
//! Newer packages have an SPDX expression (PEP 639). Older packages have a free text, classifiers, or both.
//! Only a text with a single possible meaning is translated. Other texts are kept as they are, under a name
//! that the document defines.

/// Names of licences in older packages, in lower case, with their SPDX names.
const NAMES: [(&str, &str); 34] = [
    ("apache 2.0", "Apache-2.0"),
    ("apache license 2.0", "Apache-2.0"),
    ("apache license, version 2.0", "Apache-2.0"),
    ("apache software license 2.0", "Apache-2.0"),
    ("apache-2.0", "Apache-2.0"),
    ("bsd 2-clause", "BSD-2-Clause"),
    ("bsd-2-clause", "BSD-2-Clause"),
    ("bsd 3-clause", "BSD-3-Clause"),
    ("bsd 3-clause license", "BSD-3-Clause"),
    ("bsd-3-clause", "BSD-3-Clause"),
    ("3-clause bsd license", "BSD-3-Clause"),
    ("new bsd license", "BSD-3-Clause"),
    ("isc", "ISC"),
    ("isc license", "ISC"),
    ("mit", "MIT"),
    ("mit license", "MIT"),
    ("the mit license", "MIT"),
    ("mpl 2.0", "MPL-2.0"),
    ("mpl-2.0", "MPL-2.0"),
    ("psf-2.0", "PSF-2.0"),
    ("unlicense", "Unlicense"),
    ("the unlicense", "Unlicense"),
    ("lgpl-2.1-only", "LGPL-2.1-only"),
    ("lgpl-2.1-or-later", "LGPL-2.1-or-later"),
    ("lgpl-3.0-only", "LGPL-3.0-only"),
    ("lgpl-3.0-or-later", "LGPL-3.0-or-later"),
    ("gpl-2.0-only", "GPL-2.0-only"),
    ("gpl-2.0-or-later", "GPL-2.0-or-later"),
    ("gpl-3.0-only", "GPL-3.0-only"),
    ("gpl-3.0-or-later", "GPL-3.0-or-later"),
    ("agpl-3.0-only", "AGPL-3.0-only"),
    ("agpl-3.0-or-later", "AGPL-3.0-or-later"),
    ("zlib", "Zlib"),
    ("0bsd", "0BSD"),
];

/// The last part of classifiers that mean a single licence. `BSD License` is missing, because it can mean
/// four licences.
const CLASSIFIERS: [(&str, &str); 16] = [
    ("MIT License", "MIT"),
    ("ISC License (ISCL)", "ISC"),
    ("Apache Software License", "Apache-2.0"),
    ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
    ("Mozilla Public License 1.1 (MPL 1.1)", "MPL-1.1"),
    ("Python Software Foundation License", "PSF-2.0"),
    ("The Unlicense (Unlicense)", "Unlicense"),
    ("zlib/libpng License", "Zlib"),
    ("GNU General Public License v2 (GPLv2)", "GPL-2.0-only"),
    ("GNU General Public License v2 or later (GPLv2+)", "GPL-2.0-or-later"),
    ("GNU General Public License v3 (GPLv3)", "GPL-3.0-only"),
    ("GNU General Public License v3 or later (GPLv3+)", "GPL-3.0-or-later"),
    ("GNU Lesser General Public License v3 (LGPLv3)", "LGPL-3.0-only"),
    ("GNU Lesser General Public License v3 or later (LGPLv3+)", "LGPL-3.0-or-later"),
    ("GNU Affero General Public License v3", "AGPL-3.0-only"),
    ("GNU Affero General Public License v3 or later (AGPLv3+)", "AGPL-3.0-or-later"),
];

/// The licence that a package declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Declared {
    /// An SPDX expression.
    Expression(String),
    /// A text that is not an SPDX expression.
    Text(String),
    /// The package declares no licence.
    Nothing,
}

/// Reads `License-Expression`, `License` and the classifiers of a package's metadata.
pub(super) fn declared(expression: Option<&str>, text: Option<&str>, classifiers: &[String]) -> Declared {
    if let Some(expression) = expression.filter(|expression| is_expression(expression)) {
        return Declared::Expression(expression.to_owned());
    }
    let text = text.map(str::trim).filter(|text| !text.is_empty() && !text.eq_ignore_ascii_case("unknown"));
    if let Some(name) = text.and_then(known_name) {
        return Declared::Expression(name.to_owned());
    }
    let named: Vec<&str> = classifiers
        .iter()
        .filter_map(|classifier| classifier.strip_prefix("License :: "))
        .map(|classifier| classifier.rsplit(" :: ").next().unwrap_or(classifier))
        .filter(|last| *last != "OSI Approved")
        .collect();
    if let [one] = named.as_slice()
        && let Some((_, name)) = CLASSIFIERS.iter().find(|(classifier, _)| classifier == one)
    {
        return Declared::Expression((*name).to_owned());
    }
    match text.map(str::to_owned).or_else(|| expression.map(str::to_owned)) {
        Some(text) => Declared::Text(text),
        None if named.is_empty() => Declared::Nothing,
        None => Declared::Text(named.join(", ")),
    }
}

fn known_name(text: &str) -> Option<&'static str> {
    let lower = text.trim_end_matches('.').to_ascii_lowercase();
    NAMES.iter().find(|(known, _)| *known == lower).map(|(_, name)| *name)
}

/// Whether a text has the form of an SPDX expression: ids with operators between them, and balanced
/// parentheses.
pub(super) fn is_expression(text: &str) -> bool {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let (mut depth, mut wants_id, mut after_with) = (0_usize, true, false);
    for word in spaced.split_whitespace() {
        match word {
            "(" if wants_id && !after_with => depth += 1,
            ")" if !wants_id && depth > 0 => depth -= 1,
            "AND" | "OR" | "WITH" if !wants_id => {
                wants_id = true;
                after_with = word == "WITH";
            }
            id if wants_id && is_id(id) => {
                wants_id = false;
                after_with = false;
            }
            _ => return false,
        }
    }
    depth == 0 && !wants_id
}

fn is_id(word: &str) -> bool {
    let plain = word.strip_suffix('+').unwrap_or(word);
    // Nearly all SPDX ids have a dash. Of the ids without one, only those in `NAMES` are accepted: a plain
    // word such as `BSD` or `Proprietary` is not an SPDX id.
    let known = plain.contains('-') || NAMES.iter().any(|(_, name)| *name == plain);
    known && plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expression(text: &str) -> Declared {
        Declared::Expression(text.to_owned())
    }

    #[test]
    fn an_expression_is_taken_as_it_is_if_it_is_one() {
        for text in [
            "MIT",
            "Apache-2.0 OR MIT",
            "(MPL-2.0 AND MIT) OR GPL-2.0+",
            "GPL-2.0-only WITH Classpath-exception-2.0",
        ] {
            assert_eq!(declared(Some(text), Some("other"), &[]), expression(text));
        }
        for text in ["", "MIT AND", "(MIT", "MIT MIT", "BSD", "see file", "MIT)", "GPL-2.0-only WITH (MIT)"] {
            assert!(!is_expression(text), "{text}");
        }
    }

    #[test]
    fn older_metadata_is_translated_where_it_can_mean_one_licence_alone() {
        let classifier = |name: &str| format!("License :: OSI Approved :: {name}");
        let mit = [classifier("MIT License")];
        assert_eq!(declared(None, Some("MIT License"), &[]), expression("MIT"));
        assert_eq!(declared(None, None, &mit), expression("MIT"));
        assert_eq!(declared(None, Some("UNKNOWN"), &mit), expression("MIT"));
        assert_eq!(declared(None, None, &[classifier("BSD License")]), Declared::Text("BSD License".into()));
        let both = [classifier("MIT License"), classifier("Apache Software License")];
        assert_eq!(
            declared(None, None, &both),
            Declared::Text("MIT License, Apache Software License".into())
        );
        assert_eq!(declared(None, Some("Copyright me"), &[]), Declared::Text("Copyright me".into()));
        assert_eq!(declared(None, None, &["License :: OSI Approved".into()]), Declared::Nothing);
    }
}
