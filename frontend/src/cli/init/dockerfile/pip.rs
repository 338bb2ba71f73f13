//! Install commands of `pip` and `uv pip`.

use super::idiom::{Idiom, Python};

/// Options that do not change what is installed.
const CALM: [&str; 20] = [
    "--no-cache-dir",
    "--no-cache",
    "-q",
    "--quiet",
    "-qq",
    "-v",
    "--upgrade",
    "-U",
    "--disable-pip-version-check",
    "--no-input",
    "--prefer-binary",
    "--require-hashes",
    "--system",
    "--compile",
    "--no-compile",
    "--break-system-packages",
    "--compile-bytecode",
    "--no-warn-script-location",
    "--ignore-installed",
    "--progress-bar=off",
];

/// Packages that install packages.
const TOOLS: [&str; 9] = [
    "pip",
    "uv",
    "poetry",
    "pipenv",
    "pdm",
    "virtualenv",
    "pip-tools",
    "poetry-plugin-export",
    "poetry-core",
];

/// Packages that are updated together with pip.
const BESIDE: [&str; 2] = ["setuptools", "wheel"];

/// Recognises the words after `pip`.
pub(super) fn pip(words: &[&str]) -> Option<Idiom> {
    let (verb, rest) = words.split_first()?;
    match *verb {
        "install" | "wheel" | "sync" => {}
        "check" if rest.is_empty() => return Some(Idiom::Check),
        "cache" | "list" | "--version" | "freeze" | "show" => {
            return Some(Idiom::Nothing("it changes nothing of the image"));
        }
        "config" => return None,
        verb if verb.starts_with("--no-cache") => return pip(rest),
        _ => return None,
    }
    let mut found = Python { makes_wheels: *verb == "wheel", ..Python::default() };
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        let (option, given) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, Some(value)),
            _ => (*word, None),
        };
        let mut value = || given.or_else(|| rest.next().copied()).map(str::to_owned);
        match option {
            "-r" | "--requirement" | "--requirements" => found.files.push(value()?),
            "-i" | "--index-url" | "--default-index" => found.index = Some(value()?),
            "--extra-index-url" => found.extra_indexes.push(value()?),
            "--prefix" | "-w" | "--wheel-dir" | "--target" | "-t" => found.places.push(value()?),
            "--user" => found.for_user = true,
            // Wheels that were made before. The requirements name them too.
            "--find-links" | "-f" => {
                let folder = value()?;
                if !folder.starts_with('/') {
                    return None;
                }
                found.wheels.push(folder);
            }
            "--no-index" => {}
            "--no-deps" if found.makes_wheels => {}
            "-e" | "--editable" => {
                let folder = value()?;
                found.project = Some(project(&folder)?);
                found.editable = true;
            }
            "--timeout" | "--retries" | "--default-timeout" | "--progress-bar" | "--root-user-action" => {
                value()?;
            }
            _ if CALM.contains(word) => {}
            word if word.starts_with("-r") && !word.starts_with("--") => {
                found.files.push(word.get(2..)?.to_owned());
            }
            word if word.starts_with('-') => return None,
            word if kind(word) == Some("whl") || word.ends_with("/*") => {
                if !word.starts_with('/') {
                    return None;
                }
                found.wheels.push(word.rsplit_once('/').map_or(word, |(folder, _)| folder).to_owned());
            }
            word if *verb == "sync" => found.files.push(word.to_owned()),
            word if word == "."
                || word.starts_with(".[")
                || word.starts_with("./")
                || word.starts_with('/') =>
            {
                if found.project.is_some() {
                    return None;
                }
                found.project = Some(project(word)?);
            }
            // A pattern for file names, a folder, or a URL.
            word if word.contains(['*', '?', '/', '@']) => return None,
            name => found.named.push(name.to_owned()),
        }
    }
    // uv reads the dependencies of a manifest with this option.
    if found.files.iter().any(|file| matches!(kind(file), Some("toml" | "cfg" | "py"))) {
        return None;
    }
    let bare = |name: &String| {
        name.split(['=', '<', '>', '~', '[', '!']).next().unwrap_or_default().to_ascii_lowercase()
    };
    let brings_tools = found.named.iter().any(|name| TOOLS.contains(&bare(name).as_str()));
    found.named.retain(|name| {
        let bare = bare(name);
        !(TOOLS.contains(&bare.as_str()) || (brings_tools && BESIDE.contains(&bare.as_str())))
    });
    let nothing = found.files.is_empty() && found.named.is_empty() && found.project.is_none();
    if nothing && found.wheels.is_empty() {
        return brings_tools.then_some(Idiom::Nothing("what installs packages is not in the image"));
    }
    Some(Idiom::Python(found))
}

/// The suffix of a file name.
fn kind(path: &str) -> Option<&str> {
    path.rsplit_once('.').map(|(_, kind)| kind)
}

/// A folder with extras, as in `.[web,db]`.
fn project(word: &str) -> Option<(String, Vec<String>)> {
    let (folder, extras) = match word.split_once('[') {
        Some((folder, extras)) => (folder, extras.strip_suffix(']')?),
        None => (word, ""),
    };
    let extras = extras.split(',').map(str::trim).filter(|extra| !extra.is_empty()).map(str::to_owned);
    (!folder.contains("://") && !folder.contains(['*', '?'])).then(|| (folder.to_owned(), extras.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<Idiom> {
        pip(&line.split_whitespace().collect::<Vec<_>>())
    }

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn what_pip_installs_is_told_whole() {
        let files = |files: &[&str]| Python { files: strings(files), ..Python::default() };
        assert_eq!(
            of("install --no-cache-dir -r a.txt -rb.txt"),
            Some(Idiom::Python(files(&["a.txt", "b.txt"])))
        );
        let both = Python {
            named: strings(&["a", "b"]),
            makes_wheels: true,
            places: strings(&["/w"]),
            ..files(&["r.txt"])
        };
        assert_eq!(of("wheel --wheel-dir /w a b -r r.txt"), Some(Idiom::Python(both)));
        let project = Python { project: Some((".".into(), strings(&["web", "db"]))), ..Python::default() };
        assert_eq!(of("install .[web,db]"), Some(Idiom::Python(project)));
        let wheels = Python { wheels: strings(&["/wheels"]), ..Python::default() };
        assert_eq!(of("install --no-cache /wheels/*"), Some(Idiom::Python(wheels)));
        assert_eq!(
            of("install --upgrade pip setuptools wheel"),
            Some(Idiom::Nothing("what installs packages is not in the image"))
        );
        let setuptools = Python { named: strings(&["setuptools<81"]), ..Python::default() };
        assert_eq!(of("install setuptools<81"), Some(Idiom::Python(setuptools)));
    }

    #[test]
    fn what_has_an_option_that_matters_is_not_recognised() {
        for line in [
            "install -r a.txt -c constraints.txt",
            "install git+https://git.example/x",
            "install --no-deps x",
            "install --no-binary :all: x",
            "install --find-links wheels -r a.txt",
            "install --pre x",
            "uninstall -y x",
            "download x",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
