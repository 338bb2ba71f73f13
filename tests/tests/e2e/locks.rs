//! Every lock format: a project is built from a lock, and a container imports the packages.

use pybuild_tests::{Build, Image, Index, Project, Result, Wheel};

use crate::locked::{HEAD, installed, installed_beside_pip, project, pylock, uv_package};

/// What `import NAME; NAME.VERSION` gives for each of `names`.
fn versions(image: &Image, names: &[&str]) -> Result<String> {
    let modules = names.join(", ");
    let printed = names.iter().map(|name| format!("{name}.VERSION")).collect::<Vec<_>>().join(", ");
    image.prints(&["python", "-c", &format!("import {modules}; print({printed})")])
}

const UV_PROJECT: &str = r#"[project]
name = "shop"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["alpha>=1"]

[project.optional-dependencies]
fast = ["delta"]

[dependency-groups]
dev = ["epsilon"]
"#;

const UV_ROOT: &str = r#"version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "shop"
version = "0.1.0"
source = { virtual = "." }
dependencies = [
    { name = "alpha" },
]

[package.optional-dependencies]
fast = [
    { name = "delta" },
]

[package.dev-dependencies]
dev = [
    { name = "epsilon" },
]

[package.metadata]
requires-dist = [
    { name = "alpha", specifier = ">=1" },
    { name = "delta", marker = "extra == 'fast'" },
]
provides-extras = ["fast"]

[package.metadata.requires-dev]
dev = [{ name = "epsilon" }]

"#;

/// A project with extras and groups, and its `uv.lock`.
fn with_uv_lock(index: &Index, tables: &str) -> Result<Project> {
    let wheel = |name: &str| index.wheel(&Wheel::new(name, "1.0"));
    let beyond = wheel("gamma");
    // Whoever fetched it although it is only for Windows would fail.
    index.remove(&beyond);
    let edges = "dependencies = [\n    { name = \"beta\" },\n    \
        { name = \"gamma\", marker = \"sys_platform == 'win32'\" },\n]\n";
    let mut lock = UV_ROOT.to_owned();
    lock.push_str(&uv_package(&wheel("alpha"), edges));
    for name in ["beta", "delta", "epsilon"] {
        lock.push_str(&uv_package(&wheel(name), ""));
    }
    lock.push_str(&uv_package(&beyond, ""));
    let project = project("uv.lock", &lock, tables)?;
    project.write("pyproject.toml", UV_PROJECT)?;
    Ok(project)
}

#[test]
fn uv_lock_with_markers() -> Result {
    let index = Index::start()?;
    let outcome = Build::of(&with_uv_lock(&index, "")?).load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(versions(image, &["alpha", "beta"])?, "1.0 1.0");
    assert_eq!(installed(image)?, ["alpha 1.0 pybuild", "beta 1.0 pybuild"]);
    // What is locked with addresses needs no resolver.
    assert_eq!(outcome.progress.named("[resolver]").len(), 0, "{}", outcome.transcript());
    Ok(())
}

#[test]
fn extras_of_a_uv_lock_are_installed_where_they_are_asked_for() -> Result {
    let index = Index::start()?;
    let outcome = Build::of(&with_uv_lock(&index, "dependencies.extras = [\"fast\"]\n")?).load().succeed()?;
    let expected = ["alpha 1.0 pybuild", "beta 1.0 pybuild", "delta 1.0 pybuild"];
    assert_eq!(installed(outcome.image()?)?, expected);
    Ok(())
}

#[test]
fn groups_of_a_lock_come_on_top_of_what_production_has() -> Result {
    let index = Index::start()?;
    let project = with_uv_lock(&index, "")?;
    let production = Build::of(&project).load().succeed()?;
    let dev = Build::of(&project).target("dev").load().succeed()?;
    let expected = ["alpha 1.0 pybuild", "beta 1.0 pybuild", "epsilon 1.0 pybuild"];
    assert_eq!(installed_beside_pip(dev.image()?)?, expected);
    assert_eq!(installed(production.image()?)?, expected[..2]);

    let (mut below, mut above) = (production.image()?.named_layers()?, dev.image()?.named_layers()?);
    let groups = above.keys().filter(|name| name.contains("group wheels")).count();
    for layers in [&mut below, &mut above] {
        layers.retain(|name, _| name.starts_with("wheels: wheels") || name.starts_with("venv"));
    }
    assert_eq!((below, groups), (above, 1));
    Ok(())
}

