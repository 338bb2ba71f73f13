//! What a folder has: its manager, its framework, what is run, what is checked, what the system has to bring.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::draft::{Command, Copy, Draft, Stage};
use super::native::KNOWN;
use crate::cli::error::CliError;
use crate::cli::folder::failed;
use crate::diagnostics::Diagnostics;
use crate::project::{CONDA_FILES, Context, Files, Folder, Ignored, LOCKS, Project, Scope, normalized};
use crate::spec::{Arguments, ContextPath, Spec};

/// A Python file of the project.
struct Module {
    /// Its path in the folder.
    path: String,
    /// As it is imported.
    name: String,
    text: String,
}

/// What is looked at to choose a command.
struct Scene {
    /// The packages that are installed, normalised.
    packages: BTreeSet<String>,
    /// The files that can be the app, shallow ones first.
    modules: Vec<Module>,
    /// `[project.scripts]`.
    scripts: Vec<String>,
    /// The name of the project.
    name: Option<String>,
    is_package: bool,
}

/// Folders in which the app is not.
const ELSEWHERE: [&str; 12] = [
    "tests",
    "test",
    "docs",
    "examples",
    "node_modules",
    "venv",
    "env",
    "build",
    "dist",
    "migrations",
    "scripts",
    "site",
];

/// Looks at a folder.
pub(super) fn project(folder: &Path, context: &Folder, image: &str) -> Result<Draft, CliError> {
    let read = |name: &str| -> Result<Option<String>, CliError> {
        let Some(path) = ContextPath::parse(name) else { return Ok(None) };
        let bytes = context.read(&path).map_err(|error| failed(&error))?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    };
    let ignored = Ignored::of("pybuild.toml", None, context).map_err(CliError::new)?;
    let modules = modules(folder, &ignored);
    let manifest = read("pyproject.toml")?;
    let known = CONDA_FILES.iter().chain(&LOCKS);
    let lock = known.copied().find(|lock| folder.join(lock).is_file());
    let requirements =
        ["requirements.txt", "requirements/production.txt", "requirements/prod.txt", "requirements/base.txt"];
    let requirements = requirements.into_iter().find(|file| folder.join(file).is_file());
    if manifest.is_none() && lock.is_none() && requirements.is_none() && modules.is_empty() {
        let error = CliError::new(format!("`{}` is no Python project", folder.display()));
        return Err(error.help("init looks for pyproject.toml, a lock, requirements.txt, or a .py file"));
    }
    let detected = detect(context, &ignored)?;
    let python_is_said = folder.join(".python-version").is_file();
    let manager = lock.or(requirements).or(manifest.is_some().then_some("pyproject.toml"));
    let scene = Scene {
        packages: packages(&detected, &read)?,
        modules,
        scripts: scripts(manifest.as_deref()),
        name: detected.labels.get("org.opencontainers.image.title").cloned(),
        is_package: detected.is_package,
    };
    let mut draft = Draft {
        image: image.to_owned(),
        // A version that the project says elsewhere is not said twice.
        python: detected.python.filter(|_| !python_is_said).map(|version| version.to_string()),
        ..Draft::default()
    };
    if manifest.is_none() && lock.is_none() && requirements.is_none() {
        draft.requirements = Some(Vec::new());
    }
    let what = scene.command(&mut draft);
    draft.about = match manager {
        Some(manager) => format!("{what}; dependencies: {manager}."),
        None => format!("{what} without dependencies."),
    };
    system(&scene.packages, &mut draft);
    checks(&scene, &detected, folder, &mut draft);
    if let Some(package) = read("package.json")? {
        let version = match read(".nvmrc")?.or(read(".node-version")?) {
            Some(version) => {
                version.trim().trim_start_matches('v').split('.').next().unwrap_or("22").to_owned()
            }
            None => "22".to_owned(),
        };
        assets(&package, &version, folder, &mut draft);
    }
    Ok(draft)
}

/// The project as a build sees it, with a build file that says nothing.
fn detect(context: &Folder, ignored: &Ignored) -> Result<Project, CliError> {
    let source = std::sync::Arc::new(crate::diagnostics::Source::new("pybuild.toml", ""));
    let (spec, mut found) = Spec::parse(&source, Arguments::default());
    let spec = spec.ok_or_else(|| CliError::new("an empty file is no TOML"))?;
    let files = Files { context, ignored };
    let project =
        Project::detect(&spec, &Scope::all(&spec), &files, &mut found).map_err(|error| failed(&error))?;
    refuse(&found)?;
    Ok(project)
}

