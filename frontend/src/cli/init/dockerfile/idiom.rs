//! Commands for which the build file has keys. A command is recognised only if all of its options are known.

use super::words::Plain;

/// The meaning of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Idiom {
    /// A build file need not contain this, for the given reason.
    Nothing(&'static str),
    /// Installs OS packages and possibly the packages that they recommend. `together` is a name for all of
    /// them (`apk add --virtual`).
    System { names: Vec<String>, together: Option<String>, recommends: bool },
    /// Removes OS packages again.
    Removed(Vec<String>),
    /// Checks that the installed packages are compatible: `pip check`.
    Check,
    /// Installs Python packages.
    Python(Python),
    /// Installs from the lock of a package manager.
    Lock(Locked),
    /// Exports a lock as requirements: the name of the lock, and the file.
    Export(&'static str, String),
    /// Makes an environment at a path.
    Environment(String),
    /// Adds a user.
    User(Account),
    /// Adds a group.
    Group(Account),
    /// Makes folders and their parents.
    Folders(Vec<String>),
    /// Another program.
    Program,
}

/// The packages that pip or `uv pip` installs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Python {
    pub(super) files: Vec<String>,
    pub(super) named: Vec<String>,
    /// The project itself: its folder and its extras.
    pub(super) project: Option<(String, Vec<String>)>,
    pub(super) editable: bool,
    /// Wheels that another step has made.
    pub(super) wheels: Vec<String>,
    pub(super) index: Option<String>,
    pub(super) extra_indexes: Vec<String>,
    /// The destinations of packages or wheels.
    pub(super) places: Vec<String>,
    pub(super) for_user: bool,
    /// `pip wheel`: makes wheels and installs nothing.
    pub(super) makes_wheels: bool,
}

/// The parts of a lock that a package manager installs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command")]
pub(super) struct Locked {
    pub(super) lock: &'static str,
    pub(super) groups: Vec<String>,
    pub(super) extras: Vec<String>,
    pub(super) all_extras: bool,
    /// Whether development dependencies are installed too.
    pub(super) development: bool,
    pub(super) without_project: bool,
    /// Whether the project is installed as a wheel and not in editable form.
    pub(super) not_editable: bool,
}

/// A user or a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) number: Option<u32>,
    pub(super) group: Option<String>,
    /// Whether it is a system user with a low number.
    pub(super) system: bool,
    pub(super) home: Option<String>,
}

const UPGRADE: &str = "packages of the base are not upgraded: take a newer base";

/// Recognises a command.
pub(super) fn idiom(command: &Plain) -> Idiom {
    let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
    let words = words.strip_prefix(&["sudo"]).unwrap_or(&words);
    let Some((program, rest)) = words.split_first() else { return Idiom::Program };
    let program = program.rsplit('/').next().unwrap_or(program);
    if command.output.is_some() {
        return export(program, rest, command.output.as_deref()).unwrap_or(Idiom::Program);
    }
    // Any other variable may matter: it may select packages or accept a licence.
    let calm = |name: &str| name == "DEBIAN_FRONTEND" || super::variables::CALM.contains(&name);
    if !command.variables.iter().all(|(name, _)| calm(name)) {
        return Idiom::Program;
    }
    let found = match program {
        "rm" => caches(rest),
        "find" => rest
            .iter()
            .any(|word| word.contains("pycache") || word.contains(".pyc"))
            .then_some(Idiom::Nothing("bytecode is made when the packages are installed")),
        _ if command.has_pattern && !matches!(program, "pip" | "pip3" | "python" | "python3" | "uv") => None,
        "apt-get" | "apt" => apt(rest),
        "apk" => apk(rest),
        "dnf" | "microdnf" | "yum" => dnf(rest),
        "pip" | "pip3" => super::pip::pip(rest),
        "python" | "python3" => match rest {
            ["-m", "pip", rest @ ..] => super::pip::pip(rest),
            ["-m", "venv", rest @ ..] => environment(rest),
            ["-m", "ensurepip", ..] => Some(Idiom::Nothing("pip is there")),
            _ => None,
        },
        "virtualenv" => environment(rest),
        "uv" | "poetry" | "pdm" | "pipenv" => super::managers::manager(program, rest),
        "useradd" | "adduser" => user(program, rest).map(Idiom::User),
        "groupadd" | "addgroup" => user(program, rest).map(Idiom::Group),
        "mkdir" => match rest {
            ["-p" | "--parents", folders @ ..] | folders
                if folders.iter().all(|folder| !folder.starts_with('-')) =>
            {
                Some(Idiom::Folders(owned(folders)))
            }
            _ => None,
        },
        _ => None,
    };
    found.unwrap_or(Idiom::Program)
}

