//! The Python files of a folder, and facts that can be read from them without running them.

use crate::cli::folder::text_below;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::project::Ignored;

/// Folders that never contain the app.
const ELSEWHERE: [&str; 14] = [
    "tests",
    "test",
    "docs",
    "doc",
    "examples",
    "node_modules",
    "venv",
    "env",
    "build",
    "dist",
    "migrations",
    "alembic",
    "scripts",
    "site",
];

/// Usual file names of apps, the most likely first.
const USUAL: [&str; 10] = [
    "main.py",
    "app.py",
    "server.py",
    "wsgi.py",
    "asgi.py",
    "start.py",
    "bot.py",
    "hello.py",
    "__main__.py",
    "__init__.py",
];

/// A Python file of the project.
pub(super) struct Module {
    /// A Python file of the project.
    pub(super) path: String,
    /// The name by which a program imports it if `root` is on Python's path.
    pub(super) name: String,
    /// The folder that must be on Python's path; empty for the root of the project.
    pub(super) root: String,
    pub(super) text: String,
}

/// The origin of a framework's object.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// It is a variable of the module.
    Variable(String),
    /// A function of the module makes it and needs no arguments.
    Factory(String),
}

/// Python files at most four folders deep, those nearest to the root first. `apart` are folders with projects
/// of their own.
pub(super) fn modules(folder: &Path, ignored: &Ignored, apart: &[String]) -> Vec<Module> {
    let mut files = BTreeMap::new();
    let mut folders = vec![(folder.to_owned(), String::new(), 0)];
    while let Some((at, prefix, depth)) = folders.pop() {
        for entry in std::fs::read_dir(&at).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if name.starts_with('.') || ignored.patterns.matches(&path) {
                continue;
            }
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && depth < 4 && !ELSEWHERE.contains(&name.as_str()) && !apart.contains(&path) {
                folders.push((entry.path(), format!("{path}/"), depth + 1));
            } else if !is_folder && is_module(&name) && !name.starts_with("test_") {
                let text = text_below(folder, &path);
                files.insert(path, text);
            }
        }
    }
    let importable = importable(files.keys());
    let mut found: Vec<Module> = files
        .into_iter()
        .map(|(path, text)| {
            let root = root(&path, &text, &importable);
            let inside = path.get(root.len()..).unwrap_or(&path).trim_start_matches('/');
            let dotted = inside.trim_end_matches(".py").replace('/', ".");
            let name = dotted.strip_suffix(".__init__").unwrap_or(&dotted).to_owned();
            Module { path, name, root, text }
        })
        .collect();
    found.sort_by(|a, b| {
        let rank = |module: &Module| (module.path.matches('/').count(), usual(&module.path));
        rank(a).cmp(&rank(b)).then_with(|| a.path.cmp(&b.path))
    });
    found
}

/// The names that can be imported from each folder: its modules, and its folders that contain modules.
fn importable<'p>(paths: impl Iterator<Item = &'p String>) -> BTreeMap<String, BTreeSet<String>> {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in paths {
        let mut folder = String::new();
        for part in path.split('/') {
            names.entry(folder.clone()).or_default().insert(part.trim_end_matches(".py").to_owned());
            if !folder.is_empty() {
                folder.push('/');
            }
            folder.push_str(part);
        }
    }
    names
}

/// The folder from which a module is imported: the folder that contains most of its own imports, else the
/// root. `src` is never a package.
fn root(path: &str, text: &str, importable: &BTreeMap<String, BTreeSet<String>>) -> String {
    let imported: BTreeSet<&str> = text.lines().filter_map(imported).collect();
    let folders = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
    let topmost = if path.starts_with("src/") { "src" } else { "" };
    let mut best = (0, topmost);
    for folder in std::iter::once("").chain(folders) {
        let there = importable.get(folder);
        let count = imported.iter().filter(|name| there.is_some_and(|there| there.contains(**name))).count();
        if count > best.0 {
            best = (count, folder);
        }
    }
    best.1.to_owned()
}

/// The first part of the name that a line imports. `None` for a relative import.
fn imported(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = line.strip_prefix("from ").or_else(|| line.strip_prefix("import "))?;
    let name = rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next()?;
    (!name.is_empty()).then_some(name)
}

pub(super) fn is_module(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "py")
}

/// The rank of a file name: usual names of apps come first.
fn usual(path: &str) -> usize {
    let name = path.rsplit('/').next().unwrap_or(path);
    USUAL.iter().position(|known| *known == name).unwrap_or(USUAL.len())
}

impl Module {
    /// Whether the file has a usual name of an app.
    pub(super) fn is_usual(&self) -> bool {
        usual(&self.path) < USUAL.len()
    }

    /// Whether it imports `package`.
    pub(super) fn imports(&self, package: &str) -> bool {
        self.text.lines().filter_map(imported).any(|name| name == package)
    }