fn refuse(found: &Diagnostics) -> Result<(), CliError> {
    if found.has_errors() {
        let error = CliError::new(format!("no build file is written for this project: {}", found.summary()));
        return Err(error.help("mend this first, then run `pybuild init` again"));
    }
    Ok(())
}

/// The names of everything that is installed, as far as it can be told without an index.
fn packages(
    project: &Project,
    read: &dyn Fn(&str) -> Result<Option<String>, CliError>,
) -> Result<BTreeSet<String>, CliError> {
    let mut names = BTreeSet::new();
    if let Some(locked) = &project.locked {
        names.extend(locked.lock.packages.iter().map(|package| package.name.as_str().to_owned()));
    }
    let groups = project.groups.values().flat_map(|group| group.inline.iter());
    names.extend(project.requirements.inline.iter().chain(groups).filter_map(|line| required(line)));
    let files = project.groups.values().flat_map(|group| group.inputs.iter());
    for file in project.requirements.inputs.iter().chain(files) {
        let text = read(file.as_str())?.unwrap_or_default();
        names.extend(text.lines().filter_map(required));
    }
    Ok(names)
}

/// The name at the start of a requirement. `fastapi[standard]` gives `fastapi`.
fn required(line: &str) -> Option<String> {
    let line = line.trim();
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).unwrap_or(line.len());
    let name = line.get(..end)?;
    (name.starts_with(|c: char| c.is_ascii_alphanumeric())).then(|| normalized(name))
}

/// The names in `[project.scripts]`.
fn scripts(manifest: Option<&str>) -> Vec<String> {
    let Some(text) = manifest else { return Vec::new() };
    let (document, _) = toml::de::DeTable::parse_recoverable(text);
    let project = document.get_ref().get("project").and_then(|value| value.get_ref().as_table());
    let scripts = project.and_then(|table| table.get("scripts")).and_then(|value| value.get_ref().as_table());
    scripts.into_iter().flat_map(|table| table.keys()).map(|key| key.get_ref().to_string()).collect()
}

/// Python files at most three folders down, those nearest to the top first.
fn modules(folder: &Path, ignored: &Ignored) -> Vec<Module> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), String::new(), 0)];
    while let Some((at, prefix, depth)) = folders.pop() {
        let entries = std::fs::read_dir(&at).into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if name.starts_with('.') || ignored.patterns.matches(&path) {
                continue;
            }
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && depth < 3 && !ELSEWHERE.contains(&name.as_str()) {
                folders.push((entry.path(), format!("{path}/"), depth + 1));
            } else if !is_folder && is_module(&name) && !name.starts_with("test_") {
                let text = std::fs::read(entry.path()).unwrap_or_default();
                let inside = path.strip_prefix("src/").unwrap_or(&path);
                let dotted = inside.trim_end_matches(".py").replace('/', ".");
                let name = dotted.strip_suffix(".__init__").unwrap_or(&dotted).to_owned();
                found.push(Module { path, name, text: String::from_utf8_lossy(&text).into_owned() });
            }
        }
    }
    found.sort_by(|a, b| {
        let rank =
            |module: &Module| (module.path.matches('/').count(), usual(&module.path), module.path.clone());
        rank(a).cmp(&rank(b))
    });
    found
}

fn is_module(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "py")
}

/// Names that apps usually have come first.
fn usual(path: &str) -> usize {
    let name = path.rsplit('/').next().unwrap_or(path);
    ["main.py", "app.py", "server.py", "wsgi.py", "asgi.py", "__main__.py"]
        .iter()
        .position(|known| *known == name)
        .unwrap_or(9)
}

/// The variable that is given an object of `class`, as in `app = Flask(__name__)`.
fn variable(text: &str, class: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (left, right) = line.split_once('=')?;
        let right = right.trim_start();
        let called = right.strip_prefix(class).or_else(|| right.split_once('.')?.1.strip_prefix(class))?;
        let name = left.split(':').next().unwrap_or(left).trim_end();
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        (plain && called.starts_with('(')).then(|| name.to_owned())
    })
}

impl Scene {
    fn has(&self, package: &str) -> bool {
        self.packages.contains(package)
    }

