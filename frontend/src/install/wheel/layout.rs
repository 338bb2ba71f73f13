//! The destinations of a wheel's members in an environment.
//!
//! In a virtual environment, pure and platform-specific code share one directory. So `Root-Is-Purelib` has no
//! effect: where Python would use `lib64`, this is a link to `lib`.

use super::error::Problem;
use super::metadata::Metadata;
use super::name::Identity;
use crate::install::arguments::PythonVersion;

/// Files in `.dist-info` that only the installer writes.
pub(super) const DROPPED: [&str; 4] = ["RECORD", "INSTALLER", "REQUESTED", "direct_url.json"];

/// Signatures of RECORD. They cannot have a row in it.
pub(super) const SIGNATURES: [&str; 2] = ["RECORD.jws", "RECORD.p7s"];

/// An environment into which packages are installed.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    /// The path without the first `/`.
    pub(crate) prefix: String,
    /// The Python version.
    pub(crate) python: PythonVersion,
    /// The path of the interpreter for the first line of scripts.
    pub(crate) interpreter: String,
}

/// The destination of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The path in the environment.
    pub(super) path: String,
    /// Whether it is a file or a script.
    pub(super) kind: Kind,
}

/// The way in which a member is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Unchanged.
    File,
    /// As an executable file with its first line filled in.
    Script,
}

impl Environment {
    /// The path of site-packages in the environment.
    pub(crate) fn site_packages(&self) -> String {
        format!("lib/python{}/site-packages", self.python.text())
    }

    /// The path of a file relative to site-packages, in the form of RECORD.
    pub(super) fn relative_to_site(&self, place: &str) -> String {
        match place.strip_prefix(&self.site_packages()).and_then(|rest| rest.strip_prefix('/')) {
            Some(rest) => rest.to_owned(),
            None => match place.strip_prefix(&format!("lib/python{}/", self.python.text())) {
                Some(rest) => format!("../{rest}"),
                None => match place.strip_prefix("lib/") {
                    Some(rest) => format!("../../{rest}"),
                    None => format!("../../../{place}"),
                },
            },
        }
    }

    /// The destination of a member, or `None` if it is not installed.
    pub(super) fn place(
        &self,
        member: &str,
        identity: &Identity,
        metadata: &Metadata,
    ) -> Result<Option<Place>, Problem> {
        let (top, rest) = member.split_once('/').unwrap_or((member, ""));
        if top == metadata.dist_info && DROPPED.contains(&rest) {
            return Ok(None);
        }
        let site = self.site_packages();
        // If both directories have another version than the file name, they still agree with each other.
        let own = metadata.dist_info.strip_suffix(".dist-info").unwrap_or_default();
        let is_data = |stem: &str| stem == own || identity.fits_stem(stem);
        let data = top.strip_suffix(".data").is_some_and(is_data) && !rest.is_empty();
        let (path, kind) = if data {
            let part = rest.split_once('/').ok_or_else(|| Problem::DataPart(member.to_owned()))?;
            match part {
                ("purelib" | "platlib", rest) => (format!("{site}/{rest}"), Kind::File),
                ("scripts", rest) => (format!("bin/{rest}"), Kind::Script),
                // uv 0.13.9 and pip 26.3 name this folder after the normalised package name.
                ("headers", rest) => (
                    format!("include/site/python{}/{}/{rest}", self.python.text(), identity.package()),
                    Kind::File,
                ),
                // `lib64` is a link. A file for it must not replace the link.
                ("data", rest) => match rest.strip_prefix("lib64/") {
                    Some(rest) => (format!("lib/{rest}"), Kind::File),
                    None => (rest.to_owned(), Kind::File),
                },
                _ => return Err(Problem::DataPart(member.to_owned())),
            }
        } else {
            (format!("{site}/{member}"), Kind::File)
        };
        let is_folder = path == "bin" || path == "lib" || format!("{site}/").starts_with(&format!("{path}/"));
        // The `activate` script belongs to the environment. A command with its name is noted as an
        // irregularity.
        if is_folder || is_reserved(&path) || path == "bin/activate" {
            Err(Problem::Reserved(path))
        } else {
            Ok(Some(Place { path, kind }))
        }
    }
}

