//! The help texts for each problem. A problem without a help text is a compile error.

use super::Problem;
use super::words::{host, ignored, instead_of, list};

impl Problem {
    #[expect(clippy::too_many_lines, reason = "a table of texts")]
    pub(super) fn cures(&self) -> Vec<String> {
        match self {
            Self::Syntax { is_dockerfile: true, .. } => {
                vec!["this reads like a Dockerfile: `pybuild init --from FILE` writes a build file for it".into()]
            }
            Self::WrongType { help: Some(help), .. } => vec![help.clone()],
            Self::UnknownKey { key, table, .. } if key == "tool" && table == "this file" => {
                vec!["tables below `tool.pybuild` are for a pyproject.toml: here they stand by themselves".into()]
            }
            Self::UnknownKey { suggestion: None, known, .. } if !known.is_empty() => {
                vec![format!("the keys here are {}", list(known))]
            }
            Self::UnknownStage { suggestion: None, known, .. } => {
                vec![format!("the stages of this file are {}", list(known))]
            }
            Self::UnknownTarget { suggestion: None, known, .. } => {
                vec![format!("the targets of this file are {}", list(known))]
            }
            Self::UnknownGroup { suggestion: None, known, .. } if known.is_empty() => vec![
                "declare it: `[dependencies.groups]` with a requirements file, or `[dependency-groups]` in pyproject.toml".into(),
            ],
            Self::UnknownGroup { suggestion: None, known, .. } => {
                vec![format!("the groups of this project are {}", list(known))]
            }
            Self::UnknownArg { suggestion: None, name } => {
                vec![
                    format!("declare it: `[args]` with `{name} = \"…\"`"),
                    format!("or write `$${{{name}}}` for the text itself: variables of an image cannot be referred to"),
                ]
            }
            Self::CredentialsInFile => vec![
                "pass them as a build secret: `netrc = \"ID\"` in [dependencies.index] and `--secret id=ID,src=$HOME/.netrc`"
                    .into(),
            ],
            Self::BaseWithoutPython { .. } => vec![
                "the output of the step says which Python the image has".into(),
                "choose a base that has this version, or set `version` of [python] to the version that it has".into(),
            ],
            Self::BadAddress { .. } => {
                vec!["write the whole address, as `https://HOST/FOLDER/FILE`, or for a repository `https://HOST/NAME.git#COMMIT`".into()]
            }
            Self::NoChecksum { address } => vec![
                "the build then knows that the file is the one you mean".into(),
                format!("write `checksum = \"sha256:…\"`, with what `curl -fsSL {address} | sha256sum` says"),
            ],
            Self::NoCommit { address } => vec![
                "a branch or a tag may be another commit tomorrow".into(),
                format!("write `{address}#COMMIT`, with what `git ls-remote {address}` says"),
            ],
            Self::OnlyForDownloads { .. } => {
                vec!["take it out: stages, images, repositories and the context have checksums of their own".into()]
            }
            Self::PathOfDownload => {
                vec!["take it out, or write `unpack = true` where the file is an archive and a part of it is meant".into()]
            }
            Self::RepositoriesNeedApt { .. } => {
                vec!["take a base of Debian or Ubuntu, or set `manager` of [system]".into()]
            }
            Self::PathWithoutEnvironment => vec![
                "add to the path instead: `PATH = \"/opt/tool/bin:${PATH}\"`; `/venv/bin` stays first".into(),
                "or write `/venv/bin` where it is to stand".into(),
            ],
            Self::UnclosedArg => vec!["write `${NAME}`, or `$$` for a plain dollar sign".into()],
            Self::TooMany { .. } => vec!["divide it: a build file for each image".into()],
            Self::ExpandedTooFar { .. } => {
                vec!["pass long values by a file that is copied, not by a build arg in many places".into()]
            }
            Self::BuildTooLarge { .. } => vec![
                "put several commands into one step, and what many stages repeat into a stage that they start from"
                    .into(),
            ],
            Self::NotUtf8 { .. } => vec!["save it as UTF-8".into()],
            Self::TooLarge { .. } => vec!["is it the file that was meant? `-f` names another".into()],
            Self::BadPlatform { .. } => vec!["write a platform as `linux/amd64` or `linux/arm64`".into()],
            Self::BadDuration { .. } => vec!["write a number and a unit, as `30s`, `1m30s` or `500ms`".into()],
            Self::BadAge { .. } => vec!["write a number and a unit, as `7d`, `36h` or `2w`".into()],
            Self::TooYoung { package, until, .. } => {
                let name = package.split(' ').next().unwrap_or(package);
                vec![
                    "lock an older version; uv: `uv lock --exclude-newer \"7 days\"`".into(),
                    format!("or build on {until} or later"),
                    format!(
                        "or make an exception: `[dependencies]` with `cooldown = {{ age = \"…\", except = [\"{name}\"] }}`"
                    ),
                ]
            }
            Self::NotFollowed { command, .. } => vec![
                format!("commit a lock: `{command}`"),
                "or take the setting out, and name requirements files that say it all".into(),
            ],
            Self::UploadTimeUnknown { .. } => vec![
                "lock with a tool that keeps the time of the upload (`uv lock`, `uv export --format pylock.toml`)".into(),
                "or use an index that tells the time (PEP 700)".into(),
            ],
            Self::BadPort { .. } => {
                vec!["write a number from 1 to 65535, or a string as `\"53/udp\"` or `\"8000-8010\"`".into()]
            }
            Self::BadUser { .. } => {
                vec!["write a name as `\"app\"`, or numbers as `\"1000\"` or `\"1000:1000\"`".into()]
            }
            Self::BadSignal { .. } => vec!["write a name as `SIGTERM` or a number as `15`".into()],
            Self::NotAbsolute { value } => vec![format!("write `/{}`", value.trim_start_matches("./"))],
            Self::PathLeavesContext { .. } => vec![
                "paths are relative to the build context, the last argument of `docker buildx build`".into(),
            ],
            Self::RequiresWithoutChecks { name } => {
                vec![format!("give it one: `checks.NAME = \"…\"` in [stage.{name}]")]
            }
            Self::ReservedStage => vec![
                "set its system packages in `[system]` and its dependencies in `[dependencies]`".into(),
                "give a stage of your own another name, with `from = \"builder\"`".into(),
            ],
            Self::NotAPythonStage { .. } => vec![
                "leave `from` out to get the project's Python, dependencies and app".into(),
                "or write `from = \"dev\"` (or another Python stage) to go on from it".into(),
            ],
            Self::MissingFile { suggestion: None, .. } => {
                vec!["create it, or correct the path: it is relative to the build context".into()]
            }
            Self::IgnoredFile { rule, ignore_file: Some(file), path } => {
                vec![format!("remove `{rule}` from {file}, or add `!{path}` after it")]
            }
            Self::IgnoredFile { ignore_file: None, .. } => vec![
                "write a .dockerignore without such a rule: the built-in ones then do not hold".into(),
            ],
            Self::Unfit { .. } => vec!["put a regular file in its place, or a link to one inside of the context".into()],
            Self::BadRequirement { .. } => {
                vec!["write a requirement as `name==1.2.3`, or an option as `-r other.txt`".into()]
            }
            Self::LocalRequirement { .. } => vec![
                "for the project itself: make it a package, by a `[build-system]` and a `[project]` table in pyproject.toml, or remove the line".into(),
            ],
            Self::RemoteRequirements { .. } => vec![
                "to have its contents checked and every build the same, save the file beside this one and name that: `curl -o constraints.txt ADDRESS`".into(),
            ],
            Self::IgnoredOption { option } => ignored(option),
            Self::NotInstallable { is_folder: true, .. } => {
                vec!["name the folder that has the project's pyproject.toml".into()]
            }
            Self::HashNotChecked { .. } => vec![
                "give every requirement a version and hashes, and leave out the lines that name the project itself: all of it is then a lock".into(),
                "or take the hashes out".into(),
            ],
            Self::BesideCredentials { .. } => vec![
                "take it out of the address: `netrc = \"ID\"` in [dependencies.index] and `--secret id=ID,src=$HOME/.netrc`".into(),
                "or remove the line, and list what the project depends on".into(),
            ],
            Self::BadPythonVersion { .. } => {
                vec!["write a version as `3.13`, `3.13.1` or, for the free-threaded build, `3.14t`".into()]
            }
            Self::IgnoredPythonVersion { .. } => vec![
                "write a version, such as `3.13`; a name means something on one machine alone".into(),
            ],
            Self::NoBuildSystem => vec![
                "add to pyproject.toml: `[build-system]` with `requires = [\"poetry-core\"]` and `build-backend = \"poetry.core.masonry.api\"`".into(),
                "or say that there is nothing to install: `[tool.poetry]` with `package-mode = false`, or `[app]` with `package = false`".into(),
            ],
            Self::NoFreeThreadedImage { .. } => {
                vec!["name an image that has it: `[python]` with `base = \"…\"`".into()]
            }
            Self::NoPythonImage { known, .. } => vec![
                format!("name one that there is: {} get fixes", list(known)),
                "or name an image that has it: `[python]` with `base`".into(),
            ],
            Self::NoImage { .. } => vec!["correct the name or the tag, or push it: `docker pull` tells whether it is there".into()],
            Self::RequiresPython { said, .. } => {
                vec![format!("change the version in {said}, or `requires-python` in pyproject.toml")]
            }
            Self::BadSpecifier { value } if value.starts_with(|c: char| c.is_ascii_digit()) => {
                vec![format!("write an operator before the version: `=={value}` or `>={}`", value.trim_end_matches(".*"))]
            }
            Self::BadSpecifier { .. } => vec!["write it as `>=3.11` or `>=3.11,<3.14` (PEP 440)".into()],
            Self::NoPythonFits { .. } => vec!["name the version: `[python]` with `version = \"3.x\"`".into()],
            Self::DynamicDependencies => vec![
                "list the requirements files: `[dependencies]` with `requirements = [\"…\"]`".into(),
            ],
            Self::PoetryDependency { .. } => vec!["commit a poetry.lock: `poetry lock`".into()],
            Self::Lock { help, .. } | Self::Lint { help, .. } | Self::NothingToCopy { help, .. } => help.clone(),
            Self::SecretNotPassed { id, can_be_optional } => {
                let mut help = vec![format!("pass it: `--secret id={id},src=FILE` or `--secret id={id},env=VARIABLE`")];
                if *can_be_optional {
                    help.push(format!(
                        "or let the step do without: `secrets = [{{ id = \"{id}\", required = false }}]`"
                    ));
                }
                help
            }
            Self::AgentNotPassed { id } => vec![format!("pass it: `--ssh {id}`, with an agent that runs")],
            Self::InsecureNotAllowed => vec!["allow it: `--allow security.insecure`, with an engine that permits it".into()],
            Self::HostNetworkNotAllowed => vec!["allow it: `--allow network.host`".into()],
            Self::UnknownLock { .. } => vec![
                "locks are uv.lock, pylock.toml, poetry.lock, pdm.lock, Pipfile.lock, conda-lock.yml, pixi.lock, and requirements files with hashes"
                    .into(),
            ],
            Self::StaleLock { command, .. } => vec![
                format!("lock again: `{command}`"),
                "or install what it has all the same: `# check=skip=StaleLock` below the syntax line".into(),
            ],
            Self::TwoVersions { .. } => vec![
                "lock both together, or hold one file to the other with `-c` when it is compiled".into(),
            ],
            Self::OtherBelow { .. } => vec![
                "start the stage without `from`: its environment is then chosen as one".into(),
            ],
            Self::WeakHash { .. } => vec![
                "lock again, with a tool and an index that have SHA-256: later ones do".into(),
            ],
            Self::OtherFile { .. } => vec![
                "lock again, and look who changed the lock: the tools do not write such an entry".into(),
            ],
            Self::BuildNotFollowed { .. } => vec![
                "lock a version that has a wheel for this platform, or build the wheel elsewhere and lock the wheel".into(),
                "or take the setting out: a build here has what its `[build-system]` asks for".into(),
            ],
            Self::UnknownIndex { .. } => vec![
                "write the whole address: `[dependencies.index]` with `extra = [\"https://packages.example/simple\"]`"
                    .into(),
                "user name and password: `netrc` and `auth` there name build secrets".into(),
            ],
            Self::OtherServed { .. } => vec![
                "another file than was locked: ask who runs the server before you lock again".into(),
            ],
            Self::NotServed { status: 401 | 403 | 407, .. } => vec![
                "the server asks who you are: `auth` in [dependencies.index] names the build secret that is sent".into(),
                "pass the secret, or one that is still valid: `--secret id=NAME,src=FILE`".into(),
            ],
            Self::NotServed { is_passing: false, .. } => vec![
                "the server does not have the file, or has it no more: lock again, or correct the address".into(),
            ],
            Self::NotFetched { tries: 0 | 1, message, .. } if message.contains("x509") => vec![
                "a certificate of your own: `ca` in [dependencies.index] names the build secret that has it".into(),
            ],
            Self::NotFetched { tries: 0 | 1, .. } => vec![
                "the server's answer leads to no file: ask who runs the server, or lock again".into(),
            ],
            Self::NotServed { tries, .. } | Self::NotFetched { tries, .. } => {
                let times = if *tries > 1 { format!("asked {tries} times; ") } else { String::new() };
                vec![format!("{times}build again later; if that changes nothing, ask who runs the server")]
            }
            Self::ForOtherPython { .. } => {
                vec!["lock again with the Python of the image, or choose another one: `version` of [python]".into()]
            }
            Self::NotOnIndex { .. } => vec!["lock again, or give the index that has it".into()],
            Self::Unverified { name, .. } => vec![
                "lock again, with an index and a tool that tell the SHA-256 of each file".into(),
                format!("or install it as it comes: `allow-unverified = [\"{name}\"]` in [dependencies]"),
            ],
            Self::UnverifiedAllowed { is_plain, .. } => {
                let who = if *is_plain { "whoever is between you and the server" } else { "the server" };
                vec![format!("{who} decides what is installed: lock it with a SHA-256 as soon as there is one")]
            }
            Self::CredentialsInAddress { address, is_git: true, .. } => vec![
                format!("take it out of the address, and pass it as a build secret: `--secret id=GIT_AUTH_TOKEN.{}`", host(address)),
                "no operation and no message of this build has it, but the file does: whoever reads that has it".into(),
            ],
            Self::CredentialsInAddress { address, is_git: false, .. } => vec![
                format!(
                    "take it out of the address, and pass it as a build secret: `--secret id=HTTP_AUTH_HEADER_{}`, or `auth` in [dependencies.index]",
                    host(address)
                ),
                "for pip and uv, pass a file as .netrc: `netrc = \"ID\"` in [dependencies.index] and `--secret id=ID,src=$HOME/.netrc`".into(),
                "no operation and no message of this build has it, but the file does: whoever reads that has it".into(),
            ],
            Self::PythonVersionNeeded => vec!["name it: `[python]` with `version = \"3.13\"`".into()],
            Self::NotLocked { command, .. } => vec![format!("commit a lock: `{command}`")],
            Self::LockNotRead { .. } => {
                vec!["export it to a requirements file to install exactly what it locks".into()]
            }
            Self::NoDependencies { unread } => {
                let mut help = unread.as_deref().map_or_else(Vec::new, |file| vec![instead_of(file)]);
                help.push("if the app needs none, say so: `[dependencies]` with `requirements = []`".into());
                help
            }
            Self::BadCheckOptions { .. } => {
                vec!["write `skip=RULE,RULE` or `skip=all`, and `error=true`, with `;` between".into()]
            }
            Self::UnknownRule { suggestion: None, .. } => vec!["the rules are listed in docs/rules".into()],
            Self::NotAPackage => vec![
                "add a `[build-system]` table to pyproject.toml".into(),
                "or copy the code as it is: `[app]` with `package = false`".into(),
            ],
            Self::BadVersion { .. } => vec![
                "write it as `1.2.3`, or as `1.2.3.dev4+g0123abc` for a commit after a tag (PEP 440)".into(),
            ],
            Self::FixedVersion { .. } => {
                vec!["leave `version` out here: it is for projects whose version comes from git".into()]
            }
            _ => Vec::new(),
        }
    }
}
