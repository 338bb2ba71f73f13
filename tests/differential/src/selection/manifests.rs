//! The manifests of the tools other than uv.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::case::{Case, Form, Item, Member, Origin, Req, Tree};
use super::publish::Published;
use super::uv::standard;
use crate::failure::Failure;

/// Writes the manifest of the case's tool.
pub(crate) fn write(published: &Published<'_>) -> Result<(), Failure> {
    let case = published.case;
    let Some(main) = case.members.first() else {
        return Err(Failure::Other("a case without a project".to_owned()));
    };
    let (name, text) = match case.kind.as_str() {
        "poetry" => ("pyproject.toml", poetry(main, published)),
        "pdm" => ("pyproject.toml", pdm(main, published)),
        "pipenv" => ("Pipfile", pipfile(main, published)),
        _ => ("requirements.in", requirements(main, published)),
    };
    let path = published.folder.join(name);
    std::fs::write(&path, text).map_err(Failure::io(path.display().to_string()))
}

/// The addresses of the indexes, the default one first, each with its name.
pub(crate) fn indexes<'p>(published: &'p Published<'_>) -> Vec<(&'p str, &'p str)> {
    let names = published.case.indexes.iter().map(|index| index.name.as_str());
    names.filter_map(|name| Some((name, published.indexes.get(name)?.as_str()))).collect()
}

/// A package that is in no index and that a member takes from there, and when.
fn tree<'c>(name: &str, member: &'c Member, case: &'c Case) -> Option<(&'c Tree, &'c Origin)> {
    let origin = member.sources.get(name)?.iter().find(|origin| origin.from == "tree")?;
    Some((case.trees.iter().find(|tree| tree.name == name)?, origin))
}

/// Every package that a member asks for itself.
fn asked(member: &Member) -> BTreeSet<&str> {
    let items = member.groups.values().flatten().filter_map(|item| match item {
        Item::Req(req) => Some(req),
        Item::Include(_) => None,
    });
    let reqs = member.requires.iter().chain(member.extras.values().flatten()).chain(items);
    reqs.map(|req| req.name.as_str()).filter(|name| *name != member.name).collect()
}

fn poetry(main: &Member, published: &Published<'_>) -> String {
    let mut text = standard(&Member { package: false, ..main.clone() });
    text.push_str("[tool.poetry]\npackage-mode = false\n");
    let mut table = String::new();
    for name in asked(main) {
        if let Some((tree, _)) = tree(name, main, published.case) {
            let url = published.trees.get(name).cloned().unwrap_or_default();
            let source = match tree.form {
                Form::Folder => format!("path = \"{}\"", tree.folder()),
                Form::Editable => format!("path = \"{}\", develop = true", tree.folder()),
                Form::WheelFile => format!("path = \"wheels/{}\"", tree.wheel_file()),
                Form::WheelUrl | Form::SdistUrl => format!("url = \"{url}\""),
                Form::Git => format!("git = \"{url}\", branch = \"main\""),
            };
            let _ = writeln!(table, "{name} = {{ {source} }}");
        } else if let Some(origin) = main.sources.get(name).and_then(|origins| origins.first()) {
            let _ = writeln!(table, "{name} = {{ source = \"{}\" }}", origin.from);
        }
    }
    if !table.is_empty() {
        let _ = write!(text, "[tool.poetry.dependencies]\n{table}");
    }
    for (number, (name, url)) in indexes(published).into_iter().enumerate() {
        let explicit = published.case.indexes.get(number).is_some_and(|index| index.explicit);
        let priority = match number {
            0 => "primary",
            _ if explicit => "explicit",
            _ => "supplemental",
        };
        let _ = writeln!(
            text,
            "[[tool.poetry.source]]\nname = \"{name}\"\nurl = \"{url}\"\npriority = \"{priority}\""
        );
    }
    text
}