    /// Sets what production runs, and says what the project is.
    fn command(&self, draft: &mut Draft) -> String {
        let found = [Self::django, Self::web, Self::streamlit, Self::script];
        found.iter().find_map(|look| look(self, draft)).unwrap_or_else(|| {
            draft.production.command_note = Some("What a container runs was not found: set it.".to_owned());
            "A Python project".to_owned()
        })
    }

    fn django(&self, draft: &mut Draft) -> Option<String> {
        let manage = self.modules.iter().find(|module| module.path == "manage.py")?;
        let at = manage.text.split_once("DJANGO_SETTINGS_MODULE")?.1;
        let settings = at.split(['"', '\'']).find(|word| word.contains('.') && !word.contains(' '))?;
        let site = settings.split('.').next()?;
        let wsgi = self.modules.iter().any(|module| module.name == format!("{site}.wsgi"));
        draft.production.expose = vec!["8000".to_owned()];
        draft.production.command = Some(if self.has("gunicorn") && wsgi {
            Command::list(&["gunicorn", "--bind", "0.0.0.0:8000", &format!("{site}.wsgi")])
        } else if self.has("uvicorn") {
            Command::list(&[
                "uvicorn",
                &format!("{site}.asgi:application"),
                "--host",
                "0.0.0.0",
                "--port",
                "8000",
            ])
        } else {
            let note = "Django's own server is for development: add gunicorn or uvicorn to the dependencies.";
            draft.production.command_note = Some(note.to_owned());
            Command::list(&["python", "manage.py", "runserver", "0.0.0.0:8000"])
        });
        Some(format!("A Django site, `{site}`"))
    }

    fn web(&self, draft: &mut Draft) -> Option<String> {
        let frameworks =
            [("FastAPI", true), ("Starlette", true), ("Litestar", true), ("Quart", true), ("Flask", false)];
        for (class, is_async) in frameworks {
            for module in &self.modules {
                let factory = class == "Flask" && module.text.contains("def create_app(");
                let name = match variable(&module.text, class) {
                    Some(_) if factory => "create_app()".to_owned(),
                    Some(name) => name,
                    None => continue,
                };
                let app = format!("{}:{name}", module.name);
                draft.production.expose = vec!["8000".to_owned()];
                let command = self.server(&app, module, is_async, draft);
                draft.production.command = Some(command);
                return Some(format!("App of {class}, `{app}`"));
            }
        }
        None
    }

    fn server(&self, app: &str, module: &Module, is_async: bool, draft: &mut Draft) -> Command {
        let uvicorn = ["uvicorn", app, "--host", "0.0.0.0", "--port", "8000"];
        if is_async {
            if self.has("hypercorn") && !self.has("uvicorn") {
                return Command::list(&["hypercorn", "--bind", "0.0.0.0:8000", app]);
            }
            if !self.has("uvicorn") && self.has("fastapi") {
                return Command::list(&["fastapi", "run", &module.path, "--port", "8000"]);
            }
            return Command::list(&uvicorn);
        }
        if self.has("gunicorn") {
            return Command::list(&["gunicorn", "--bind", "0.0.0.0:8000", app]);
        }
        if self.has("waitress") {
            return Command::list(&["waitress-serve", "--listen=0.0.0.0:8000", app]);
        }
        let note = "Flask's own server is for development: add gunicorn to the dependencies.";
        draft.production.command_note = Some(note.to_owned());
        Command::list(&["flask", "--app", app, "run", "--host", "0.0.0.0", "--port", "8000"])
    }

    fn streamlit(&self, draft: &mut Draft) -> Option<String> {
        let imports = |module: &&Module| {
            let mut lines = module.text.lines().map(str::trim_start);
            lines.any(|line| line.starts_with("import streamlit") || line.starts_with("from streamlit"))
        };
        let module = self.modules.iter().find(imports).filter(|_| self.has("streamlit"))?;
        draft.production.expose = vec!["8501".to_owned()];
        let words = ["streamlit", "run", &module.path, "--server.address=0.0.0.0", "--server.port=8501"];
        draft.production.command = Some(Command::list(&words));
        Some(format!("A Streamlit app, `{}`", module.path))
    }

