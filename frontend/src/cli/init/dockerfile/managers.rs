//! Install commands of uv, Poetry, PDM and Pipenv.

use super::idiom::{Idiom, Locked, named_paths};

/// The lock of a package manager.
pub(super) fn lock_of(program: &str) -> Option<&'static str> {
    match program {
        "uv" => Some("uv.lock"),
        "poetry" => Some("poetry.lock"),
        "pdm" => Some("pdm.lock"),
        "pipenv" => Some("Pipfile.lock"),
        _ => None,
    }
}

/// Recognises the words after the name of the program.
pub(super) fn manager(program: &str, words: &[&str]) -> Option<Idiom> {
    let lock = lock_of(program)?;
    let verb = words.iter().position(|word| !word.starts_with('-'))?;
    let (before, rest) = words.split_at(verb);
    let calm = ["--no-interaction", "-n", "--no-ansi", "-v", "-vv", "-vvv", "-q", "--quiet", "--no-cache"];
    if !before.iter().all(|word| calm.contains(word)) {
        return None;
    }
    let (verb, rest) = rest.split_first()?;
    match (program, *verb) {
        ("uv", "pip") => super::pip::pip(rest),
        ("uv", "sync") => uv_sync(rest),
        ("uv", "venv") => match uv_venv(rest)?.as_slice() {
            [] => Some(Idiom::Environment(".venv".to_owned())),
            [path] => Some(Idiom::Environment((*path).to_owned())),
            _ => None,
        },
        ("uv", "python") if rest.first() == Some(&"install") => {
            Some(Idiom::Nothing("Python comes with the base"))
        }
        ("uv", "cache") | ("poetry", "cache" | "check" | "--version") => {
            Some(Idiom::Nothing("caches of packages are in no image"))
        }
        ("poetry", "config") => Some(Idiom::Nothing("Poetry is not in the image")),
        ("pdm", "config") => Some(Idiom::Nothing("PDM is not in the image")),
        ("poetry", "install" | "sync") => poetry(rest),
        ("pdm", "install" | "sync") => pdm(rest),
        ("pipenv", "install" | "sync") => pipenv(rest),
        ("uv" | "poetry" | "pdm", "export") => {
            let at = rest.iter().position(|word| matches!(*word, "-o" | "--output" | "--output-file"))?;
            let others = rest.iter().take(at).chain(rest.iter().skip(at + 2));
            let known = [
                "-f",
                "requirements.txt",
                "--without-hashes",
                "--no-hashes",
                "--frozen",
                "--no-dev",
                "--prod",
            ];
            let known = |word: &&str| known.contains(word) || *word == "--format=requirements.txt";
            let file = rest.get(at + 1)?;
            others.copied().all(|word| known(&word)).then(|| Idiom::Export(lock, (*file).to_owned()))
        }
        _ => None,
    }
}

fn uv_venv<'w>(words: &[&'w str]) -> Option<Vec<&'w str>> {
    let mut rest = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--python" | "-p" => {
                words.next()?;
            }
            word if word.starts_with("--python=") => {}
            word => rest.push(word),
        }
    }
    named_paths(&rest, &["--seed", "--relocatable", "--clear", "--no-project"])
}

/// The value of an option, `--name=value` or `--name value`.
fn valued<'w>(option: &str, word: &'w str, words: &mut dyn Iterator<Item = &'w str>) -> Option<Vec<String>> {
    let value = match word.strip_prefix(option)? {
        "" => words.next()?,
        rest => rest.strip_prefix('=')?,
    };
    let values = value.split([',', ' ']).map(str::trim).filter(|value| !value.is_empty());
    Some(values.map(str::to_owned).collect())
}

fn uv_sync(words: &[&str]) -> Option<Idiom> {
    let mut locked = Locked { lock: "uv.lock", development: true, ..Locked::default() };
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        if let Some(extras) = valued("--extra", word, &mut words) {
            locked.extras.extend(extras);
        } else if let Some(groups) = valued("--group", word, &mut words) {
            locked.groups.extend(groups);
        } else if valued("--no-group", word, &mut words).is_some_and(|groups| groups == ["dev"]) {
            locked.development = false;
        } else if valued("--python", word, &mut words).is_some() {
        } else {
            match word {
                "--no-dev" | "--no-default-groups" => locked.development = false,
                "--all-extras" => locked.all_extras = true,
                "--no-editable" => locked.not_editable = true,
                "--no-install-project" | "--no-install-workspace" => locked.without_project = true,
                "--frozen"
                | "--locked"
                | "--compile-bytecode"
                | "--no-cache"
                | "--quiet"
                | "-q"
                | "-v"
                | "--verbose"
                | "--no-progress"
                | "--inexact"
                | "--link-mode=copy"
                | "--active"
                | "--no-python-downloads" => {}
                _ => return None,
            }
        }
    }
    Some(Idiom::Lock(locked))
}