/// A requirement with the address of a tree, as PEP 508 writes it.
fn direct(req: &Req, member: &Member, published: &Published<'_>, root: &str) -> String {
    let Some((tree, _)) = tree(&req.name, member, published.case) else { return req.text() };
    let url = published.trees.get(&req.name).cloned().unwrap_or_default();
    let address = match tree.form {
        Form::Folder | Form::Editable => format!("file://{root}/{}", tree.folder()),
        Form::WheelFile => format!("file://{root}/wheels/{}", tree.wheel_file()),
        Form::WheelUrl | Form::SdistUrl => url,
        Form::Git => format!("git+{url}@main"),
    };
    Req { spec: format!(" @ {address}"), ..req.clone() }.text()
}

fn pdm(main: &Member, published: &Published<'_>) -> String {
    // The rest of the text goes where a version would stand.
    let direct = |req: &Req| Req {
        name: req.name.clone(),
        spec: direct(req, main, published, "/${PROJECT_ROOT}").split_off(req.name.len()),
        ..Req::default()
    };
    let mut member = Member { package: false, ..main.clone() };
    for req in member.requires.iter_mut().chain(member.extras.values_mut().flatten()) {
        *req = direct(req);
    }
    for item in member.groups.values_mut().flatten() {
        if let Item::Req(req) = item {
            *req = direct(req);
        }
    }
    let mut text = standard(&member);
    text.push_str("[tool.pdm]\ndistribution = false\n");
    for (number, (name, url)) in indexes(published).into_iter().enumerate() {
        let name = if number == 0 { "pypi" } else { name };
        let _ = writeln!(text, "[[tool.pdm.source]]\nname = \"{name}\"\nurl = \"{url}\"\nverify_ssl = false");
        if number > 0 {
            let from = |origins: &Vec<Origin>| origins.iter().any(|origin| origin.from == name);
            let named: Vec<&String> =
                main.sources.iter().filter(|(_, origins)| from(origins)).map(|(name, _)| name).collect();
            let _ = writeln!(text, "include_packages = {named:?}");
        }
    }
    text
}

fn pipfile(main: &Member, published: &Published<'_>) -> String {
    let mut text = String::new();
    for (name, url) in indexes(published) {
        let _ = writeln!(text, "[[source]]\nname = \"{name}\"\nurl = \"{url}\"\nverify_ssl = false");
    }
    let groups = main.groups.iter().map(|(group, items)| {
        let reqs = items.iter().filter_map(|item| match item {
            Item::Req(req) => Some(req),
            Item::Include(_) => None,
        });
        let title = if group == "dev" { "dev-packages" } else { group.as_str() };
        (title, reqs.collect::<Vec<_>>())
    });
    let all = std::iter::once(("packages", main.requires.iter().collect::<Vec<_>>())).chain(groups);
    for (title, reqs) in all {
        let _ = writeln!(text, "[{title}]");
        // A table has a key once.
        let by_name: BTreeMap<&str, &Req> =
            reqs.into_iter().rev().map(|req| (req.name.as_str(), req)).collect();
        for (name, req) in by_name {
            let mut parts = Vec::new();
            if let Some((tree, _)) = tree(name, main, published.case) {
                let url = published.trees.get(name).cloned().unwrap_or_default();
                parts.push(match tree.form {
                    Form::Folder => format!("path = \"./{}\"", tree.folder()),
                    Form::Editable => format!("path = \"./{}\", editable = true", tree.folder()),
                    Form::WheelFile => format!("path = \"./wheels/{}\"", tree.wheel_file()),
                    Form::WheelUrl | Form::SdistUrl => format!("file = \"{url}\""),
                    Form::Git => format!("git = \"{url}\", ref = \"main\""),
                });
            } else {
                let version = if req.spec.is_empty() { "*" } else { &req.spec };
                parts.push(format!("version = \"{version}\""));
                if let Some(origin) = main.sources.get(name).and_then(|origins| origins.first()) {
                    parts.push(format!("index = \"{}\"", origin.from));
                }
            }
            if !req.extras.is_empty() {
                parts.push(format!("extras = {:?}", req.extras));
            }
            if !req.marker.is_empty() {
                parts.push(format!("markers = {:?}", req.marker));
            }
            let _ = writeln!(text, "{name} = {{ {} }}", parts.join(", "));
        }
    }
    text
}

fn requirements(main: &Member, published: &Published<'_>) -> String {
    let root = published.folder.display().to_string();
    main.requires.iter().map(|req| direct(req, main, published, &root) + "\n").collect()
}
