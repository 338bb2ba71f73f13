//! The command of a project's container.

use std::collections::BTreeSet;

use super::code::{Made, Module};
use super::draft::{Command, Draft, Health};

/// Frameworks, by the class of their object, and whether they use ASGI.
const FRAMEWORKS: [(&str, bool); 8] = [
    ("FastAPI", true),
    ("FastHTML", true),
    // FastHTML's own function for making an app.
    ("fast_app", true),
    ("Starlette", true),
    ("Litestar", true),
    ("Quart", true),
    ("Sanic", true),
    ("Flask", false),
];

/// The facts from which the command is chosen.
pub(super) struct Scene {
    /// The installed packages, with normalised names.
    pub(super) packages: BTreeSet<String>,
    /// The files that can contain the app, the least nested first.
    pub(super) modules: Vec<Module>,
    /// `[project.scripts]`, or Poetry's.
    pub(super) scripts: Vec<String>,
    /// The name of the project.
    pub(super) name: Option<String>,
    pub(super) is_package: bool,
    /// The processes of a `Procfile`: names and commands.
    pub(super) processes: Vec<(String, String)>,
    /// Whether the dependencies contain `FastAPI` with its server.
    pub(super) has_fastapi_server: bool,
}

impl Scene {
    pub(super) fn has(&self, package: &str) -> bool {
        self.packages.contains(package)
    }

    /// Sets the command of production, and returns the kind of the project. `None` if no command is found.
    pub(super) fn command(&self, draft: &mut Draft) -> Option<String> {
        let found = [Self::django, Self::web, Self::streamlit, Self::script];
        found.iter().find_map(|look| look(self, draft))
    }

    /// Adds a folder to Python's path, so that modules are imported from it.
    pub(super) fn import_from(&self, root: &str, draft: &mut Draft) {
        // An installed package is found without this.
        let installed = self.is_package && root == "src";
        if !root.is_empty() && !installed {
            draft.python_path = Some(format!("/app/{root}"));
        }
    }

    fn web(&self, draft: &mut Draft) -> Option<String> {
        for (class, is_async) in FRAMEWORKS {
            let factories =
                || self.modules.iter().filter_map(|module| Some((module, module.factory(class)?)));
            let names: BTreeSet<String> = factories().map(|(_, (name, _))| name).collect();
            let objects =
                self.modules.iter().filter_map(|module| Some((module, module.object(class, &names)?)));
            let callable = factories().filter(|(_, (_, needs_nothing))| *needs_nothing);
            let callable = callable.map(|(module, (name, _))| (module, Made::Factory(name)));
            let mut candidates: Vec<(&Module, Made)> = objects.chain(callable).collect();
            // The `Procfile` may name the module.
            if let Some((_, line)) = self.processes.iter().find(|(name, _)| name == "web") {
                let said = |(module, _): &(&Module, Made)| {
                    line.split_whitespace().any(|word| word.split(':').next() == Some(module.name.as_str()))
                };
                candidates.sort_by_key(|candidate| !said(candidate));
            }
            if let Some((module, made)) = candidates.first() {
                draft.production.expose = vec!["8000".to_owned()];
                draft.production.healthcheck = Some(Health::of_app("8000", module, class));
                self.import_from(&module.root, draft);
                let command = self.server(module, made, is_async, draft);
                draft.production.command = Some(command);
                let class = if class == "fast_app" { "FastHTML" } else { class };
                if class == "FastHTML" && !module.text.contains("secret_key") && !self.is_package {
                    draft.app.writable = vec!["/app".to_owned()];
                    let note = "FastHTML writes the key of its sessions to `.sesskey` where it runs, unless `secret_key` is passed.";
                    draft.app.writable_note = Some(note.to_owned());
                }
                let (Made::Variable(name) | Made::Factory(name)) = made;
                return Some(format!("App of {class}, `{}:{name}`", module.name));
            }
        }
        None
    }