/// Whether a path belongs to the environment itself.
pub(super) fn is_reserved(path: &str) -> bool {
    let mut parts = path.split('/');
    match (parts.next(), parts.next()) {
        (Some("pyvenv.cfg" | "lib64" | "conda-meta"), _) => true,
        (Some("bin"), Some(name)) => name.strip_prefix("python").is_some_and(|version| {
            version.is_empty() || version == "3" || PythonVersion::of_name(name).is_some()
        }),
        _ => false,
    }
}

/// Programs of the system that scripts and people call by name. The environment is first in `PATH`, so a
/// command with such a name would replace the program.
const PROGRAMS: [&str; 64] = [
    "apk", "apt", "apt-get", "ash", "awk", "bash", "busybox", "cat", "chmod", "chown", "chroot", "cp",
    "curl", "cut", "dash", "date", "dd", "dnf", "docker", "dpkg", "echo", "env", "false", "find", "git",
    "gpg", "grep", "head", "id", "install", "kill", "ln", "login", "ls", "mkdir", "mount", "mv", "nice",
    "nohup", "openssl", "passwd", "printf", "ps", "pwd", "rm", "rpm", "sed", "sh", "sleep", "sort", "ssh",
    "stat", "su", "sudo", "tail", "tar", "tee", "test", "true", "umount", "uname", "wget", "which", "xargs",
];

/// Whether a command of `package` replaces a program that is not the package's own.
pub(super) fn is_others_program(command: &str, package: &str) -> bool {
    if command == package {
        return false;
    }
    let is_pip = command == "pip"
        || command.strip_prefix("pip3").is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    is_pip && package != "pip" || PROGRAMS.binary_search(&command).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_others_are_told_from_a_package_s_own() {
        assert!(PROGRAMS.is_sorted());
        assert!(is_others_program("sh", "evil") && is_others_program("pip", "evil"));
        assert!(is_others_program("pip3.11", "evil") && is_others_program("pip3", "evil"));
        assert!(!is_others_program("pip", "pip") && !is_others_program("pip3.13", "pip"));
        assert!(!is_others_program("pipx", "pipx") && !is_others_program("black", "black"));
    }

    #[test]
    fn parts_of_a_wheel_go_where_a_virtual_environment_has_them() {
        let environment = Environment {
            prefix: "venv".to_owned(),
            python: PythonVersion::parse("3.11").unwrap(),
            interpreter: "/venv/bin/python".to_owned(),
        };
        let identity = Identity::of_file("a_b-1.0-py3-none-any.whl").unwrap();
        let metadata = Metadata { dist_info: "a_b-1.0.dist-info".to_owned() };
        let site = "lib/python3.11/site-packages";
        let cases = [
            ("a/b.py", Some((format!("{site}/a/b.py"), "a/b.py"))),
            ("a_b-1.0.data/purelib/x.py", Some((format!("{site}/x.py"), "x.py"))),
            ("a_b-1.0.data/platlib/x.so", Some((format!("{site}/x.so"), "x.so"))),
            ("a_b-1.0.data/scripts/x", Some(("bin/x".to_owned(), "../../../bin/x"))),
            ("a_b-1.0.data/data/share/x", Some(("share/x".to_owned(), "../../../share/x"))),
            ("a_b-1.0.data/data/lib64/x", Some(("lib/x".to_owned(), "../../x"))),
            ("a_b-1.0.data/data/lib/python3.11/x", Some(("lib/python3.11/x".to_owned(), "../x"))),
            (
                "a_b-1.0.data/headers/x.h",
                Some((
                    "include/site/python3.11/a-b/x.h".to_owned(),
                    "../../../include/site/python3.11/a-b/x.h",
                )),
            ),
            ("other-1.0.data/x", Some((format!("{site}/other-1.0.data/x"), "other-1.0.data/x"))),
            (
                "a_b-1.0.dist-info/RECORD.jws",
                Some((format!("{site}/a_b-1.0.dist-info/RECORD.jws"), "a_b-1.0.dist-info/RECORD.jws")),
            ),
            ("a_b-1.0.dist-info/INSTALLER", None),
        ];
        for (member, expected) in cases {
            let place = environment.place(member, &identity, &metadata).unwrap();
            let found = place.map(|place| (environment.relative_to_site(&place.path), place.path));
            assert_eq!(found, expected.map(|(path, record)| (record.to_owned(), path)), "{member}");
        }
    }
}