    /// The variable with an object of `class`, as in `app = Flask(__name__)`, or with the result of a
    /// function that makes one, as in `app = create_app()`. `factories` are the names of these functions.
    pub(super) fn object(&self, class: &str, factories: &BTreeSet<String>) -> Option<Made> {
        let named = |line: &str, called: &str| {
            let (left, right) = line.split_once('=')?;
            let right = right.trim_start();
            let rest = right.strip_prefix(called);
            let rest = rest.or_else(|| right.split_once('.')?.1.strip_prefix(called))?;
            let name = left.split([':', ',']).next().unwrap_or(left).trim_end();
            let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            (plain && rest.trim_start().starts_with('(')).then(|| Made::Variable(name.to_owned()))
        };
        let calls = std::iter::once(class).chain(factories.iter().map(String::as_str));
        calls.into_iter().find_map(|called| self.text.lines().find_map(|line| named(line, called)))
    }

    /// The function that makes an object of `class`: its name, and whether it can be called without
    /// arguments.
    pub(super) fn factory(&self, class: &str) -> Option<(String, bool)> {
        let mut function = None;
        for (at, line) in self.text.lines().enumerate() {
            if let Some(rest) = line.strip_prefix("def ") {
                function = rest.split_once('(').map(|(name, _)| (name.trim(), at));
            } else if !line.starts_with([' ', '\t', ')', '#']) && !line.is_empty() {
                function = None;
            }
            let makes = line.match_indices(class).any(|(at, _)| {
                let after = line.get(at + class.len()..).is_some_and(|after| after.starts_with('('));
                after && line.get(..at).is_some_and(|before| before.ends_with([' ', '.', '=']))
            });
            if let Some((name, start)) = function.filter(|_| makes && line.starts_with([' ', '\t'])) {
                return Some((name.to_owned(), self.needs_nothing(start)));
            }
        }
        None
    }

    /// Whether every parameter of the function at line `start` has a default.
    fn needs_nothing(&self, start: usize) -> bool {
        let text: Vec<&str> = self.text.lines().skip(start).collect();
        let text = text.join(" ");
        let Some((_, rest)) = text.split_once('(') else { return false };
        let mut depth = 0_u32;
        let mut parameters = vec![String::new()];
        for c in rest.chars() {
            match c {
                ')' if depth == 0 => break,
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => parameters.push(String::new()),
                _ => {}
            }
            if let Some(last) = parameters.last_mut() {
                last.push(c);
            }
        }
        let needs = |text: &String| {
            let text = text.trim_matches([',', ' ']);
            !text.is_empty() && !text.starts_with('*') && !text.contains('=')
        };
        !parameters.iter().any(needs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(text: &str) -> Module {
        Module {
            path: "app.py".to_owned(),
            name: "app".to_owned(),
            root: String::new(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn objects_and_factories_are_told_apart() {
        let none = BTreeSet::new();
        let made = |text: &str| module(text).object("Flask", &none);
        assert_eq!(made("app = Flask(__name__)"), Some(Made::Variable("app".to_owned())));
        assert_eq!(made("api: flask.Flask = flask.Flask(__name__)"), Some(Made::Variable("api".to_owned())));
        assert_eq!(made("def make():\n    app = Flask(__name__)\n"), None);
        let factory = |text: &str| module(text).factory("Flask");
        let of = |name: &str, free| Some((name.to_owned(), free));
        assert_eq!(factory("def make(mode=None):\n    app = Flask(__name__)\n"), of("make", true));
        assert_eq!(
            factory("def make(\n    settings: str,\n):\n    return Flask(__name__)\n"),
            of("make", false)
        );
        assert_eq!(factory("def other():\n    pass\n\napp = Flask(__name__)\n"), None);
        let called = BTreeSet::from(["make".to_owned()]);
        let text = "from shop import make\n\napplication = make(\"live\")\n";
        assert_eq!(module(text).object("Flask", &called), Some(Made::Variable("application".to_owned())));
    }

    #[test]
    fn a_module_is_imported_from_where_its_own_imports_are_found() {
        let paths =
            ["backend/app/main.py", "backend/app/models.py", "src/shop/web.py", "web/main.py", "web/core.py"];
        let paths: Vec<String> = paths.map(str::to_owned).into();
        let names = importable(paths.iter());
        assert_eq!(
            root("backend/app/main.py", "from app.models import User\nimport json\n", &names),
            "backend"
        );
        assert_eq!(root("backend/app/main.py", "from models import User\n", &names), "backend/app");
        assert_eq!(root("web/main.py", "from web.core import x\n", &names), "");
        assert_eq!(root("web/main.py", "from .core import x\n", &names), "");
        assert_eq!(root("src/shop/web.py", "import flask\n", &names), "src");
    }
}
