//! What a `RUN` does, command by command.

/// One command of a `RUN`, as far as it is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// OS packages are installed.
    Packages(Vec<String>),
    /// Requirements files are installed.
    Requirements(Vec<String>),
    /// The project itself is installed.
    Project,
    /// The lock of a manager is installed.
    Lock(&'static str),
    /// Something is installed, and these options say how.
    With(Box<Step>, Vec<String>),
    /// Packages are installed by their names.
    Named(Vec<String>),
    /// A user is added, with a number if it is given one.
    User(String, Option<u32>),
    /// Folders are given to a user.
    Own(Vec<String>),
    /// Folders are made.
    Folders(Vec<String>),
    /// Nothing that a build file has to say, and why.
    Needless(&'static str),
    /// Anything else.
    Other(String),
}

/// Takes a line apart at `&&` and `;`.
pub(super) fn steps(line: &str) -> Vec<Step> {
    let mut commands = vec![String::new()];
    let mut quote = None;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, '&') if chars.peek() == Some(&'&') => {
                chars.next();
                commands.push(String::new());
                continue;
            }
            (None, ';' | '\n') => {
                commands.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = commands.last_mut() {
            last.push(c);
        }
    }
    commands.iter().map(|command| command.trim()).filter(|command| !command.is_empty()).map(step).collect()
}

fn step(command: &str) -> Step {
    let words = shlex::split(command).unwrap_or_default();
    // Variables before a command, and `sudo`, are of no interest here.
    let mut words: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .skip_while(|word| *word == "sudo" || (word.contains('=') && !word.starts_with('-')))
        .collect();
    // Programs of an environment are called by their paths.
    if let Some(program) = words.first_mut() {
        *program = program.rsplit('/').next().unwrap_or(program);
    }
    let plain = |from: usize| -> Vec<String> {
        words.iter().skip(from).filter(|word| !word.starts_with('-')).map(|word| (*word).to_owned()).collect()
    };
    match words.as_slice() {
        ["set" | "true" | ":", ..] => Step::Needless("a setting of the shell"),
        ["apt-get" | "apt" | "apk" | "dnf" | "microdnf" | "yum", rest @ ..] => {
            match rest.iter().position(|word| matches!(*word, "install" | "add")) {
                Some(at) => Step::Packages(plain(at + 2)),
                None => Step::Needless("lists and caches of packages are looked after"),
            }
        }
        ["rm", ..]
            if command.contains("/var/lib/apt")
                || command.contains("/var/cache")
                || command.contains(".cache") =>
        {
            Step::Needless("caches are in no image")
        }
        ["find", ..] if command.contains("pycache") || command.contains(".pyc") => {
            Step::Needless("bytecode is made on purpose")
        }
        ["pip" | "pip3", rest @ ..]
        | ["python" | "python3", "-m", "pip", rest @ ..]
        | ["uv", "pip", rest @ ..] => pip(rest),
        ["uv", "sync" | "export", ..] => Step::Lock("uv.lock"),
        ["uv", "venv" | "python", ..] => Step::Needless("there is an environment"),
        ["poetry", "install" | "export" | "sync", ..] => Step::Lock("poetry.lock"),
        ["poetry", ..] => Step::Needless("Poetry is not needed in the image"),
        ["pipenv", "install" | "sync" | "requirements", ..] => Step::Lock("Pipfile.lock"),
        ["pdm", "install" | "sync" | "export", ..] => Step::Lock("pdm.lock"),
        ["python" | "python3" | "virtualenv", ..]
            if command.contains("venv") || words.first() == Some(&"virtualenv") =>
        {
            Step::Needless("there is an environment, /venv")
        }
        ["." | "source", ..] => Step::Needless("the environment is on the PATH"),
        ["useradd" | "adduser", ..] => user(&words),
        ["groupadd" | "addgroup", ..] => Step::Needless("the user's group is made with it"),
        ["mkdir", ..] => Step::Folders(plain(1)),
        ["chown", ..] => Step::Own(plain(2)),
        _ => Step::Other(command.to_owned()),
    }
}

