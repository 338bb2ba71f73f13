//! Small Dockerfiles, each with a single feature or a habit of public Dockerfiles, and the expected output of
//! `init --from`. The expected values follow from the Dockerfile reference, and from BuildKit's behaviour.

use std::fmt::Write;

use crate::folder::Folder;

/// A case: its name, and its parts by their names.
type Case<'t> = (&'t str, Vec<(&'t str, String)>);

fn cases(text: &str) -> Vec<Case<'_>> {
    let mut cases: Vec<Case<'_>> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("=== ") {
            cases.push((name, Vec::new()));
        } else if let Some(part) = line.strip_prefix("--- ") {
            cases.last_mut().unwrap().1.push((part, String::new()));
        } else {
            let (_, text) = cases.last_mut().unwrap().1.last_mut().unwrap();
            text.push_str(line);
            text.push('\n');
        }
    }
    cases
}

/// Runs all cases. The file is written, `check` finds no error in it, and it has the expected lines.
fn hold(text: &str) {
    let only = std::env::var("PYBUILD_CASE").unwrap_or_default();
    let mut broken = String::new();
    for (name, parts) in cases(text).into_iter().filter(|(name, _)| name.contains(&only)) {
        let part = |name: &str| parts.iter().find(|(part, _)| *part == name).map(|(_, text)| text.trim_end());
        let files = parts.iter().filter(|(part, _)| !["expect", "code", "target"].contains(part));
        let files: Vec<(&str, &str)> = files.map(|(name, text)| (*name, text.as_str())).collect();
        let folder = Folder::new(&files);
        let mut line = vec!["init", "--from", "Dockerfile"];
        if let Some(target) = part("target") {
            line.extend(["--target", target]);
        }
        let ran = folder.run(&line);
        let written = std::fs::read_to_string(folder.path().join("pybuild.toml")).unwrap_or_default();
        let mut say = |what: &str| {
            let _ = writeln!(broken, "=== {name}\n{what}\n{}{written}", ran.stderr);
        };
        let code: i32 = part("code").map_or(0, |code| code.parse().unwrap());
        if ran.code != code {
            say(&format!("exit code {}, not {code}", ran.code));
        }
        let check = folder.run(&["check", "--allow-warnings"]);
        if check.code != 0 {
            say(&check.stdout);
        }
        for expected in part("expect").unwrap().lines() {
            let (sign, rest) = expected.split_at(2);
            assert!(matches!(sign, "+ " | "- "), "{expected}");
            let holds = if sign == "+ " {
                written.lines().any(|line| line == rest)
            } else {
                !written.lines().any(|line| !line.starts_with('#') && line.contains(rest))
            };
            if !holds {
                say(expected);
            }
        }
    }
    assert!(broken.is_empty(), "{broken}");
}

#[test]
fn what_a_dockerfile_starts_from() {
    hold(include_str!("migrations/bases.txt"));
}

#[test]
fn what_installs_packages() {
    hold(include_str!("migrations/installs.txt"));
}

#[test]
fn what_is_run() {
    hold(include_str!("migrations/runs.txt"));
}

#[test]
fn what_is_copied() {
    hold(include_str!("migrations/files.txt"));
}

#[test]
fn what_an_image_says() {
    hold(include_str!("migrations/images.txt"));
}

#[test]
fn what_is_easily_lost() {
    hold(include_str!("migrations/details.txt"));
}
