//! Mistakes in a single stage. The message must help the user, and other stages must still build.

use pybuild_tests::command::run;
use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Engine, Project, Result};

use crate::broken::shown;
use crate::small;

/// A build fails, and the end of what the client shows is a message, with the line that it is about.
fn assert_fails(build: Build, project: &Project, marked: &str, message: &str) -> Result {
    let shown = shown(&build.fail()?, project)?;
    assert!(shown.lines().any(|line| line.ends_with(&format!(">>> {marked}"))), "{shown}");
    assert!(shown.ends_with(&format!("failed to solve: {message}\n")), "{shown}");
    Ok(())
}

#[test]
fn a_python_that_there_is_not() -> Result {
    let project = Project::example("django")?;
    project.replace("pybuild.toml", "version = \"3.13\"", "version = \"3.99\"")?;
    let message = "Python 3.99 has no image `python:3.99-slim`\n  \
        help: name one that there is: `3.14`, `3.13`, `3.12`, `3.11` get fixes\n  \
        help: or name an image that has it: `[python]` with `base`";
    assert_fails(Build::of(&project), &project, "version = \"3.99\"", message)?;
    // npm and its files have nothing to do with Python.
    Build::of(&project).target("assets").succeed()?;
    Ok(())
}

#[test]
fn a_lock_that_is_stale_or_missing() -> Result {
    let project = Project::example("poetry")?;
    let page = format!("\n[stage.page]\nfrom = \"scratch\"\ninclude = [\"page.html\"]\n# {}\n", nonce());
    project.append("pybuild.toml", &page)?;
    project.write("page.html", &nonce())?;
    project.replace("pyproject.toml", "[\"click (>=8.1)\"]", "[\"click (>=8.1)\", \"rich\"]")?;
    let message = "poetry.lock is older than pyproject.toml: its dependencies are not those that were locked\n  \
        help: lock again: `poetry lock`\n  \
        help: or install what it has all the same: `# check=skip=StaleLock` below the syntax line";
    assert_fails(Build::of(&project), &project, "# syntax=localhost:5000/pybuild:dev", message)?;
    Build::of(&project).target("page").succeed()?;

    project.remove("poetry.lock")?;
    let lock = "python.version = \"3.11\"\ndependencies.lock = \"poetry.lock\"";
    project.replace("pybuild.toml", "python.version = \"3.11\"", lock)?;
    let message = "`poetry.lock` is not in the build context\n  \
        help: create it, or correct the path: it is relative to the build context";
    assert_fails(Build::of(&project), &project, "dependencies.lock = \"poetry.lock\"", message)?;
    Build::of(&project).target("page").succeed()?;
    Ok(())
}

#[test]
fn a_file_of_the_app_that_is_missing() -> Result {
    let project = Project::example("flask")?;
    let include = "app.include = [\"app.py\", \"wsgi.py\"]";
    project.replace("pybuild.toml", "app.include = [\"app.py\"]", include)?;
    let marked = format!("{include} # what ships; dev and test have the whole folder");
    let message = "`wsgi.py` is not in the build context\n  \
        help: create it, or correct the path: it is relative to the build context";
    assert_fails(Build::of(&project), &project, &marked, message)?;
    // These have the whole folder, whatever is in it.
    Build::of(&project).target("dev").succeed()?;
    Build::of(&project).target("test").succeed()?;
    // A check of the file looks at every stage.
    let check = ["buildx", "build", "--quiet", "--call=check", "-f", "pybuild.toml", "."];
    let checked = run(Engine::get()?.docker(&check).current_dir(project.path()))?;
    let said = checked.stdout + &checked.stderr;
    assert!(said.contains("`wsgi.py` is not in the build context"), "{said}");
    Ok(())
}

