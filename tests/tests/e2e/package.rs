//! Tests `examples/package` against its README.

use pybuild_tests::project::temporary_folder;
use pybuild_tests::{Build, Engine, Project, Result};

/// The example, on a base that the test has made as the README says, under a name of the tests.
fn example() -> Result<Project> {
    let project = Project::example("package")?;
    let name = format!("{}/e2e/python-only:3.13", Engine::get()?.registry());
    let output = format!("type=image,name={name},push=true,store=false");
    let base = Build::of(&project).file("base.Dockerfile").option("--provenance", "false");
    base.output(&output).succeed()?;
    project.replace("pybuild.toml", "localhost:5000/python-only:3.13", &name)?;
    Ok(project)
}

#[test]
fn a_base_without_pip_gets_the_wheel_and_its_commands() -> Result {
    let outcome = Build::of(&example()?).load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(image.prints(&["slug", "Déjà vu!"])?, "deja-vu");
    let checked = image.run(&["slug-check", "a-b", "Déjà vu!"])?;
    assert_eq!(checked.status.code(), Some(1));
    assert_eq!(checked.stderr, "'Déjà vu!' is no slug: deja-vu\n");
    let config = image.config()?;
    assert_eq!(config["Entrypoint"], serde_json::json!(["slug"]));
    assert_eq!(config["Labels"]["org.opencontainers.image.version"], "1.2.0");

    let files = image.files()?;
    let site = "venv/lib/python3.13/site-packages";
    for path in ["slugs/__init__.py", "slugs-1.2.0.dist-info/RECORD"] {
        assert!(files.contains(&format!("{site}/{path}")), "no {path}");
    }
    let unwanted = |path: &&String| {
        path.contains("/pip/")
            || path.contains("hatchling")
            || path.contains("pytest")
            || path.contains(".whl")
    };
    assert_eq!(files.iter().filter(unwanted).collect::<Vec<_>>(), Vec::<&String>::new());
    let app: Vec<_> = files.iter().filter(|path| path.starts_with("app/")).collect();
    assert_eq!(app, ["app/"], "sources are in the image");
    Ok(())
}

#[test]
fn the_wheel_comes_out_by_itself() -> Result {
    let folder = temporary_folder()?;
    let output = format!("type=local,dest={}", folder.path().display());
    Build::of(&Project::example("package")?).target("wheel").output(&output).succeed()?;
    let files = Project::files(folder.path())?;
    assert_eq!(files.keys().collect::<Vec<_>>(), ["slugs-1.2.0-py3-none-any.whl"]);
    Ok(())
}