pub(super) fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// `rm` of files that are not in an image anyway.
fn caches(words: &[&str]) -> Option<Idiom> {
    let is_cache = |word: &&str| {
        word.starts_with('-')
            || [
                "/var/lib/apt/",
                "/var/cache/",
                "/root/.cache",
                "/var/lib/dpkg/",
                "/var/log/",
                "/tmp/*",
                "/var/tmp/*",
                "~/.cache",
            ]
            .iter()
            .any(|start| word.starts_with(start))
            || *word == "/var/lib/apt/lists"
    };
    words.iter().all(is_cache).then_some(Idiom::Nothing("lists and caches of packages are in no image"))
}

/// The plain names among options and names; `None` if there is an unknown option.
fn named<'w>(words: &[&'w str], options: &[&str]) -> Option<Vec<&'w str>> {
    let fits = |word: &&str| !word.starts_with('-') || options.contains(word);
    let plain = |word: &&str| !word.contains(['/', '*', '?', '$']);
    let names: Vec<&str> = words.iter().copied().filter(|word| !word.starts_with('-')).collect();
    (words.iter().all(fits) && names.iter().all(plain)).then_some(names)
}

const APT: [&str; 18] = [
    "-y",
    "--yes",
    "--assume-yes",
    "-q",
    "-qq",
    "-yq",
    "-qy",
    "-yqq",
    "-qqy",
    "-y -q",
    "--no-install-recommends",
    "--no-install-suggests",
    "--fix-missing",
    "--quiet",
    "-f",
    "--purge",
    "--auto-remove",
    "--autoremove",
];

fn apt(words: &[&str]) -> Option<Idiom> {
    let verb = words.iter().position(|word| !word.starts_with('-'))?;
    let (before, rest) = words.split_at(verb);
    let (verb, after) = rest.split_first()?;
    let words: Vec<&str> = before.iter().chain(after).copied().collect();
    // `-o Name=value` configures the package manager for this command.
    let names = named(&words, &APT)?;
    match *verb {
        "install" if names.is_empty() => None,
        "install" => Some(Idiom::System {
            names: owned(&names),
            together: None,
            recommends: !words.contains(&"--no-install-recommends"),
        }),
        "update" | "clean" | "autoclean" | "autoremove" | "check" => {
            Some(Idiom::Nothing("lists and caches of packages are looked after"))
        }
        "upgrade" | "dist-upgrade" | "full-upgrade" => Some(Idiom::Nothing(UPGRADE)),
        "purge" | "remove" if !names.is_empty() => Some(Idiom::Removed(owned(&names))),
        "purge" | "remove" => Some(Idiom::Nothing("what is no longer needed is not there")),
        _ => None,
    }
}

fn apk(words: &[&str]) -> Option<Idiom> {
    let verb = words.iter().position(|word| !word.starts_with('-'))?;
    let (before, rest) = words.split_at(verb);
    let (verb, after) = rest.split_first()?;
    let mut words: Vec<&str> = before.iter().chain(after).copied().collect();
    let mut together = None;
    if let Some(at) = words.iter().position(|word| matches!(*word, "--virtual" | "-t")) {
        let name = *words.get(at + 1)?;
        together = Some(name.to_owned());
        words.drain(at..at + 2);
    } else if let Some(at) = words.iter().position(|word| word.starts_with("--virtual=")) {
        together = words.remove(at).split_once('=').map(|(_, name)| name.to_owned());
    }
    let options =
        ["--no-cache", "--update", "-U", "-u", "-q", "--quiet", "--upgrade", "--purge", "--available"];
    let names = named(&words, &options)?;
    match *verb {
        "add" if names.is_empty() => None,
        // `name@repository` needs the repository.
        "add" if names.iter().any(|name| name.contains('@')) => None,
        "add" => Some(Idiom::System { names: owned(&names), together, recommends: false }),
        "update" => Some(Idiom::Nothing("lists and caches of packages are looked after")),
        "upgrade" => Some(Idiom::Nothing(UPGRADE)),
        "del" => Some(Idiom::Removed(owned(&names))),
        _ => None,
    }
}

