use std::fmt::Write as _;

use serde_json::json;

use super::*;
use crate::diagnostics::Source;
use crate::ignore::Patterns;
use crate::plan::Plan;
use crate::project::memory::Memory;
use crate::project::{Files, Ignored, Project, Scope};
use crate::resolve::{Clock, Question, ResolveError, Resolver, wheel_sets};
use crate::spec::{Arguments, Installer, Spec};

mod elsewhere;
mod overlaps;
mod sameness;
mod scripts;
mod versions;

const FLASK: &str = r#"
dependencies.installer = "pip"
[python]
version = "3.11"
[system]
packages = ["curl"]
build = ["gcc"]
runtime = ["libpq5"]
[app]
include = ["app.py"]
[stage.test]
checks.pytest = "pytest -v"
checks.lint = { run = ["flake8", "app.py"], include = ["app.py"], cache = [".cache"] }
[stage.static]
from = "node:20-slim"
include = ["package.json"]
run = ["npm ci", { run = "npm run build", include = ["assets"], secrets = ["token"], network = "none" }]
cache = ["/root/.npm"]
[stage.production]
command = "gunicorn app:app"
expose = [8000]
volumes = ["/data"]
env.MODE = "live"
healthcheck = { command = ["python", "-c", "pass"], interval = "30s" }
requires = ["test"]
copy = [{ from = "static", path = "/app/dist", to = "static" }]
"#;

const FILES: [(&str, &str); 5] = [
    ("requirements.txt", "flask==3.0.3\n"),
    ("requirements-dev.txt", "pytest==8.3.3\n"),
    ("app.py", ""),
    ("package.json", "{}"),
    ("assets/a.css", ""),
];

/// An index that must not get any question.
struct NoIndex;

impl Resolver for NoIndex {
    fn resolve(&self, question: &Question) -> Result<String, ResolveError> {
        Err(ResolveError(format!("asked for {}", question.label()).into()))
    }

    fn clock(&self) -> Clock {
        Clock::new(Some(0))
    }
}

struct Built {
    image: Image,
    plan: Plan,
}

fn build(file: &str, files: &[(&'static str, &'static str)], target: &str, capabilities: CapSet) -> Built {
    build_together(file, files, target, capabilities, BTreeMap::new())
}

/// A build in which comparisons of layers have these answers.
fn build_together(
    file: &str,
    files: &[(&'static str, &'static str)],
    target: &str,
    capabilities: CapSet,
    together: BTreeMap<Digest, Together>,
) -> Built {
    let context = Memory(files.iter().copied().collect());
    let source = Arc::new(Source::new("pybuild.toml", file));
    let (spec, mut found) = Spec::parse(&source, Arguments::default());
    let spec = spec.expect("TOML");
    let ignored = Ignored { patterns: Patterns::default(), file: None };
    let files = Files { context: &context, ignored: &ignored };
    let project = Project::detect(&spec, &Scope::all(&spec), &files, &mut found).unwrap();
    let mut plan = Plan::new(&spec, &project, target, &BTreeMap::default(), &mut found);
    if spec.dependencies.installer == Installer::Wheels {
        let platform = Platform::new("linux", "amd64");
        let wanted = plan.group_sets();
        let sets = wheel_sets(&spec, &project, &wanted, (&platform, None), &NoIndex, &mut found).unwrap();
        plan = Plan::new(&spec, &project, target, &sets, &mut found);
    }
    assert!(!found.has_errors(), "{}", found.summary());
    let platform = Platform::new("linux", "amd64");
    let config = json!({ "os": "linux", "architecture": "amd64", "config": { "Env": ["PATH=/usr/bin"], "Cmd": ["sh"] } });
    let images = plan.images().into_iter().map(|reference| {
        let state = buildkit_llb::Image::new(reference.to_string()).platform(&platform).state();
        (reference.clone(), BaseImage { state, config: config.clone() })
    });
    let mut context = buildkit_llb::Local::new("context");
    if let Some(paths) = plan.context_paths() {
        context = context.follow_paths(paths);
    }
    let images: std::collections::BTreeMap<_, _> = images.collect();
    let inputs = Inputs {
        dockerfiles: std::collections::BTreeMap::new(),
        resolved: Vec::new(),
        stages: BTreeMap::new(),
        build_images: images.clone(),
        compiler: None,
        images,
        explicit_platform: false,
        multi_platform: false,
        build_platform: platform.clone(),
        context: context.state(),
        tool: Some(buildkit_llb::Image::new("registry.example/pybuild:1").platform(&platform).state()),
        file: Arc::new(SourceFile {
            filename: "pybuild.toml".into(),
            data: file.as_bytes().to_vec(),
            language: "toml".into(),
            definition: None,
        }),
        platform,
        capabilities,
        options: ExecOptions::default(),
        epoch: None,
        scanned: Scanned::default(),
        together,
        tries: BTreeMap::new(),
    };
    Built { image: emit(&plan, &inputs).unwrap(), plan }
}

