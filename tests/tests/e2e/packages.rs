//! Projects that are packages: installed, not copied.

use pybuild_tests::{Build, Project, Result};

const PYPROJECT: &str = "[build-system]\n\
    requires = [\"setuptools\"]\n\
    build-backend = \"setuptools.build_meta\"\n\
    [project]\n\
    name = \"shop\"\n\
    version = \"1.0\"\n\
    dependencies = [\"six\"]\n\
    [project.scripts]\n\
    shop = \"shop:main\"\n\
    [dependency-groups]\n\
    dev = [\"iniconfig\"]\n";

fn package(tables: &str) -> Result<Project> {
    Project::with(&[
        ("pyproject.toml", PYPROJECT),
        ("src/shop/__init__.py", "import six\n\ndef main():\n    print('open', six.PY3)\n"),
        (
            "pybuild.toml",
            &format!("# syntax=localhost:5000/pybuild:dev\npython.version = \"3.11\"\n{tables}"),
        ),
    ])
}

#[test]
fn production_has_the_installed_package_and_not_its_sources() -> Result {
    let project = package("[stage.production]\nentrypoint = [\"shop\"]\n")?;
    let outcome = Build::of(&project).load().succeed()?;
    let image = outcome.image()?;
    assert_eq!(image.prints(&["shop"])?, "open True");
    let files = image.files()?;
    assert!(files.contains("venv/lib/python3.11/site-packages/shop/__init__.py"));
    assert!(!files.iter().any(|path| path.starts_with("app/src")), "the sources are in the image");
    assert_eq!(image.config()?["Labels"]["org.opencontainers.image.version"], "1.0");
    Ok(())
}

#[test]
fn requirements_can_name_the_project_itself() -> Result {
    for installer in ["wheels", "pip"] {
        let project = package(&format!(
            "dependencies.installer = \"{installer}\"\n[stage.production]\nentrypoint = [\"shop\"]\n"
        ))?;
        project.write("requirements.txt", "packaging\n-e . # and what it needs\n")?;
        let outcome = Build::of(&project).load().succeed()?;
        let image = outcome.image()?;
        assert_eq!(image.prints(&["shop"])?, "open True", "{installer}");
        assert_eq!(
            image.prints(&["python", "-c", "import packaging; print('both')"])?,
            "both",
            "{installer}"
        );
        let dev = Build::of(&project).target("dev").load().succeed()?;
        let where_from = ["python", "-c", "import shop; print(shop.__file__)"];
        assert_eq!(dev.image()?.prints(&where_from)?, "/app/src/shop/__init__.py", "{installer}");
    }
    Ok(())
}

#[test]
fn dev_runs_the_sources_as_they_stand_in_the_folder() -> Result {
    let project = package("")?;
    let outcome = Build::of(&project).target("dev").load().succeed()?;
    let where_from = ["python", "-c", "import shop; print(shop.__file__)"];
    assert_eq!(outcome.image()?.prints(&where_from)?, "/app/src/shop/__init__.py");
    Ok(())
}

#[test]
fn groups_can_be_added_to_a_stage_that_goes_on_from_another() -> Result {
    let project = package("[stage.more]\nfrom = \"production\"\ngroups = [\"dev\"]\n")?;
    let outcome = Build::of(&project).target("more").load().succeed()?;
    assert_eq!(outcome.image()?.prints(&["python", "-c", "import iniconfig, shop; print('both')"])?, "both");
    Ok(())
}

#[test]
fn checks_of_what_is_required_are_required_too() -> Result {
    let project = package(
        "[stage.lint]\nfrom = \"dev\"\nchecks.bad = \"echo no; exit 7\"\n\
         [stage.test]\nrequires = [\"lint\"]\nchecks.ok = \"true\"\n\
         [stage.production]\nrequires = [\"test\"]\n",
    )?;
    let outcome = Build::of(&project).fail()?;
    assert!(outcome.errors.contains("exit code: 7"), "{}", outcome.errors);
    Ok(())
}

#[test]
fn checks_see_what_their_stage_makes() -> Result {
    let project =
        package("[stage.test]\nrun = \"echo made > /made\"\nchecks.made = \"grep made /made && shop\"\n")?;
    Build::of(&project).target("test").succeed()?;
    Ok(())
}

#[test]
fn a_user_that_the_base_does_not_have_is_an_error() -> Result {
    let project = package("[stage.production]\nuser = \"node\"\n")?;
    let outcome = Build::of(&project).fail()?;
    assert!(outcome.transcript().contains("the base image has no user `node`"), "{}", outcome.transcript());
    Ok(())
}
