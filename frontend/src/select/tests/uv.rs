//! Selections from locks of uv, compared with uv's own.
//!
//! uv 0.13.9 wrote the locks, with tiny wheels in a folder. Each lock has the list of the packages that `uv
//! sync --frozen --dry-run --no-default-groups` would install on Linux with Python 3.12, with a line for each
//! request. An extra is written as its name, a group with a `+`, and a member of the workspace with an `@`.
//! `error` means that uv refused the request.

use super::*;

/// The name of a case, its lock, and the packages that uv installs from it.
macro_rules! cases {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("uv/", $name, ".lock")), include_str!(concat!("uv/", $name, ".txt")))),*]
    };
}

fn asked(text: &str) -> Request {
    let mut request = Request::default();
    for word in text.split_whitespace() {
        let name = |text: &str| Name::new(text).unwrap();
        match word.split_at(1) {
            ("+", group) => {
                request.groups.insert(name(group));
            }
            ("@", member) => request.member = Some(name(member)),
            _ => {
                request.extras.insert(name(word));
            }
        }
    }
    request
}

#[test]
fn what_uv_installs_is_selected() {
    let cases = cases![
        "own_extras",
        "extra_in_group",
        "groups",
        "workspace",
        "projects",
        "chain",
        "forks",
        "group_python",
    ];
    for (case, text, expected) in cases {
        let lock = lock(Format::Uv, text);
        for line in expected.lines() {
            let (wanted, packages) = line.split_once("=>").unwrap();
            let selection = select(&lock, &linux(), &asked(wanted));
            let found = match &selection {
                Err(_) => "error".to_owned(),
                Ok(selection) => {
                    let entries = selection.entries.iter();
                    let label = |entry: &Selected| entry.package.label().replace(' ', "==");
                    entries.map(label).collect::<Vec<_>>().join(" ")
                }
            };
            assert_eq!(found, packages.trim(), "{case}: {wanted}: {selection:?}");
        }
    }
}

/// The order in the file does not decide a version: a lock with reversed packages and edges gives the same
/// sets.
#[test]
fn the_order_in_a_lock_decides_nothing() {
    for (case, text, expected) in cases!["own_extras", "groups", "workspace", "projects", "chain"] {
        let mut lock = lock(Format::Uv, text);
        let Roots::Graph(roots) = &mut lock.roots else { panic!("a graph") };
        roots.reverse();
        for root in roots.iter_mut() {
            root.dependencies.reverse();
            root.groups.values_mut().for_each(|edges| edges.reverse());
            root.extras.values_mut().for_each(|edges| edges.reverse());
            let Some(own) = root.package.clone() else { continue };
            let mut package = (*own).clone();
            package.dependencies.reverse();
            let package = Arc::new(package);
            root.package = Some(Arc::clone(&package));
            let known = lock.packages.iter_mut().find(|known| Arc::ptr_eq(known, &own));
            *known.unwrap() = package;
        }
        lock.packages.reverse();
        for line in expected.lines() {
            let (wanted, packages) = line.split_once("=>").unwrap();
            let found = select(&lock, &linux(), &asked(wanted)).map_or_else(
                |_| "error".to_owned(),
                |selection| {
                    let labels =
                        selection.entries.iter().map(|entry| entry.package.label().replace(' ', "=="));
                    labels.collect::<Vec<_>>().join(" ")
                },
            );
            assert_eq!(found, packages.trim(), "{case}: {wanted}");
        }
    }
}