#[test]
fn pylock_toml() -> Result {
    let index = Index::start()?;
    let (alpha, beta) = (index.wheel(&Wheel::new("alpha", "1.0")), index.wheel(&Wheel::new("beta", "2.0")));
    let project = project("pylock.toml", &pylock(&[&alpha, &beta]), "")?;
    let outcome = Build::of(&project).load().succeed()?;
    assert_eq!(versions(outcome.image()?, &["alpha", "beta"])?, "1.0 2.0");
    assert_eq!(installed(outcome.image()?)?, ["alpha 1.0 pybuild", "beta 2.0 pybuild"]);
    Ok(())
}

#[test]
fn pdm_lock_with_static_urls() -> Result {
    let index = Index::start()?;
    let (alpha, beta) = (index.wheel(&Wheel::new("alpha", "1.0")), index.wheel(&Wheel::new("beta", "2.0")));
    let package = |groups: &str, file: &pybuild_tests::Published| {
        format!(
            "[[package]]\nname = \"{}\"\nversion = \"{}\"\nrequires_python = \">=3.8\"\nsummary = \"\"\n\
             groups = [\"{groups}\"]\nfiles = [\n    {{url = \"{}\", hash = \"sha256:{}\"}},\n]\n\n",
            file.name, file.version, file.url, file.sha256
        )
    };
    let lock = format!(
        "[metadata]\ngroups = [\"default\", \"dev\"]\nstrategy = [\"inherit_metadata\", \"static_urls\"]\n\
         lock_version = \"4.5.0\"\n\n[[metadata.targets]]\nrequires_python = \">=3.11\"\n\n{}{}",
        package("default", &alpha),
        package("dev", &beta),
    );
    let project = project("pdm.lock", &lock, "")?;
    let outcome = Build::of(&project).load().succeed()?;
    assert_eq!(installed(outcome.image()?)?, ["alpha 1.0 pybuild"]);
    let dev = Build::of(&project).target("dev").load().succeed()?;
    assert_eq!(versions(dev.image()?, &["alpha", "beta"])?, "1.0 2.0");
    Ok(())
}

/// The locks below have no addresses, so these packages come from the index that the machine is set up for.
const SIX: [&str; 2] = [
    "4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274",
    "ff70335d468e7eb6ec65b95b99d3a2836546063f63acc5171de367e834932a81",
];
const INICONFIG: [&str; 2] = [
    "b6a85871a79d2e3b22d2d1b94ac2824226a63c6b741c88f7ae975f18b6778374",
    "2d91e135bf72d31a410b17c16da610a82cb55f6b0477d1a902134b24a455b8b3",
];

fn import(image: &Image, names: &str) -> Result {
    image.prints(&["python", "-c", &format!("import {names}")])?;
    Ok(())
}

#[test]
fn poetry_lock_is_located_by_its_hashes() -> Result {
    let package = |name: &str, version: &str, groups: &str, files: [&str; 2]| {
        format!(
            "[[package]]\nname = \"{name}\"\nversion = \"{version}\"\ndescription = \"\"\noptional = false\n\
             python-versions = \"*\"\ngroups = [\"{groups}\"]\nfiles = [\n    \
             {{file = \"{name}-{version}-WHEEL\", hash = \"sha256:{}\"}},\n    \
             {{file = \"{name}-{version}.tar.gz\", hash = \"sha256:{}\"}},\n]\n\n",
            files[0], files[1]
        )
    };
    let lock = format!(
        "{}{}[metadata]\nlock-version = \"2.1\"\npython-versions = \">=3.11\"\n",
        package("six", "1.17.0", "main", SIX).replace("WHEEL", "py2.py3-none-any.whl"),
        package("iniconfig", "2.0.0", "dev", INICONFIG).replace("WHEEL", "py3-none-any.whl"),
    );
    let project = project("poetry.lock", &lock, "")?;
    let outcome = Build::of(&project).load().succeed()?;
    assert_eq!(installed(outcome.image()?)?, ["six 1.17.0 pybuild"]);
    import(outcome.image()?, "six")?;
    let dev = Build::of(&project).target("dev").load().succeed()?;
    assert_eq!(installed_beside_pip(dev.image()?)?, ["iniconfig 2.0.0 pybuild", "six 1.17.0 pybuild"]);
    Ok(())
}

#[test]
fn pipfile_lock_is_located_by_its_hashes() -> Result {
    let section = |name: &str, version: &str, hashes: [&str; 2]| {
        serde_json::json!({ name: {
            "hashes": hashes.map(|hash| format!("sha256:{hash}")),
            "version": format!("=={version}"),
        } })
    };
    let lock = serde_json::json!({
        "_meta": { "pipfile-spec": 6, "requires": { "python_version": "3.11" }, "sources": [] },
        "default": section("six", "1.17.0", SIX),
        "develop": section("iniconfig", "2.0.0", INICONFIG),
    });
    let project = project("Pipfile.lock", &lock.to_string(), "")?;
    let outcome = Build::of(&project).load().succeed()?;
    assert_eq!(installed(outcome.image()?)?, ["six 1.17.0 pybuild"]);
    let dev = Build::of(&project).target("dev").load().succeed()?;
    assert_eq!(installed_beside_pip(dev.image()?)?, ["iniconfig 2.0.0 pybuild", "six 1.17.0 pybuild"]);
    import(dev.image()?, "six, iniconfig")
}

