//! OS packages: the recommended packages of package managers, and packages that are only for compiling.

use std::collections::BTreeSet;

use super::native::Native;

/// Packages that Debian's packages recommend and that programs usually need, as `apt-cache depends` lists
/// them for bookworm and trixie. Other recommendations are documentation, tools for people, and settings.
const RECOMMENDED: [(&str, &[&str]); 7] = [
    ("chromium", &["fonts-liberation"]),
    ("clang", &["libc6-dev"]),
    ("cmake", &["gcc", "make"]),
    ("gcc", &["libc6-dev"]),
    ("git", &["openssh-client", "patch"]),
    ("graphviz", &["fonts-liberation"]),
    ("imagemagick", &["ghostscript"]),
];

/// Adds the packages that a package manager would also install, and returns them.
pub(super) fn with_recommended(names: &mut Vec<String>, asked: &BTreeSet<String>) -> Vec<String> {
    let mut added = Vec::new();
    let mut at = 0;
    while let Some(name) = names.get(at).cloned() {
        at += 1;
        if !asked.contains(&name) && !added.contains(&name) {
            continue;
        }
        let more = RECOMMENDED.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, more)| *more);
        for one in more {
            if !names.iter().any(|name| name == one) {
                added.push((*one).to_owned());
                names.push((*one).to_owned());
            }
        }
    }
    added
}

/// Packages for compiling among those that a script installs.
pub(super) fn compilers(script: &str) -> Vec<String> {
    let mut found = Vec::new();
    let commands = script.split(['\n', ';']).flat_map(|line| line.split("&&"));
    for command in commands {
        let words: Vec<&str> = command.split_whitespace().collect();
        let manages = words.iter().any(|word| matches!(*word, "apt-get" | "apt" | "apk"));
        let Some(verb) = words.iter().position(|word| matches!(*word, "install" | "add")).filter(|_| manages)
        else {
            continue;
        };
        let names = words.iter().skip(verb + 1).filter(|word| compiles(word));
        found.extend(names.map(|name| (*name).to_owned()));
    }
    found
}

/// Whether a package is for compiling, judged by its name.
pub(super) fn compiles(name: &str) -> bool {
    let known = [
        "gcc",
        "g++",
        "clang",
        "make",
        "cmake",
        "build-essential",
        "build-base",
        "pkg-config",
        "pkgconf",
        "musl-dev",
        "cargo",
        "rustc",
        "swig",
        "gfortran",
        "ninja-build",
        "autoconf",
        "automake",
        "libtool",
        "linux-headers",
    ];
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
    name.chars().all(plain) && (known.contains(&name) || (name.ends_with("-dev") && !name.starts_with('-')))
}

impl Native<'_> {
    /// Reports the packages that a package manager would also have installed.
    pub(super) fn say_recommended(&mut self, added: &[String]) {
        let Some(line) = self.recommending_line else { return };
        let kept = if added.is_empty() {
            String::new()
        } else {
            format!(", but for the ones that are usually needed: {}", added.join(" "))
        };
        self.report.note(
            line,
            format!("apt-get installs what its packages recommend as well; the build file does not{kept}"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recommended_comes_where_it_was_asked() {
        let names = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let asked: BTreeSet<String> = names(&["cmake", "curl"]).into_iter().collect();
        let mut list = names(&["cmake", "curl", "git"]);
        assert_eq!(with_recommended(&mut list, &asked), ["gcc", "make", "libc6-dev"]);
        assert_eq!(list, ["cmake", "curl", "git", "gcc", "make", "libc6-dev"]);
    }

    #[test]
    fn what_compiles_is_told_by_its_name() {
        let script =
            "curl x | sh && apt-get update && apt-get install -y gcc libpq-dev msodbcsql18 $X -devel";
        assert_eq!(compilers(script), ["gcc", "libpq-dev"]);
        assert!(compilers("echo install gcc").is_empty());
    }
}