/// The user that `useradd` or `adduser` adds: the last word.
fn user(words: &[&str]) -> Step {
    let number = words.windows(2).find_map(|pair| match pair {
        ["-u" | "--uid", number] => number.parse().ok(),
        [option, _] => option.strip_prefix("--uid=")?.parse().ok(),
        _ => None,
    });
    match words.last().filter(|word| !word.starts_with('-')) {
        Some(name) => Step::User((*name).to_owned(), number),
        None => Step::Other(words.join(" ")),
    }
}

fn pip(words: &[&str]) -> Step {
    if !words.first().is_some_and(|word| matches!(*word, "install" | "sync" | "wheel" | "download")) {
        return Step::Needless("pip is not needed in the image");
    }
    let mut files = Vec::new();
    let mut names = Vec::new();
    let mut options = Vec::new();
    let mut rest = words.iter().skip(1);
    while let Some(word) = rest.next() {
        match *word {
            "-r" | "--requirement" => files.extend(rest.next().map(|file| (*file).to_owned())),
            "-c" | "--constraint" | "-i" | "--index-url" | "--extra-index-url" | "--find-links" | "-f" => {
                options.extend(rest.next().map(|value| format!("{word} {value}")));
            }
            "--prefix" | "--target" | "-t" | "-w" | "--wheel-dir" | "--trusted-host" | "--python" => {
                rest.next();
            }
            word if word.starts_with("--requirement=") => {
                files.extend(word.split_once('=').map(|(_, file)| file.to_owned()));
            }
            word if word.starts_with("-r") && word.len() > 2 => {
                files.extend(word.get(2..).map(str::to_owned));
            }
            word if word.starts_with('-') => {}
            word => names.push(word.to_owned()),
        }
    }
    let tools = ["pip", "setuptools", "wheel", "uv", "poetry", "pipenv", "pdm", "virtualenv"];
    let bare = |name: &String| name.split(['=', '<', '>', '~', '[']).next().unwrap_or_default().to_owned();
    names.retain(|name| !tools.contains(&bare(name).as_str()));
    let with = |step| if options.is_empty() { step } else { Step::With(Box::new(step), options) };
    if !files.is_empty() {
        return with(Step::Requirements(files));
    }
    let local = |name: &String| name == "." || name.starts_with("./") || name.starts_with(".[");
    if names.iter().any(local) {
        return with(Step::Project);
    }
    names.retain(|name| !name.contains(".whl") && !name.starts_with('/'));
    if names.is_empty() {
        Step::Needless("tools of packaging are not needed in the image")
    } else {
        Step::Named(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn commands_are_told_apart_whatever_is_quoted() {
        let line = "apt-get update && apt-get install -y --no-install-recommends gcc libpq-dev; rm -rf /var/lib/apt/lists/* \
                    && echo 'a && b; c'";
        assert_eq!(
            steps(line),
            [
                Step::Needless("lists and caches of packages are looked after"),
                Step::Packages(strings(&["gcc", "libpq-dev"])),
                Step::Needless("caches are in no image"),
                Step::Other("echo 'a && b; c'".to_owned()),
            ]
        );
    }

    #[test]
    fn what_pip_installs_is_told_apart() {
        let one = |line| steps(line).remove(0);
        assert_eq!(
            one("pip install --no-cache-dir -r requirements/prod.txt"),
            Step::Requirements(strings(&["requirements/prod.txt"]))
        );
        assert_eq!(
            one("python -m pip install --upgrade pip"),
            Step::Needless("tools of packaging are not needed in the image")
        );
        assert_eq!(one("/venv/bin/pip install ."), Step::Project);
        assert_eq!(one("pip install gunicorn==23.0.0 uv"), Step::Named(strings(&["gunicorn==23.0.0"])));
        assert_eq!(one("uv sync --frozen --no-dev"), Step::Lock("uv.lock"));
        assert_eq!(one("useradd -m -u 1000 web"), Step::User("web".to_owned(), Some(1000)));
        assert_eq!(one("adduser --uid=7 web"), Step::User("web".to_owned(), Some(7)));
        assert_eq!(one("useradd web"), Step::User("web".to_owned(), None));
        assert_eq!(
            one("pip install -r requirements.txt -c constraints.txt"),
            Step::With(
                Box::new(Step::Requirements(strings(&["requirements.txt"]))),
                strings(&["-c constraints.txt"])
            )
        );
    }
}