#[test]
fn requirements_with_hashes_are_a_lock() -> Result {
    let line = |pin: &str, [one, other]: [&str; 2]| {
        format!("{pin} \\\n    --hash=sha256:{one} \\\n    --hash=sha256:{other}\n")
    };
    let lock = line("six==1.17.0", SIX)
        + &line("iniconfig==2.0.0", INICONFIG)
        + &line("colorama==0.4.6 ; sys_platform == 'win32'", SIX);
    let outcome = Build::of(&project("requirements.txt", &lock, "")?).load().succeed()?;
    assert_eq!(installed(outcome.image()?)?, ["iniconfig 2.0.0 pybuild", "six 1.17.0 pybuild"]);
    import(outcome.image()?, "six, iniconfig")?;
    assert_eq!(outcome.progress.warnings.len(), 0, "{:?}", outcome.progress.warnings);
    Ok(())
}

#[test]
fn what_is_not_locked_is_resolved_with_a_hint() -> Result {
    let pyproject = "[project]\nname = \"shop\"\nversion = \"1\"\ndependencies = [\"six==1.17.0\"]\n";
    let compile = "uv pip compile --universal --generate-hashes requirements.txt -o requirements.txt";
    let cases = [("requirements.txt", "six==1.17.0\n", compile), ("pyproject.toml", pyproject, "uv lock")];
    for (file, text, command) in cases {
        let outcome = Build::of(&project(file, text, "")?).load().succeed()?;
        assert_eq!(installed(outcome.image()?)?, ["six 1.17.0 pybuild"]);
        let [warning] = &outcome.progress.warnings[..] else {
            panic!("not one warning: {:?}", outcome.progress.warnings)
        };
        let expected = format!(
            "UnlockedDependencies: the dependencies in {file} are not locked: the next build may install other \
             versions (line 1)"
        );
        assert_eq!(warning.short, expected);
        assert_eq!(warning.detail, [format!("commit a lock: `{command}`")]);
    }
    Ok(())
}

#[test]
fn a_stale_uv_lock_is_an_error_with_the_command_that_renews_it() -> Result {
    let index = Index::start()?;
    let project = with_uv_lock(&index, "")?;
    project.replace("pyproject.toml", "[\"alpha>=1\"]", "[\"alpha>=1\", \"zeta\"]")?;
    let outcome = Build::of(&project).fail()?;
    let expected = "pybuild.toml:1\n\
        --------------------\n   \
        1 | >>> # syntax=localhost:5000/pybuild:dev\n   \
        2 |     python.version = \"3.11\"\n   \
        3 |     \n\
        --------------------\n\
        ERROR: failed to build: failed to solve: uv.lock is older than pyproject.toml: not locked: zeta\n  \
        help: lock again: `uv lock`\n  \
        help: or install what it has all the same: `# check=skip=StaleLock` below the syntax line\n";
    assert_eq!(crate::broken::shown(&outcome, &project)?, expected);
    Ok(())
}

#[test]
fn a_stale_poetry_lock_is_an_error_with_the_command_that_renews_it() -> Result {
    let lock = format!(
        "package = []\n\n[metadata]\nlock-version = \"2.1\"\npython-versions = \">=3.11\"\ncontent-hash = \"{}\"\n",
        "0".repeat(64)
    );
    let project = Project::with(&[
        ("pybuild.toml", HEAD),
        ("app.py", ""),
        ("poetry.lock", &lock),
        ("pyproject.toml", "[project]\nname = \"shop\"\nversion = \"1\"\ndependencies = [\"six\"]\n"),
    ])?;
    let outcome = Build::of(&project).fail()?;
    let expected = "pybuild.toml:1\n\
        --------------------\n   \
        1 | >>> # syntax=localhost:5000/pybuild:dev\n   \
        2 |     python.version = \"3.11\"\n   \
        3 |     \n\
        --------------------\n\
        ERROR: failed to build: failed to solve: poetry.lock is older than pyproject.toml: \
        its dependencies are not those that were locked\n  \
        help: lock again: `poetry lock`\n  \
        help: or install what it has all the same: `# check=skip=StaleLock` below the syntax line\n";
    assert_eq!(crate::broken::shown(&outcome, &project)?, expected);
    Ok(())
}