fn dnf(words: &[&str]) -> Option<Idiom> {
    let verb = words.iter().position(|word| !word.starts_with('-'))?;
    let (before, rest) = words.split_at(verb);
    let (verb, after) = rest.split_first()?;
    let words: Vec<&str> = before.iter().chain(after).copied().collect();
    let options = ["-y", "--assumeyes", "-q", "--quiet", "--nodocs", "--setopt=install_weak_deps=False"];
    let options = [&options[..], &["--setopt=tsflags=nodocs", "--setopt=install_weak_deps=0"]].concat();
    let names = named(&words, &options)?;
    match *verb {
        "install" if names.is_empty() || names.iter().any(|name| name.starts_with('@')) => None,
        "install" => Some(Idiom::System { names: owned(&names), together: None, recommends: false }),
        "clean" | "makecache" => Some(Idiom::Nothing("lists and caches of packages are looked after")),
        "update" | "upgrade" if names.is_empty() => Some(Idiom::Nothing(UPGRADE)),
        "remove" | "erase" => Some(Idiom::Removed(owned(&names))),
        _ => None,
    }
}

fn environment(words: &[&str]) -> Option<Idiom> {
    let options = ["--copies", "--upgrade-deps", "--without-pip", "--clear", "--seed", "--symlinks"];
    match named_paths(words, &options)?.as_slice() {
        [path] => Some(Idiom::Environment((*path).to_owned())),
        _ => None,
    }
}

pub(super) fn named_paths<'w>(words: &[&'w str], options: &[&str]) -> Option<Vec<&'w str>> {
    let fits = |word: &&str| !word.starts_with('-') || options.contains(word);
    words.iter().all(fits).then(|| words.iter().copied().filter(|word| !word.starts_with('-')).collect())
}

/// `uv export … > FILE`, `poetry export … > FILE`.
fn export(program: &str, words: &[&str], output: Option<&str>) -> Option<Idiom> {
    let lock = super::managers::lock_of(program)?;
    let verb = words.first()?;
    let exports = matches!(*verb, "export") || (program == "pipenv" && *verb == "requirements");
    // Groups and extras would be lost. Development dependencies are in the file unless they are left out.
    let known = |word: &&str| {
        matches!(
            *word,
            "export" | "requirements" | "-f" | "requirements.txt" | "--frozen" | "--locked" | "--no-dev"
        ) || matches!(
            *word,
            "--without-hashes" | "--no-hashes" | "--format" | "requirements-txt" | "--no-emit-project"
        ) || matches!(
            *word,
            "--format=requirements.txt" | "--format=requirements-txt" | "--no-header" | "--prod"
        )
    };
    (exports && words.iter().all(known)).then(|| Idiom::Export(lock, output.unwrap_or_default().to_owned()))
}