fn poetry(words: &[&str]) -> Option<Idiom> {
    let mut locked = Locked { lock: "poetry.lock", development: true, ..Locked::default() };
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        if let Some(extras) = valued("--extras", word, &mut words).or_else(|| valued("-E", word, &mut words))
        {
            locked.extras.extend(extras);
        } else if let Some(groups) = valued("--with", word, &mut words) {
            locked.groups.extend(groups);
        } else if let Some(groups) = valued("--only", word, &mut words) {
            if !groups.iter().any(|group| group == "main") {
                return None;
            }
            locked.groups.extend(groups.into_iter().filter(|group| group != "main"));
            locked.development = false;
        } else if let Some(groups) = valued("--without", word, &mut words) {
            locked.development &= !groups.iter().any(|group| group == "dev");
        } else {
            match word {
                "--no-dev" | "--only-main" => locked.development = false,
                "--all-extras" => locked.all_extras = true,
                "--no-root" => locked.without_project = true,
                "--no-interaction" | "-n" | "--no-ansi" | "--no-cache" | "--sync" | "--compile" | "-v"
                | "-vv" | "-vvv" | "-q" | "--quiet" | "--no-directory" => {}
                _ => return None,
            }
        }
    }
    Some(Idiom::Lock(locked))
}

fn pdm(words: &[&str]) -> Option<Idiom> {
    let mut locked = Locked { lock: "pdm.lock", development: true, ..Locked::default() };
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        if let Some(groups) = valued("--group", word, &mut words).or_else(|| valued("-G", word, &mut words)) {
            locked.groups.extend(groups);
            continue;
        }
        match word {
            "--prod" | "--production" | "--no-dev" => locked.development = false,
            "--no-self" => locked.without_project = true,
            "--no-editable" => locked.not_editable = true,
            "--no-lock" | "--frozen-lockfile" | "--frozen" | "--check" | "--fail-fast" | "-v" | "-q"
            | "--no-isolation" => {}
            _ => return None,
        }
    }
    Some(Idiom::Lock(locked))
}

fn pipenv(words: &[&str]) -> Option<Idiom> {
    let mut locked = Locked { lock: "Pipfile.lock", without_project: true, ..Locked::default() };
    for word in words {
        match *word {
            "--dev" | "-d" => locked.development = true,
            "--system" | "--deploy" | "--ignore-pipfile" | "--clear" | "--verbose" | "-v" => {}
            _ => return None,
        }
    }
    Some(Idiom::Lock(locked))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<Idiom> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (program, rest) = words.split_first().unwrap();
        manager(program, rest)
    }

    #[test]
    fn groups_and_extras_are_kept() {
        let uv = Locked { lock: "uv.lock", groups: vec!["postgres".into()], ..Locked::default() };
        assert_eq!(of("uv sync --frozen --no-dev --group postgres"), Some(Idiom::Lock(uv)));
        let poetry = Locked {
            lock: "poetry.lock",
            extras: vec!["a".into(), "b".into()],
            without_project: true,
            ..Locked::default()
        };
        assert_eq!(of("poetry install --only main --no-root -E a --extras=b"), Some(Idiom::Lock(poetry)));
        let with = Locked { lock: "poetry.lock", groups: vec!["web".into()], ..Locked::default() };
        assert_eq!(of("poetry install --without dev --with web"), Some(Idiom::Lock(with)));
        let pdm = Locked { lock: "pdm.lock", not_editable: true, ..Locked::default() };
        assert_eq!(of("pdm sync --prod --no-editable"), Some(Idiom::Lock(pdm)));
        assert_eq!(of("uv export --no-dev -o r.txt"), Some(Idiom::Export("uv.lock", "r.txt".into())));
    }

    #[test]
    fn options_that_matter_are_not_passed_over() {
        for line in [
            "uv sync --all-packages",
            "poetry install --directory x",
            "pipenv install flask",
            "uv run x",
            "uv tool install x",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