    fn script(&self, draft: &mut Draft) -> Option<String> {
        if self.is_package {
            let same = self.scripts.iter().find(|script| Some(*script) == self.name.as_ref());
            if let Some(script) = same.or(self.scripts.first()) {
                draft.production.command = Some(Command::list(&[script]));
                return Some(format!("A package with the program `{script}`"));
            }
        }
        let runs = |module: &&Module| module.path.ends_with("__main__.py") && module.path.contains('/');
        if let Some(module) = self.modules.iter().find(runs) {
            let package = module.name.trim_end_matches(".__main__");
            draft.production.command = Some(Command::list(&["python", "-m", package]));
            return Some(format!("A package that `python -m {package}` runs"));
        }
        let top: Vec<_> = self.modules.iter().filter(|module| !module.path.contains('/')).collect();
        let known = top.iter().find(|module| usual(&module.path) < 9);
        let guarded = || top.iter().find(|module| module.text.contains("__name__ =="));
        let script = known.or_else(guarded).or(if top.len() == 1 { top.first() } else { None })?;
        draft.production.command = Some(Command::list(&["python", &script.path]));
        Some(format!("A script, `{}`", script.path))
    }
}

/// What native packages want of the system.
fn system(packages: &BTreeSet<String>, draft: &mut Draft) {
    let mut build: BTreeSet<&str> = BTreeSet::new();
    let mut runtime: BTreeSet<&str> = BTreeSet::new();
    for native in KNOWN.iter().filter(|native| packages.contains(native.package)) {
        // Binary editions bring what they load.
        if native.package == "psycopg" && packages.contains("psycopg-binary") {
            continue;
        }
        build.extend(native.build);
        runtime.extend(native.runtime);
        let wants = if native.build.is_empty() { "loads" } else { "is compiled with, and loads," };
        draft.system.because.push(format!("{} {wants} libraries of the system.", native.package));
    }
    draft.system.build = build.into_iter().map(str::to_owned).collect();
    draft.system.runtime = runtime.into_iter().map(str::to_owned).collect();
}

/// Tools of the groups that `test` installs, where there is something for them.
fn checks(scene: &Scene, project: &Project, folder: &Path, draft: &mut Draft) {
    let groups = ["dev", "test", "tests"];
    let in_stage = groups.iter().any(|group| project.groups.contains_key(*group));
    if !in_stage {
        return;
    }
    let tests = ["tests", "test"].iter().any(|name| folder.join(name).is_dir())
        || std::fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("test_") && is_module(&name)
        });
    let known =
        [("pytest", "python -m pytest", tests), ("ruff", "ruff check .", true), ("flake8", "flake8", true)];
    for (tool, command, wanted) in known {
        if wanted && scene.has(tool) {
            draft.checks.push((tool.to_owned(), command.to_owned()));
        }
    }
}

/// Assets that Node builds, where the package says how.
fn assets(package: &str, version: &str, folder: &Path, draft: &mut Draft) {
    let Ok(package) = serde_json::from_str::<serde_json::Value>(package) else { return };
    let Some(build) = package.pointer("/scripts/build").and_then(serde_json::Value::as_str) else { return };
    let Some(out) = output(build, folder) else { return };
    let locked = folder.join("package-lock.json").is_file();
    draft.stages.push(Stage {
        name: "assets".to_owned(),
        about: format!("What `npm run build` makes: `{out}`."),
        from: format!("node:{version}-slim"),
        include: vec![".".to_owned()],
        workdir: None,
        env: BTreeMap::new(),
        run: vec![if locked { "npm ci" } else { "npm install" }.to_owned(), "npm run build".to_owned()],
        cache: vec!["/root/.npm".to_owned()],
    });
    let copy =
        Copy { from: Some("assets".to_owned()), path: format!("/app/{out}"), to: out, ..Copy::default() };
    draft.production.copy.push(copy);
}

/// The folder that a build command writes to.
fn output(build: &str, folder: &Path) -> Option<String> {
    let words: Vec<&str> = build.split_whitespace().collect();
    for (at, word) in words.iter().enumerate() {
        let (name, value) = word.split_once('=').map_or((*word, None), |(name, value)| (name, Some(value)));
        if ["--outdir", "--outDir", "--out-dir", "--dist-dir", "--output-path", "-o", "-d"].contains(&name) {
            let value = value.or_else(|| words.get(at + 1).copied())?;
            let path = ContextPath::parse(value)?;
            return (!path.is_root()).then(|| path.as_str().to_owned());
        }
    }
    let has = |names: &[&str]| names.iter().any(|name| folder.join(name).is_file());
    let vite = build.contains("vite") && !has(&["vite.config.js", "vite.config.ts", "vite.config.mjs"]);
    (vite || build.contains("parcel")).then(|| "dist".to_owned())
}