fn name_of(op: &Value) -> Option<&str> {
    op["metadata"]["description"]["llb.customname"].as_str()
}

/// A line for each vertex: its name, its command or copy, and its inputs.
fn drawn(state: &State) -> String {
    let json = state.marshal().to_json();
    let mut out = String::new();
    for op in json["ops"].as_array().unwrap() {
        let name = name_of(op).or(op["identifier"].as_str()).unwrap_or("?");
        let _ = write!(out, "{} {} {name}", op["op"], op["type"].as_str().unwrap());
        if let Some(inputs) = op.get("inputs") {
            let _ = write!(out, " <- {inputs}");
        }
        if let Some(attrs) = op.get("attrs") {
            let _ = write!(out, "\n    {attrs}");
        }
        if let Some(args) = op["args"].as_array() {
            // The scripts are separate files. Only their arguments differ.
            let args: Vec<_> =
                args.iter().map(|arg| arg.as_str().unwrap()).filter(|arg| !arg.contains('\n')).collect();
            let _ = write!(out, "\n    {}", args.join(" "));
        }
        for mount in op["mounts"].as_array().into_iter().flatten().skip(1) {
            let _ = write!(out, "\n    {mount}");
        }
        for action in op["actions"].as_array().into_iter().flatten() {
            let _ = write!(out, "\n    {action}");
        }
        out.push('\n');
    }
    out
}

#[test]
fn production_is_made_beside_its_checks_and_waits_for_them() {
    let built = build(FLASK, &FILES, "", CapSet::all());
    insta::assert_snapshot!(drawn(&built.image.state));
}

#[test]
fn the_config_says_what_the_file_says_on_top_of_the_base() {
    let built = build(FLASK, &FILES, "production", CapSet::all());
    insta::assert_snapshot!(serde_json::to_string_pretty(&built.image.config.to_json()).unwrap());
}

#[test]
fn an_engine_without_merge_gets_one_layer_on_another() {
    let without = CapSet::all().without(Cap::MergeOp);
    let chained = build(FLASK, &FILES, "production", without);
    let merged = build(FLASK, &FILES, "production", CapSet::all());
    let ops = |built: &Built, kind: &str| {
        let json = built.image.state.marshal().to_json();
        json["ops"].as_array().unwrap().iter().filter(|op| op["type"] == kind).count()
    };
    assert_eq!(ops(&chained, "merge"), 0);
    assert_eq!(ops(&merged, "merge"), 1);
    assert_eq!(chained.image.config, merged.image.config);
}

