//! `[tool.uv] conflicts`: two extras need different versions of a package, and each extra has a stage.
//! Projects use this for torch on CPUs and GPUs.

use pybuild_tests::{Build, Index, Outcome, Project, Published, Result, Wheel};

use crate::locked::{HEAD, uv_package};
use crate::workspaces::BACKEND;

/// The versions that an image has, and which of the two sides is installed twice or not at all.
const VERSIONS: &str = "import importlib.metadata as m; \
    print([(d.name, d.version) for d in sorted(m.distributions(), key=lambda d: d.name) if d.name != 'pip'])";

/// Where the lock says that a package comes from.
fn source(file: &Published) -> String {
    format!("source = {{ registry = \"{}\" }}", file.url.trim_end_matches(file.file.as_str()))
}

/// `name = "kernel", version = …, source = …`, as an edge to one of two versions has it.
fn edge(file: &Published) -> String {
    format!("name = \"{}\", version = \"{}\", {}", file.name, file.version, source(file))
}

fn versions(outcome: &Outcome) -> Result<String> {
    outcome.image()?.prints(&["python", "-c", VERSIONS])
}

#[test]
fn each_stage_has_the_version_of_its_own_extra() -> Result {
    let index = Index::start()?;
    let (old, new) = (index.wheel(&Wheel::new("kernel", "1.0")), index.wheel(&Wheel::new("kernel", "2.0")));
    let pages = index.wheel(&Wheel::new("pages", "1.0").metadata("Requires-Dist: kernel>=1"));
    // As `uv lock` 0.13.9 writes it, but for the addresses.
    let lock = format!(
        "version = 1\nrevision = 3\nrequires-python = \">=3.11\"\n\
         conflicts = [[\n    {{ package = \"app\", extra = \"cpu\" }},\n    {{ package = \"app\", extra = \"gpu\" }},\n]]\n\n\
         [[package]]\nname = \"app\"\nversion = \"1\"\nsource = {{ virtual = \".\" }}\n\
         dependencies = [{{ name = \"pages\" }}]\n\n[package.optional-dependencies]\ncpu = [{{ {} }}]\n\
         gpu = [{{ {} }}]\n\n[package.metadata]\nrequires-dist = [\n\
         {{ name = \"kernel\", marker = \"extra == 'cpu'\", specifier = \"==1.0\" }},\n\
         {{ name = \"kernel\", marker = \"extra == 'gpu'\", specifier = \"==2.0\" }},\n{{ name = \"pages\" }},\n]\n\
         provides-extras = [\"cpu\", \"gpu\"]\n\n{}{}{}",
        edge(&old),
        edge(&new),
        uv_package(&old, ""),
        uv_package(&new, ""),
        uv_package(
            &pages,
            &format!(
                "dependencies = [\n{{ {}, marker = \"extra == 'extra-3-app-cpu'\" }},\n\
                 {{ {}, marker = \"extra != 'extra-3-app-cpu' or extra == 'extra-3-app-gpu'\" }},\n]\n",
                edge(&old),
                edge(&new)
            )
        ),
    );
    let manifest = "[project]\nname = \"app\"\nversion = \"1\"\nrequires-python = \">=3.11\"\ndependencies = [\"pages\"]\n\
                    [project.optional-dependencies]\ncpu = [\"kernel==1.0\"]\ngpu = [\"kernel==2.0\"]\n\
                    [tool.uv]\nconflicts = [[{ extra = \"cpu\" }, { extra = \"gpu\" }]]\n";
    let tables = "[stage.cpu]\ngroups = [\"cpu\"]\n[stage.gpu]\ngroups = [\"gpu\"]\n[stage.both]\ngroups = [\"cpu\", \"gpu\"]\n";
    let project = Project::with(&[
        ("pybuild.toml", &format!("{HEAD}{tables}")),
        ("pyproject.toml", manifest),
        ("uv.lock", &lock),
        ("app.py", ""),
    ])?;
    // What `uv sync`, with `--extra cpu` and with `--extra gpu`, installs.
    for (target, kernel) in [("cpu", "1.0"), ("gpu", "2.0"), ("production", "2.0")] {
        let outcome = Build::of(&project).target(target).load().succeed()?;
        assert_eq!(versions(&outcome)?, format!("[('kernel', '{kernel}'), ('pages', '1.0')]"), "{target}");
    }
    let failed = Build::of(&project).target("both").fail()?;
    assert!(failed.transcript().contains("cannot be installed together"), "{}", failed.transcript());
    Ok(())
}

#[test]
fn what_the_extra_of_a_member_brings_is_there() -> Result {
    let index = Index::start()?;
    let (old, new) = (index.wheel(&Wheel::new("kernel", "1.0")), index.wheel(&Wheel::new("kernel", "2.0")));
    // As `uv lock` 0.13.9 writes it, but for the addresses.
    let lock = format!(
        "version = 1\nrevision = 3\nrequires-python = \">=3.11\"\n\
         conflicts = [[\n    {{ package = \"eng\", extra = \"cpu\" }},\n    {{ package = \"eng\", extra = \"gpu\" }},\n]]\n\n\
         [manifest]\nmembers = [\"app\", \"eng\"]\n\n\
         [[package]]\nname = \"app\"\nversion = \"1\"\nsource = {{ virtual = \".\" }}\ndependencies = [\n\
         {{ name = \"eng\" }},\n{{ name = \"eng\", extra = [\"cpu\"], marker = \"extra == 'extra-3-eng-cpu'\" }},\n]\n\n\
         [package.metadata]\nrequires-dist = [{{ name = \"eng\", extras = [\"cpu\"], editable = \"eng\" }}]\n\n\
         [[package]]\nname = \"eng\"\nversion = \"0.1.0\"\nsource = {{ editable = \"eng\" }}\n\n\
         [package.optional-dependencies]\ncpu = [{{ {} }}]\ngpu = [{{ {} }}]\n\n\
         [package.metadata]\nrequires-dist = [\n\
         {{ name = \"kernel\", marker = \"extra == 'cpu'\", specifier = \"==1.0\" }},\n\
         {{ name = \"kernel\", marker = \"extra == 'gpu'\", specifier = \"==2.0\" }},\n]\n\
         provides-extras = [\"cpu\", \"gpu\"]\n\n{}{}",
        edge(&old),
        edge(&new),
        uv_package(&old, ""),
        uv_package(&new, ""),
    );
    let eng = "[project]\nname = \"eng\"\nversion = \"0.1.0\"\nrequires-python = \">=3.11\"\n\
               [project.optional-dependencies]\ncpu = [\"kernel==1.0\"]\ngpu = [\"kernel==2.0\"]\n\
               [tool.uv]\nconflicts = [[{ extra = \"cpu\" }, { extra = \"gpu\" }]]\n\
               [build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\"build\"]\n";
    let app = "[project]\nname = \"app\"\nversion = \"1\"\nrequires-python = \">=3.11\"\ndependencies = [\"eng[cpu]\"]\n\
               [tool.uv.workspace]\nmembers = [\"eng\"]\n[tool.uv.sources]\neng = { workspace = true }\n";
    let project = Project::with(&[
        ("pybuild.toml", HEAD),
        ("pyproject.toml", app),
        ("uv.lock", &lock),
        ("eng/pyproject.toml", eng),
        ("eng/eng.py", ""),
        ("eng/build/backend.py", &BACKEND.replace("NAME", "eng")),
    ])?;
    let outcome = Build::of(&project).load().succeed()?;
    assert_eq!(versions(&outcome)?, "[('eng', '0.1.0'), ('kernel', '1.0')]");
    Ok(())
}