    fn server(&self, module: &Module, made: &Made, is_async: bool, draft: &mut Draft) -> Command {
        let (name, is_factory) = match made {
            Made::Variable(name) => (name, false),
            Made::Factory(name) => (name, true),
        };
        let app = format!("{}:{name}", module.name);
        let called = if is_factory { format!("{app}()") } else { app.clone() };
        if is_async {
            if self.has("hypercorn") && !self.has("uvicorn") {
                return Command::list(&["hypercorn", "--bind", "0.0.0.0:8000", &called]);
            }
            if self.has("granian") && !self.has("uvicorn") {
                let factory: &[&str] = if is_factory { &["--factory"] } else { &[] };
                let start = ["granian", "--interface", "asgi", "--host", "0.0.0.0", "--port", "8000"];
                return Command::list(&[&start, factory, &[app.as_str()]].concat());
            }
            let brings_server = self.has("uvicorn") || self.has("python-fasthtml");
            if !brings_server && self.has_fastapi_server && !is_factory {
                // The command `fastapi` contains a server if the extra `standard` is installed.
                return Command::list(&["fastapi", "run", &module.path, "--port", "8000"]);
            }
            if !brings_server {
                let note = "Add uvicorn to the dependencies: the project names no server.";
                draft.production.command_note = Some(note.to_owned());
                draft.doubts.push(
                    "the project names no server for its app: add uvicorn to the dependencies".to_owned(),
                );
            }
            let factory: &[&str] = if is_factory { &["--factory"] } else { &[] };
            return Command::list(
                &[&["uvicorn"], factory, &[&app, "--host", "0.0.0.0", "--port", "8000"]].concat(),
            );
        }
        if self.has("gunicorn") {
            return Command::list(&["gunicorn", "--bind", "0.0.0.0:8000", &called]);
        }
        if self.has("waitress") {
            let call: &[&str] = if is_factory { &["--call"] } else { &[] };
            return Command::list(&[&["waitress-serve", "--listen=0.0.0.0:8000"], call, &[&app]].concat());
        }
        let note = "Flask's own server is for development: add gunicorn to the dependencies.";
        draft.production.command_note = Some(note.to_owned());
        Command::list(&["flask", "--app", &app, "run", "--host", "0.0.0.0", "--port", "8000"])
    }

    fn streamlit(&self, draft: &mut Draft) -> Option<String> {
        let module = self.modules.iter().find(|module| module.imports("streamlit"))?;
        if !self.has("streamlit") {
            return None;
        }
        draft.production.expose = vec!["8501".to_owned()];
        // Streamlit's server has this page for health checks.
        draft.production.healthcheck = Some(Health::of_page("8501", "/_stcore/health"));
        let words = ["streamlit", "run", &module.path, "--server.address=0.0.0.0", "--server.port=8501"];
        self.with_files(draft);
        draft.production.command = Some(Command::list(&words));
        Some(format!("A Streamlit app, `{}`", module.path))
    }

    /// Copies the files if a file is run by its path, because the wheel of a package may not contain it.
    fn with_files(&self, draft: &mut Draft) {
        if self.is_package {
            draft.app.include = vec![".".to_owned()];
        }
    }

    fn script(&self, draft: &mut Draft) -> Option<String> {
        if self.is_package {
            let same = self.scripts.iter().find(|script| Some(*script) == self.name.as_ref());
            if let Some(script) = same.or(self.scripts.first()) {
                draft.production.command = Some(Command::list(&[script]));
                return Some(format!("A package with the program `{script}`"));
            }
        }
        let runs = |module: &&Module| module.path.ends_with("/__main__.py");
        if let Some(module) = self.modules.iter().find(runs) {
            let package = module.name.trim_end_matches(".__main__");
            self.import_from(&module.root, draft);
            draft.production.command = Some(Command::list(&["python", "-m", package]));
            return Some(format!("A package that `python -m {package}` runs"));
        }
        let setup = |module: &&Module| module.path == "setup.py" || module.path == "conftest.py";
        let at = |depth: usize| {
            let found = self.modules.iter().filter(move |module| module.path.matches('/').count() == depth);
            found.filter(|module| !setup(module)).collect::<Vec<_>>()
        };
        let guarded = |modules: &[&Module]| {
            let mut found = modules.iter().filter(|module| module.text.contains("__name__ =="));
            found.next().map(|module| module.path.clone())
        };
        let top = at(0);
        let known = top.iter().find(|module| module.is_usual() && !module.path.ends_with("__init__.py"));
        let script = known
            .map(|module| module.path.clone())
            .or_else(|| guarded(&top))
            .or_else(|| if let [only] = top.as_slice() { Some(only.path.clone()) } else { None })
            // A script finds modules in its own folder without this.
            .or_else(|| if self.is_package { None } else { guarded(&at(1)) })?;
        if let Some(module) = self.modules.iter().find(|module| module.path == script) {
            let own = script.rsplit_once('/').map_or("", |(folder, _)| folder);
            if module.root != own {
                draft.python_path = Some(format!("/app/{}", module.root).trim_end_matches('/').to_owned());
            }
        }
        self.with_files(draft);
        draft.production.command = Some(Command::list(&["python", &script]));
        Some(format!("A script, `{script}`"))
    }
}