#[test]
fn requirements_of_one_group_that_are_missing() -> Result {
    let project = Project::example("datascience")?;
    project.remove("requirements/serving.txt")?;
    let message = "`requirements/serving.txt` is not in the build context\n  \
        help: create it, or correct the path: it is relative to the build context";
    assert_fails(Build::of(&project), &project, "serving = [\"requirements/serving.txt\"]", message)?;
    Build::of(&project).target("training").succeed()?;
    Ok(())
}

#[test]
fn a_copy_of_what_the_other_stage_does_not_have() -> Result {
    let project = small::project(
        "[stage.assets]\nfrom = \"python:3.11-slim\"\nrun = \"mkdir -p /opt/dist\"\n\
         [stage.production]\n\
         copy = [{ from = \"assets\", path = \"/opt/build\", to = \"static\" }]\n",
    )?;
    let message = "`/opt/build` is not in stage `assets`\n  \
        help: `/opt` there has `dist`\n  \
        help: look for it: `--target assets --output type=local,dest=out`";
    let marked = "copy = [{ from = \"assets\", path = \"/opt/build\", to = \"static\" }]";
    assert_fails(Build::of(&project), &project, marked, message)?;
    for target in ["assets", "dev", "test"] {
        Build::of(&project).target(target).succeed()?;
    }
    Ok(())
}

#[test]
fn a_stage_of_its_own_whose_image_there_is_not() -> Result {
    let project = small::project("[stage.assets]\nfrom = \"node:0-slim\"\nrun = \"npm ci\"\n")?;
    let message = "there is no image `node:0-slim`\n  \
        help: correct the name or the tag, or push it: `docker pull` tells whether it is there";
    assert_fails(Build::of(&project).target("assets"), &project, "from = \"node:0-slim\"", message)?;
    Build::of(&project).succeed()?;
    Ok(())
}

#[test]
fn a_package_that_needs_a_compiler_where_there_is_none() -> Result {
    let manifest = format!(
        "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n\
         [project]\nname = \"native\"\nversion = \"1.0\"\n# {}\n",
        nonce()
    );
    let setup = "from setuptools import Extension, setup\n\
        setup(packages=[], ext_modules=[Extension(\"native\", [\"native.c\"])])\n";
    let project = Project::with(&[
        ("pybuild.toml", "# syntax=localhost:5000/pybuild:dev\npython.version = \"3.11\"\n"),
        ("pyproject.toml", &manifest),
        ("setup.py", setup),
        ("native.c", "int native;\n"),
    ])?;
    let said = Build::of(&project).fail()?.progress.logs();
    let told = "pybuild: there is no C compiler here: name gcc and libc6-dev in [system] build\n";
    assert!(said.contains(told), "{said}");
    assert!(!said.contains("its version comes from git"), "{said}");
    Ok(())
}

#[test]
fn a_package_whose_build_fails_for_another_reason_than_a_compiler() -> Result {
    let build_system =
        "[build-system]\nrequires = [\"setuptools\"]\nbuild-backend = \"setuptools.build_meta\"\n";
    let manifest = format!("{build_system}[project]\nname = \"odd\"\nversion = \"1.0\"\n# {}\n", nonce());
    // Nothing says which of the two folders is the package, so setuptools refuses.
    let two: &[(&str, &str)] = &[("alpha/__init__.py", ""), ("beta/__init__.py", "")];
    let imports: &[(&str, &str)] = &[("setup.py", "import no_such_module\n")];
    for (files, told) in [
        (
            two,
            "pybuild: the build ended with: error: Multiple top-level packages discovered in a flat-layout: ",
        ),
        (imports, "pybuild: its build imports the module no_such_module and does not find it: "),
    ] {
        let mut all = vec![
            ("pybuild.toml", "# syntax=localhost:5000/pybuild:dev\npython.version = \"3.11\"\n"),
            ("pyproject.toml", manifest.as_str()),
        ];
        all.extend(files);
        let said = Build::of(&Project::with(&all)?).fail()?.progress.logs();
        assert!(said.contains(told), "{said}");
        assert!(!said.contains("compiler"), "{said}");
    }
    Ok(())
}