/// `useradd`, `adduser`, `groupadd` and `addgroup` of the shadow tools, of Debian and of `BusyBox`.
fn user(program: &str, words: &[&str]) -> Option<Account> {
    let mut account = Account::default();
    let mut names = Vec::new();
    let mut words = words.iter();
    let of_groups = program.starts_with("group") || program == "addgroup";
    while let Some(word) = words.next() {
        let (option, given) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, Some(value)),
            _ => (*word, None),
        };
        let mut value = || given.or_else(|| words.next().copied());
        match option {
            "-u" | "--uid" => account.number = Some(value()?.parse().ok()?),
            "-g" | "--gid" if of_groups => account.number = Some(value()?.parse().ok()?),
            "--gid" | "--ingroup" => account.group = Some(value()?.to_owned()),
            "-g" if program == "useradd" => account.group = Some(value()?.to_owned()),
            "-G" if program == "adduser" => account.group = Some(value()?.to_owned()),
            // These values are only descriptions.
            "-g" | "-c" | "--comment" | "--gecos" | "-s" | "--shell" => {
                value()?;
            }
            "-r" | "--system" => account.system = true,
            "-S" if program.starts_with("add") => account.system = true,
            "-d" | "--home" | "--home-dir" | "-h" => account.home = Some(value()?.to_owned()),
            "-m"
            | "--create-home"
            | "-M"
            | "--no-create-home"
            | "-l"
            | "--no-log-init"
            | "-U"
            | "--user-group"
            | "-D"
            | "-H"
            | "--disabled-password"
            | "--disabled-login"
            | "--quiet"
            | "--group"
            | "-o"
            | "--non-unique"
            | "-f"
            | "--force"
            | "-ms"
            | "-mU"
            | "-lm"
            | "-rm"
            | "-DH"
            | "-SD"
            | "-rms"
            | "-mrs" => {
                account.system |= option.contains('r') && option.len() < 5 || option == "-SD";
                if option.ends_with('s') && !option.starts_with("--") {
                    value()?;
                }
            }
            word if word.starts_with('-') => return None,
            name => names.push(name.to_owned()),
        }
    }
    match names.as_slice() {
        [name] => account.name.clone_from(name),
        // `adduser USER GROUP` adds a user to a group.
        _ => return None,
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    account.name.chars().all(plain).then_some(account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::init::dockerfile::words::commands;

    pub(super) fn of(line: &str) -> Idiom {
        idiom(&commands(line, &|_| None).unwrap().remove(0))
    }

    fn system(names: &[&str]) -> Idiom {
        Idiom::System { names: owned(names), together: None, recommends: false }
    }

    #[test]
    fn packages_of_the_system_are_told_with_all_their_options_or_not_at_all() {
        assert_eq!(
            of("apt-get install -y --no-install-recommends gcc libpq-dev"),
            system(&["gcc", "libpq-dev"])
        );
        assert_eq!(of("DEBIAN_FRONTEND=noninteractive apt-get -yq install curl=7.*"), Idiom::Program);
        assert_eq!(of("apt-get -qq update"), Idiom::Nothing("lists and caches of packages are looked after"));
        assert_eq!(of("apt-get purge -y --auto-remove gcc"), Idiom::Removed(owned(&["gcc"])));
        let together = Some(".build".to_owned());
        let build = Idiom::System { names: owned(&["gcc", "musl-dev"]), together, recommends: false };
        assert_eq!(of("apk add --no-cache --virtual .build gcc musl-dev"), build);
        assert_eq!(of("apk del .build"), Idiom::Removed(owned(&[".build"])));
        for line in [
            "apt-get install -y ./x.deb",
            "apt-get install -t sid gcc",
            "ACCEPT_EULA=Y apt-get install -y msodbcsql18",
            "apk add x@edge",
            "apk add --repository=https://r.example x",
            "dnf install -y @tools",
            "rm -rf /app/x",
            "rm -rf /var/lib/apt/lists/* /app",
        ] {
            assert_eq!(of(line), Idiom::Program, "{line}");
        }
        assert!(matches!(of("rm -rf /var/lib/apt/lists/* /root/.cache"), Idiom::Nothing(_)));
    }

    #[test]
    fn users_are_told_with_their_numbers() {
        let account = |name: &str, number, group: Option<&str>, system| Account {
            name: name.to_owned(),
            number,
            group: group.map(str::to_owned),
            system,
            home: None,
        };
        let user = |line: &str| match of(line) {
            Idiom::User(account) | Idiom::Group(account) => Some(account),
            _ => None,
        };
        assert_eq!(user("useradd -m -u 1000 web"), Some(account("web", Some(1000), None, false)));
        assert_eq!(user("useradd -u 10001 -g 0 web"), Some(account("web", Some(10001), Some("0"), false)));
        assert_eq!(
            user("useradd --create-home --shell /bin/bash web"),
            Some(account("web", None, None, false))
        );
        assert_eq!(user("useradd -ms /bin/bash web"), Some(account("web", None, None, false)));
        assert_eq!(user("useradd -r -g app app"), Some(account("app", None, Some("app"), true)));
        assert_eq!(user("adduser -D -u 7 web"), Some(account("web", Some(7), None, false)));
        assert_eq!(user("adduser -S web -G web"), Some(account("web", None, Some("web"), true)));
        assert_eq!(
            user("adduser --disabled-password --gecos '' web"),
            Some(account("web", None, None, false))
        );
        assert_eq!(user("groupadd -g 999 web"), Some(account("web", Some(999), None, false)));
        assert_eq!(user("adduser web www-data"), None);
        assert_eq!(user("useradd --uid x web"), None);
        assert_eq!(user("useradd -k /skel web"), None);
    }
}
