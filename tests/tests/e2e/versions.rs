//! Projects whose version is not in a file. git knows the version, and a build is given the version or asks
//! git.

use std::process::Command;

use pybuild_tests::git::Repository;
use pybuild_tests::{Build, Project, Result, pybuild};

/// A package whose `requires` takes the version from git.
fn package(requires: &str, more: &str, tables: &str) -> Result<Project> {
    let manifest = format!(
        "[project]\nname = \"shop\"\ndynamic = [\"version\"]\ndependencies = []\n\
         [project.scripts]\nshop = \"shop:main\"\n\
         [build-system]\n{requires}\n{more}"
    );
    let code = "from importlib.metadata import version\n\ndef main():\n    print('shop', version('shop'))\n";
    Project::with(&[
        ("pyproject.toml", &manifest),
        ("src/shop/__init__.py", code),
        (
            "pybuild.toml",
            &format!("# syntax=localhost:5000/pybuild:dev\npython.version = \"3.11\"\n{tables}"),
        ),
    ])
}

const HATCH: &str = "requires = [\"hatchling\", \"hatch-vcs\"]\nbuild-backend = \"hatchling.build\"";
const SOURCE: &str = "[tool.hatch.version]\nsource = \"vcs\"\n";
const GIVEN: &str = "args.VERSION = \"0.0.0\"\napp.version = \"${VERSION}\"\n";

#[test]
fn a_version_that_is_given_is_that_of_every_stage() -> Result {
    let project = package(HATCH, SOURCE, GIVEN)?;
    let built = Build::of(&project).arg("VERSION", "v1.4.0").load().succeed()?;
    assert_eq!(built.image()?.prints(&["shop"])?, "shop 1.4.0");
    assert_eq!(built.image()?.config()?["Labels"]["org.opencontainers.image.version"], "1.4.0");
    assert_eq!(built.image()?.env("SETUPTOOLS_SCM_PRETEND_VERSION")?, None, "it is of the step alone");
    let dev = Build::of(&project).target("dev").load().succeed()?;
    assert_eq!(dev.image()?.prints(&["shop"])?, "shop 0.0.0");
    Ok(())
}

#[test]
fn other_backends_take_it_too() -> Result {
    let backends = [
        (
            "requires = [\"setuptools\", \"setuptools-scm\"]\nbuild-backend = \"setuptools.build_meta\"",
            "[tool.setuptools_scm]\n",
        ),
        (
            "requires = [\"pdm-backend\"]\nbuild-backend = \"pdm.backend\"",
            "[tool.pdm.version]\nsource = \"scm\"\n",
        ),
        (
            "requires = [\"poetry-core\", \"poetry-dynamic-versioning\"]\nbuild-backend = \"poetry_dynamic_versioning.backend\"",
            "[tool.poetry]\nversion = \"0.0.0\"\n[tool.poetry-dynamic-versioning]\nenable = true\n",
        ),
        (
            "requires = [\"hatchling\", \"uv-dynamic-versioning\"]\nbuild-backend = \"hatchling.build\"",
            "[tool.hatch.version]\nsource = \"uv-dynamic-versioning\"\n",
        ),
    ];
    for (requires, more) in backends {
        let project = package(requires, more, GIVEN)?;
        let built = Build::of(&project).arg("VERSION", "2.0.1").load().succeed()?;
        assert_eq!(built.image()?.prints(&["shop"])?, "shop 2.0.1", "{requires}");
    }
    Ok(())
}

#[test]
fn pip_passes_it_on() -> Result {
    let project = package(HATCH, SOURCE, &format!("{GIVEN}dependencies.installer = \"pip\"\n"))?;
    let built = Build::of(&project).arg("VERSION", "3.0").load().succeed()?;
    assert_eq!(built.image()?.prints(&["shop"])?, "shop 3.0");
    Ok(())
}

#[test]
fn an_ejected_dockerfile_passes_it_on() -> Result {
    let project = package(HATCH, SOURCE, "app.version = \"1.7\"\n")?;
    project.write("requirements.txt", "packaging\n-e .\n")?;
    for target in ["production", "dev"] {
        // The engine's own Dockerfile frontend: it has no other to pull.
        let text = pybuild(&project, &["eject", "--target", target])?;
        project.write("Dockerfile", text.split_once('\n').map_or("", |(_, rest)| rest))?;
        let ejected = Build::of(&project).file("Dockerfile").load().succeed()?;
        let ask = "import packaging, shop; shop.main()";
        assert_eq!(ejected.image()?.prints(&["python", "-c", ask])?, "shop 1.7", "{target}");
    }
    Ok(())
}

#[test]
fn git_is_asked_where_it_is_there_and_sees_the_repository() -> Result {
    let project = package(HATCH, SOURCE, "system.build = [\"git\"]\n")?;
    let git = |arguments: &[&str]| -> Result {
        let named = ["-c", "user.name=x", "-c", "user.email=x@example.com"];
        let mut git = Command::new("git");
        pybuild_tests::command::run(git.current_dir(project.path()).args(named).args(arguments))?
            .successful()?;
        Ok(())
    };
    project.write(".dockerignore", "dist\n")?;
    git(&["init", "--quiet"])?;
    git(&["add", "--all"])?;
    git(&["commit", "--quiet", "--message", "x"])?;
    git(&["tag", "v5.1"])?;
    let built = Build::of(&project).load().succeed()?;
    // A file that is missing would make it a version after that.
    assert_eq!(built.image()?.prints(&["shop"])?, "shop 5.1");
    assert!(built.progress.warnings.iter().all(|one| !one.short.contains("VersionFromGit")));
    Ok(())
}

#[test]
fn a_build_that_can_ask_nobody_says_so_before_and_after() -> Result {
    let project = package(HATCH, SOURCE, "")?;
    let failed = Build::of(&project).fail()?;
    let warned = "VersionFromGit: `hatch-vcs` asks git for the version, and the build has no git and does not see `.git`";
    let said = failed.transcript();
    assert!(failed.progress.warnings.iter().any(|one| one.short.starts_with(warned)), "{said}");
    let told = "pybuild: its version comes from git, and .git is hidden: give it as [app] version";
    assert!(failed.progress.logs().contains(told), "{said}");
    Ok(())
}

#[test]
fn a_repository_that_a_lock_pins_has_the_version_of_the_lock() -> Result {
    let manifest =
        format!("[project]\nname = \"till\"\ndynamic = [\"version\"]\n[build-system]\n{HATCH}\n{SOURCE}");
    let repository =
        Repository::of(&Project::with(&[("pyproject.toml", &manifest), ("till.py", "OPEN = True\n")])?)?;
    let lock = format!(
        "lock-version = \"1.0\"\ncreated-by = \"a test\"\n\
         [[packages]]\nname = \"till\"\nversion = \"0.4.dev2+g01234\"\n[packages.vcs]\ntype = \"git\"\nurl = \"{}\"\n\
         commit-id = \"{}\"\n",
        repository.remote(),
        repository.commit()
    );
    let project = Project::with(&[
        ("pybuild.toml", "# syntax=localhost:5000/pybuild:dev\npython.version = \"3.11\"\n"),
        ("pylock.toml", &lock),
        ("app.py", ""),
    ])?;
    let built = Build::of(&project).load().succeed()?;
    let ask = "from importlib.metadata import version; print(version('till'))";
    assert_eq!(built.image()?.prints(&["python", "-c", ask])?, "0.4.dev2+g01234");
    Ok(())
}
