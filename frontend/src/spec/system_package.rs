//! Checks names of OS packages against the grammar of their package manager.
//!
//! A package manager accepts more than names: options, files, URLs, and names with a sign that removes a
//! package.

use super::SystemManager;

/// The reason why a package manager would not read `name` as a package of its repositories.
pub fn refused(manager: SystemManager, name: &str) -> Option<&'static str> {
    match manager {
        SystemManager::Apt => refused_by_apt(name),
        SystemManager::Apk => refused_by_apk(name),
        SystemManager::Dnf => refused_by_dnf(name),
    }
}

/// `name[:architecture][=version|/release]`, with `*` in names and `^` after names of tasks: Debian Policy
/// 5.6.1 and 5.6.12, and apt-get(8).
fn refused_by_apt(name: &str) -> Option<&'static str> {
    let end = name.find([':', '=', '/', '^']).unwrap_or(name.len());
    let (package, rest) = name.split_at(end);
    let of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+.-*".contains(c);
    if !package.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        || !package.chars().all(of_name)
    {
        return Some(
            "a package of Debian has lower case letters, digits and `+.-`, and begins with a letter or digit",
        );
    }
    if package.ends_with('-') {
        return Some("apt removes a package whose name ends with `-`");
    }
    let of_rest = |c: char| c.is_ascii_alphanumeric() || ":=/.+~-_*^".contains(c);
    if is_file(name, ".deb") {
        return Some("a file is not checked against a repository");
    }
    (!rest.chars().all(of_rest))
        .then_some("only `:ARCHITECTURE`, `=VERSION` and `/RELEASE` can follow a name")
}

/// `name[@repository][comparison version]`, and things that packages provide, such as `so:` and `cmd:`:
/// apk-world(5).
fn refused_by_apk(name: &str) -> Option<&'static str> {
    let starts = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let of_name = |c: char| c.is_ascii_alphanumeric() || "+-._:=~<>@/".contains(c);
    if !name.starts_with(starts) || !name.chars().all(of_name) {
        return Some("a package of Alpine has letters, digits and `+-._`, and begins with a letter or digit");
    }
    is_file(name, ".apk").then_some("a file is not checked against a repository")
}

/// `name[-version[-release]][.architecture]`, `@group`, or the path of a file in a package: dnf(8),
/// "Specifying packages".
fn refused_by_dnf(name: &str) -> Option<&'static str> {
    let starts = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '@' | '/' | '*');
    let of_name = |c: char| c.is_ascii_alphanumeric() || "+-._:=~^<>/*@".contains(c);
    if !name.starts_with(starts) || !name.chars().all(of_name) {
        return Some(
            "a package has letters, digits and `+-._~^`, and begins with a letter, digit, `@` or `/`",
        );
    }
    is_file(name, ".rpm").then_some("a file is not checked against a repository")
}

/// Whether the program would fetch or read a file with this name.
fn is_file(name: &str, ending: &str) -> bool {
    name.contains("://") || name.ends_with(ending)
}

#[cfg(test)]
mod tests {
    use super::*;
    use SystemManager::{Apk, Apt, Dnf};

    #[test]
    fn what_is_no_package_is_refused_by_each_manager() {
        for manager in [Apt, Apk, Dnf] {
            for name in [
                "",
                "-y",
                "--allow-unauthenticated",
                "a b",
                "a\nb",
                "a$(b)",
                "a`b`",
                "a'b",
                "a\"b",
                "a\0",
                "a;b",
                "a&b",
            ] {
                assert!(refused(manager, name).is_some(), "{manager:?} {name:?}");
            }
        }
        for name in ["curl-", "./x.deb", "/x.deb", "~ninstalled", "?all", "Curl", "https://x.example/x.deb"] {
            assert!(refused(Apt, name).is_some(), "{name}");
        }
        for name in ["!curl", "./x.apk", "x.apk", "https://x.example/x.apk"] {
            assert!(refused(Apk, name).is_some(), "{name}");
        }
        for name in ["./x.rpm", "/x.rpm", "https://x.example/x.rpm", "http://x.example/x"] {
            assert!(refused(Dnf, name).is_some(), "{name}");
        }
    }

    #[test]
    fn names_of_real_packages_are_taken() {
        for name in [
            "libpq5",
            "g++",
            "libstdc++6",
            "libc6:i386",
            "curl=7.88.1-10+deb12u5",
            "curl/bookworm-backports",
            "php8.2-*",
            "0ad",
            "lamp-server^",
        ] {
            assert_eq!(refused(Apt, name), None, "{name}");
        }
        for name in [
            "libpq",
            "so:libpq.so.5",
            "cmd:bash",
            "python3~=3.12",
            "curl>8",
            "tini@edge",
            ".build-deps",
            "g++",
        ] {
            assert_eq!(refused(Apk, name), None, "{name}");
        }
        for name in
            ["libpq", "ImageMagick", "@development", "/usr/bin/make", "gcc-c++", "glibc.i686", "kernel-6.1*"]
        {
            assert_eq!(refused(Dnf, name), None, "{name}");
        }
    }
}