#[test]
fn a_build_needs_only_the_stages_of_its_target() {
    let names = |target| {
        let plan = build(FLASK, &FILES, target, CapSet::all()).plan;
        plan.stages.iter().map(|stage| stage.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names("production"), ["static", "test", "production"]);
    assert_eq!(names("dev"), ["dev"]);
    assert_eq!(names("Static"), ["static"]);
    let plan = build(FLASK, &FILES, "static", CapSet::all()).plan;
    assert_eq!(plan.images().len(), 1);
    assert!(plan.builder.is_none());
}

#[test]
fn each_distribution_gets_its_own_package_manager() {
    let file = |base: &str| {
        format!(
            "dependencies.installer = \"pip\"\n[python]\nbase = \"{base}\"\n[system]\npackages = [\"curl\", \"bash\"]\n"
        )
    };
    let mut out = String::new();
    for base in ["python:3.13-alpine", "registry.example/ubi9/python-312", "ubuntu:24.04"] {
        let files = [("requirements.txt", "flask\n"), ("app.py", "")];
        let built = build(&file(base), &files, "builder", CapSet::all());
        let json = built.image.state.marshal().to_json();
        let op = json["ops"]
            .as_array()
            .unwrap()
            .iter()
            .find(|op| name_of(op).is_some_and(|name| name.contains("curl")));
        let op =
            op.unwrap_or_else(|| panic!("no step for packages on {base}:\n{}", drawn(&built.image.state)));
        let _ = writeln!(
            out,
            "{}\n{}",
            name_of(op).unwrap(),
            serde_json::to_string_pretty(&op["mounts"]).unwrap()
        );
        for arg in op["args"].as_array().unwrap() {
            let _ = writeln!(out, "{}", arg.as_str().unwrap());
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn a_package_is_installed_from_its_own_sources_and_not_copied() {
    let pyproject = "[build-system]\nrequires = []\n[project]\nname = \"shop\"\ndependencies = [\"flask\"]\n";
    let file = "dependencies.installer = \"pip\"\n";
    let built = build(file, &[("pyproject.toml", pyproject), ("shop/__init__.py", "")], "", CapSet::all());
    insta::assert_snapshot!(drawn(&built.image.state));
    let dev = build(file, &[("pyproject.toml", pyproject), ("shop/__init__.py", "")], "dev", CapSet::all());
    assert!(drawn(&dev.image.state).contains("--no-deps -e /app"));
}

const LOCK: &str = r#"
lock-version = "1.0"
created-by = "test"
extras = []
dependency-groups = ["dev"]
default-groups = []
[[packages]]
name = "numpy"
version = "2.1.1"
wheels = [
    { url = "https://files.example/numpy-2.1.1-cp313-cp313-manylinux_2_17_x86_64.whl", size = 16000000, hashes = { sha256 = "0000000000000000000000000000000000000000000000000000000000000001" } },
    { url = "https://files.example/numpy-2.1.1-cp313-cp313-manylinux_2_17_aarch64.whl", size = 14000000, hashes = { sha256 = "0000000000000000000000000000000000000000000000000000000000000002" } },
]
[[packages]]
name = "six"
version = "1.17.0"
wheels = [{ url = "https://files.example/six-1.17.0-py2.py3-none-any.whl", size = 11000, hashes = { sha256 = "0000000000000000000000000000000000000000000000000000000000000003" } }]
[[packages]]
name = "docopt"
version = "0.6.2"
sdist = { url = "https://files.example/docopt-0.6.2.tar.gz", size = 25000, hashes = { sha256 = "0000000000000000000000000000000000000000000000000000000000000004" } }
[[packages]]
name = "pytest"
version = "8.0"
marker = "'dev' in dependency_groups"
wheels = [{ url = "https://files.example/pytest-8.0-py3-none-any.whl", size = 11000, hashes = { sha256 = "0000000000000000000000000000000000000000000000000000000000000005" } }]
"#;

#[test]
fn each_locked_wheel_is_a_node_and_groups_come_on_top() {
    let file = "python.version = \"3.13\"\n[stage.test]\nchecks.unit = \"pytest\"\n[stage.production]\nrequires = [\"test\"]\n";
    let built = build(file, &[("pylock.toml", LOCK), ("app.py", "")], "", CapSet::all());
    insta::assert_snapshot!(drawn(&built.image.state));
}

#[test]
fn without_bytecode_no_python_runs_to_unpack() {
    let file = "python.version = \"3.13\"\n[dependencies]\nbytecode = false\n";
    let lock = LOCK.replace("name = \"docopt\"", "name = \"docopt\"\nmarker = \"python_version < '3'\"");
    let lock: &'static str = Box::leak(lock.into_boxed_str());
    let built = build(file, &[("pylock.toml", lock), ("app.py", "")], "", CapSet::all());
    let json = built.image.state.marshal().to_json();
    let execs = json["ops"].as_array().unwrap().iter().filter(|op| op["type"] == "exec");
    for exec in execs {
        let program = exec["args"][0].as_str().unwrap();
        assert!(program == "/run/pybuild/tool" || program == "/pybuild", "{program} runs");
    }
}
